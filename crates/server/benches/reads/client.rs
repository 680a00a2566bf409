//! A client on a connection that it keeps.

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread,
};

use axum::Router;
use tokio::{net::TcpListener, runtime::Builder};

pub(crate) struct Client {
    connection: TcpStream,
    answer: Vec<u8>,
}

impl Client {
    /// Of a server on threads of its own.
    pub(crate) fn of(router: Router) -> Self {
        // One worker: with more, what is measured is which of them wakes first to a client that asks one thing at a time.
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let connection = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        connection.set_nodelay(true).unwrap();
        thread::spawn(move || runtime.block_on(async { axum::serve(listener, router).await }));
        Self { connection, answer: vec![0; 4_096] }
    }

    /// Sends a request, and answers with the envelope that comes back, in which an object has one more in it.
    pub(crate) fn call(&mut self, request: &[u8]) -> &str {
        self.connection.write_all(request).unwrap();
        let mut read = 0;
        while !self.answer[..read].ends_with(b"}}}") {
            let more = self.connection.read(&mut self.answer[read..]).unwrap();
            assert_ne!(more, 0, "{}", String::from_utf8_lossy(&self.answer[..read]));
            read += more;
        }
        let answer = str::from_utf8(&self.answer[..read]).unwrap();
        answer.split_once("\r\n\r\n").unwrap().1
    }
}
