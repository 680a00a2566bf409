//! The task that sends the parts of a long response.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::body::Bytes;
use tokio::{
    sync::mpsc::{self, Permit, Sender},
    time::{Instant, timeout},
};
use tracing::{Instrument, Span, error, info};

use super::{
    Held,
    body::{Part, ReplyBody},
    list::Rest,
};
use crate::deadline::Deadline;

/// Begins to send `chunks` and then `rest`. Only one part is ahead of what the connection has taken, so a client that
/// does not read costs little memory.
///
/// `held` is freed when the connection has taken the last part, when the client is gone, or when the client has not
/// received a part within `limit`.
pub(super) fn start(chunks: Vec<Bytes>, rest: Option<Rest>, held: Held, limit: Duration) -> ReplyBody {
    let size = rest.is_none().then(|| chunks.iter().map(|chunk| chunk.len() as u64).sum());
    let (parts, receiver) = mpsc::channel(1);
    let is_complete = Arc::new(AtomicBool::new(false));
    let producer = Producer { parts, held, limit, is_complete: Arc::clone(&is_complete) };
    tokio::spawn(producer.send(chunks, rest).instrument(Span::current()));
    ReplyBody::parts(receiver, size, is_complete)
}

struct Producer {
    parts: Sender<Part>,
    held: Held,
    limit: Duration,
    is_complete: Arc<AtomicBool>,
}

impl Producer {
    async fn send(mut self, chunks: Vec<Bytes>, rest: Option<Rest>) {
        for chunk in chunks {
            let Some(slot) = slot(&self.parts, self.limit).await else { return };
            slot.send(Part::Data(chunk));
        }
        if let Some(rest) = rest
            && !self.send_rest(rest).await
        {
            return;
        }
        // Free again: the connection has taken the last part.
        match slot(&self.parts, self.limit).await {
            Some(slot) => slot.send(Part::End),
            None if self.is_complete.load(Ordering::Relaxed) => (),
            None => return,
        }
        self.held.in_flight.succeeded();
    }

    /// Reads and sends `rest`; whether that succeeded.
    async fn send_rest(&mut self, mut rest: Rest) -> bool {
        loop {
            let Some(slot) = slot(&self.parts, self.limit).await else { return false };
            match Deadline::after(Instant::now(), self.limit).run(rest.next()).await {
                Ok(Some(part)) => slot.send(Part::Data(part.into())),
                Ok(None) => return true,
                Err(error) => {
                    error!(code = error.number(), cause = error.causes(), "failed while the response was written");
                    self.held.in_flight.failed(error.number());
                    return false;
                }
            }
        }
    }
}

/// Waits until the next part may be sent. `None` if the client is gone or does not read.
async fn slot(parts: &Sender<Part>, limit: Duration) -> Option<Permit<'_, Part>> {
    let Ok(slot) = timeout(limit, parts.reserve()).await else {
        info!("the client does not receive the response");
        return None;
    };
    slot.ok()
}
