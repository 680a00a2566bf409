//! Serves connections, and stops.

mod activity;
mod connection;
mod http2;
mod listener;
mod open_files;
mod request_body;
mod response_body;
mod signals;
mod slots;
mod stream;

use std::{sync::Arc, time::Duration};

use conversation_settings_service::Service;
use tokio::{
    task::JoinSet,
    time::{Instant, timeout_at},
};
use tracing::{info, warn};

use slots::Slots;

pub(crate) use self::{
    listener::{ConnectionLimits, Listener},
    open_files::allow as allow_connections,
    signals::{StopSignals, ignore_others as ignore_other_signals},
};

/// Time to close the store at the end, even if requests and events have taken all of the shutdown timeout.
const CLOSING_TIME: Duration = Duration::from_secs(1);

/// Serves until a stop signal arrives, and then finishes what is in progress.
///
/// Requests and events have `shutdown_timeout` together. A second signal ends both at once. Returns when the process has to
/// end.
pub(crate) async fn serve(
    listeners: Vec<Listener>,
    service: &Service,
    mut stop: StopSignals,
    shutdown_timeout: Duration,
) -> Instant {
    let slots: Vec<_> = listeners.iter().map(Listener::slots).collect();
    let mut accepting: JoinSet<()> = listeners.into_iter().map(Listener::accept).collect();
    stop.next().await;
    let deadline = Instant::now() + shutdown_timeout;
    accepting.shutdown().await;
    info!("stopping: finishing the requests in progress");
    tokio::select! {
        () = finish(&slots, service, deadline) => deadline.max(Instant::now() + CLOSING_TIME),
        () = stop.next() => {
            warn!("stopped before everything was finished: a second signal arrived");
            Instant::now()
        }
    }
}

/// Finishes requests, then events, until the deadline. The event sinks go on meanwhile, so their events are late only if
/// the sinks are.
async fn finish(slots: &[Arc<Slots>], service: &Service, deadline: Instant) {
    for slots in slots {
        slots.finish();
    }
    let all_freed = async {
        for slots in slots {
            slots.all_freed().await;
        }
    };
    if timeout_at(deadline, all_freed).await.is_err() {
        let connections: usize = slots.iter().map(|slots| slots.taken()).sum();
        warn!(connections, "stopped before some requests finished: the shutdown timeout is over");
    }
    service.close(deadline.saturating_duration_since(Instant::now())).await;
    info!("stopped");
}
