//! Accepts connections, serves them, and drains them before the process ends.

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

/// Time for a client to send a request's headers, or to begin the next request on an open connection.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
const MAX_HEADER_BYTES: usize = 64 * 1024;
/// Pause after a failed accept, for example while too many files are open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// SIGTERM and SIGINT (Ctrl-C).
///
/// Created before the server announces that it is ready, so that no signal is missed.
pub(crate) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => (),
            _ = self.interrupt.recv() => (),
        }
    }
}

/// Serves until a stop signal arrives, then drains requests for at most `drain_timeout`. A second signal ends it at once.
pub(crate) async fn serve(listener: TcpListener, router: Router, mut stop: StopSignals, drain_timeout: Duration) {
    let connections = GracefulShutdown::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => serve_connection(stream, router.clone(), &connections),
                Err(error) => {
                    warn!(%error, "cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
            () = stop.next() => break,
        }
    }
    drop(listener);
    info!("stopping: finishing the requests in progress");
    tokio::select! {
        () = connections.shutdown() => info!("stopped"),
        () = sleep(drain_timeout) => warn!("stopped before some requests finished: the request timeout is over"),
        () = stop.next() => warn!("stopped before some requests finished: a second signal arrived"),
    }
}

fn serve_connection(stream: TcpStream, router: Router, connections: &GracefulShutdown) {
    // A response is written whole, so waiting to fill a packet only delays it.
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "connection lost before its first request");
        return;
    }
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_header_size(MAX_HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            debug!(%error, "connection lost");
        }
    });
}
