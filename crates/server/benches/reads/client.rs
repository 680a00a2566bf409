//! A client with one open connection.

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread,
};

use axum::Router;
use tokio::{net::TcpListener, runtime::Builder};

pub(crate) struct Client {
    connection: TcpStream,
    response: Vec<u8>,
}

impl Client {
    /// Starts a server for `router` on its own threads and connects.
    pub(crate) fn connect_to(router: Router) -> Self {
        // One worker: with more, a sequential client measures which of them wakes first.
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let connection = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        connection.set_nodelay(true).unwrap();
        thread::spawn(move || runtime.block_on(async { axum::serve(listener, router).await }));
        Self { connection, response: vec![0; 4_096] }
    }

    /// Sends a request and returns the envelope. It must end with three nested objects.
    pub(crate) fn call(&mut self, request: &[u8]) -> &str {
        self.connection.write_all(request).unwrap();
        let mut read = 0;
        while !self.response[..read].ends_with(b"}}}") {
            let more = self.connection.read(&mut self.response[read..]).unwrap();
            assert_ne!(more, 0, "{}", String::from_utf8_lossy(&self.response[..read]));
            read += more;
        }
        let response = str::from_utf8(&self.response[..read]).unwrap();
        response.split_once("\r\n\r\n").unwrap().1
    }
}
