//! A server with a certificate of an own authority.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    sync::Arc,
    time::Duration,
};

use conversation_settings_http_client::{Authorities, HttpClient, header::HeaderMap};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{PrivateKeyDer, pem::PemObject},
};

/// Starts a server that answers each request with status 204. Returns its port and its certificate.
fn server() -> (u16, String) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::from_pem_slice(made.signing_key.serialize_pem().as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let config = Arc::new(config.with_single_cert(vec![made.cert.der().clone()], key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let mut stream = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), connection);
            let mut request = [0; 4096];
            // A client that does not trust the certificate leaves.
            if stream.read(&mut request).is_ok() {
                let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    (port, made.cert.pem())
}

#[tokio::test]
async fn accepts_a_server_of_an_added_authority_and_no_other() {
    let (port, certificate) = server();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    fs::write(&file, certificate).unwrap();
    let mut authorities = Authorities::default();
    authorities.add_file(file).unwrap();
    let answer_of = async |host: &str, authorities: &Authorities| {
        let url = format!("https://{host}:{port}");
        let client = HttpClient::trusting(&url, Duration::from_secs(20), authorities).unwrap();
        client.post(HeaderMap::new(), b"{}".to_vec()).await.map(|response| response.status().as_u16())
    };
    assert_eq!(answer_of("127.0.0.1", &authorities).await, Ok(204));
    let unknown = answer_of("127.0.0.1", &Authorities::default()).await.unwrap_err().to_string();
    assert!(unknown.contains("invalid peer certificate: UnknownIssuer"), "{unknown}");
    let other_name = answer_of("localhost", &authorities).await.unwrap_err().to_string();
    assert!(other_name.contains("certificate not valid for name \"localhost\""), "{other_name}");
}
