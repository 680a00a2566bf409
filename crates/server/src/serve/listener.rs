//! Accepts connections.

use std::{io, sync::Arc, time::Duration};

use axum::Router;
use rustix::net::sockopt;
use tokio::{
    net::{TcpListener, TcpStream},
    time::sleep,
};
use tracing::{debug, warn};

use super::{connection, slots::Slots};

/// Pause after a failed accept, for example while too many files are open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Bytes of unread responses that the operating system keeps for a connection. Linux keeps twice as many, and would otherwise
/// let this grow to 4 MiB for each client that does not read.
const SEND_BUFFER: usize = 128 * 1024;

/// A bound address, and what is served there.
pub(crate) struct Listener {
    socket: TcpListener,
    router: Router,
    slots: Arc<Slots>,
}

impl Listener {
    /// `name` is the label in the metric of open connections.
    pub(crate) fn new(name: &'static str, socket: TcpListener, router: Router, limits: ConnectionLimits) -> Self {
        let ConnectionLimits { connections, reserved, keep_alive } = limits;
        Self { socket, router, slots: Arc::new(Slots::new(name, connections, reserved, keep_alive)) }
    }

    pub(super) fn slots(&self) -> Arc<Slots> {
        Arc::clone(&self.slots)
    }

    /// Accepts connections until dropped.
    pub(super) async fn accept(self) {
        loop {
            match self.socket.accept().await {
                Ok((stream, peer)) => {
                    if let Err(error) = prepare(&stream) {
                        debug!(%error, "connection lost before its first request");
                        continue;
                    }
                    let slot = self.slots.acquire().await;
                    let router = self.router.clone();
                    tokio::spawn(async move {
                        let end = connection::serve::<TcpStream>(stream, peer, router, &slot).await;
                        end.count();
                        drop(slot);
                    });
                }
                Err(error) => {
                    warn!(%error, "cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    // A response is written whole, so waiting to fill a packet only delays it.
    stream.set_nodelay(true)?;
    Ok(sockopt::set_socket_send_buffer_size(stream, SEND_BUFFER)?)
}

/// The limits of a listener's connections.
#[derive(Clone, Copy)]
pub(crate) struct ConnectionLimits {
    /// How many connections are open.
    pub(crate) connections: usize,
    /// How many more serve one operators' request each, while the others are all busy.
    pub(crate) reserved: usize,
    /// Time for a client to begin the next request on an open connection.
    pub(crate) keep_alive: Duration,
}
