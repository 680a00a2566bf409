//! The proxy before a server that echoes each line.

use std::io;

use conversation_settings_testkit::Proxy;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

/// A proxy to an echo server, and the lines that the server gets.
async fn echo() -> (Proxy, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::start(listener.local_addr().unwrap()).await.unwrap();
    let (heard, said) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let heard = heard.clone();
            tokio::spawn(async move {
                let mut client = BufReader::new(client);
                let mut word = String::new();
                while client.read_line(&mut word).await.is_ok_and(|read| read > 0) {
                    heard.send(word.trim().to_owned()).unwrap();
                    client.write_all(word.as_bytes()).await.unwrap();
                    word.clear();
                }
            });
        }
    });
    (proxy, said)
}

async fn connect(proxy: &Proxy) -> BufReader<TcpStream> {
    BufReader::new(TcpStream::connect(proxy.address()).await.unwrap())
}

/// The answers to `words`, line by line; `None` if the connection ends instead.
async fn ask(client: &mut BufReader<TcpStream>, words: &[&str]) -> Option<String> {
    async fn asked(client: &mut BufReader<TcpStream>, words: &[&str]) -> io::Result<String> {
        client.write_all(format!("{}\n", words.join("\n")).as_bytes()).await?;
        let mut answer = String::new();
        for _ in words {
            if client.read_line(&mut answer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(answer)
    }
    asked(client, words).await.ok()
}

#[tokio::test]
async fn counts_pipelined_requests_as_one_round_trip() {
    let (proxy, _said) = echo().await;
    let mut client = connect(&proxy).await;
    assert_eq!(proxy.round_trips(), 0);
    assert_eq!(ask(&mut client, &["one"]).await.as_deref(), Some("one\n"));
    assert_eq!(ask(&mut client, &["two", "three"]).await.as_deref(), Some("two\nthree\n"));
    let mut other = connect(&proxy).await;
    ask(&mut other, &["four"]).await.unwrap();
    assert_eq!(proxy.round_trips(), 3);
}

#[tokio::test]
async fn cuts_present_connections_and_no_later_one() {
    let (proxy, _said) = echo().await;
    let (mut one, mut other) = (connect(&proxy).await, connect(&proxy).await);
    assert!(ask(&mut one, &["one"]).await.is_some() && ask(&mut other, &["one"]).await.is_some());
    proxy.cut();
    assert_eq!((ask(&mut one, &["two"]).await, ask(&mut other, &["two"]).await), (None, None));
    assert!(ask(&mut connect(&proxy).await, &["three"]).await.is_some());
}

#[tokio::test]
async fn loses_the_answer_to_a_request_that_the_server_got() {
    let (proxy, mut said) = echo().await;
    let mut client = connect(&proxy).await;
    proxy.lose_answer_to("commit");
    assert!(ask(&mut client, &["begin"]).await.is_some() && proxy.is_losing());
    assert_eq!(ask(&mut client, &["commit"]).await, None);
    assert!(!proxy.is_losing(), "once only");
    assert!(ask(&mut connect(&proxy).await, &["commit"]).await.is_some());
    for word in ["begin", "commit", "commit"] {
        assert_eq!(said.recv().await.as_deref(), Some(word));
    }
}
