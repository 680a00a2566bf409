//! Connections: taken, served, and at the end let finish.

use std::{io, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    signal::unix::{Signal, SignalKind, signal},
    time::sleep,
};
use tracing::{debug, info, warn};

/// How long a client may take to send a request's head, or to begin the next one on a connection kept open.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest head of a request.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// How long to wait when no connection can be taken, as when the process has too many files open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What tells the process to stop: SIGTERM, or SIGINT, which is Ctrl-C.
///
/// Made before the server says that it is ready, so that none is missed from then on.
pub(crate) struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    /// Begins to listen for it.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn told(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => (),
            _ = self.interrupt.recv() => (),
        }
    }
}

/// Serves until told to stop, then finishes the requests that have begun, within `patience`, unless told again.
pub(crate) async fn serve(listener: TcpListener, router: Router, mut stop: Stop, patience: Duration) {
    let connections = GracefulShutdown::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => serve_connection(stream, router.clone(), &connections),
                Err(error) => {
                    warn!(%error, "cannot take a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
            () = stop.told() => break,
        }
    }
    drop(listener);
    info!("stopping: finishing the requests that have begun");
    tokio::select! {
        () = connections.shutdown() => info!("stopped"),
        () = sleep(patience) => warn!("stopped, though some requests did not finish in time"),
        () = stop.told() => warn!("stopped at once, told so again"),
    }
}

fn serve_connection(stream: TcpStream, router: Router, connections: &GracefulShutdown) {
    // Answers are small and written whole: waiting to fill a packet would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "the connection was lost before it began");
        return;
    }
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_header_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            debug!(%error, "the connection was lost");
        }
    });
}
