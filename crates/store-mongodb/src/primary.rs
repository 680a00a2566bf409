//! Watching which member is the primary, to give up work on one that was replaced.

use std::{
    future::Future,
    sync::{Arc, Weak},
    time::Duration,
};

use mongodb::{
    ServerType,
    event::{
        EventHandler,
        sdam::{SdamEvent, TopologyDescription},
    },
    options::ServerAddress,
};
use tokio::{sync::watch, time::timeout};

use crate::{error::Error, sightings::Sightings};

/// The longest that one step of a call may take. A server that is paused or cut off is given up after this time if no
/// other primary is elected.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);

/// The primary as the driver's monitor last saw it; none for a sharded cluster, whose routers know their primaries.
#[derive(Clone, Debug)]
pub(crate) struct Primary(watch::Receiver<Option<ServerAddress>>);

impl Primary {
    /// Returns the event handler for the driver, and the primary that it keeps up to date. While the `sightings` exist, it
    /// records them.
    pub(crate) fn watch(sightings: &Arc<Sightings>) -> (EventHandler<SdamEvent>, Self) {
        let (sender, primary) = watch::channel(None);
        let sightings = Arc::downgrade(sightings);
        let handler = EventHandler::callback(move |event| match event {
            SdamEvent::TopologyDescriptionChanged(changed) => {
                let now = find(&changed.new_description);
                sender.send_if_modified(|before| {
                    let is_another = *before != now;
                    *before = now;
                    is_another
                });
            }
            SdamEvent::ServerHeartbeatSucceeded(answered) => {
                if let Some(sightings) = Weak::upgrade(&sightings) {
                    sightings.answered(&answered.server_address, &answered.reply);
                }
            }
            SdamEvent::ServerHeartbeatFailed(failed) => {
                if let Some(sightings) = Weak::upgrade(&sightings) {
                    sightings.failed(&failed.server_address, &failed.failure);
                }
            }
            _ => (),
        });
        (handler, Self(primary))
    }

    /// A primary that is not watched, since the host's client has no event handler of ours. A step then fails only after
    /// [`STEP_TIMEOUT`].
    pub(crate) fn unwatched() -> Self {
        Self(watch::channel(None).1)
    }

    /// Runs one step of a call. Fails after [`STEP_TIMEOUT`], and immediately when another primary is elected: the
    /// connection to a paused or cut off server does not fail by itself.
    pub(crate) async fn run_step<T>(&self, step: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let mut primary = self.0.clone();
        let mut asked = primary.borrow_and_update().clone();
        let is_replaced = |now: &Option<ServerAddress>| match (&asked, now) {
            (Some(asked), Some(now)) => asked != now,
            (None, Some(now)) => {
                asked = Some(now.clone());
                false
            }
            (_, None) => false,
        };
        tokio::select! {
            biased;
            done = timeout(STEP_TIMEOUT, step) => done.unwrap_or(Err(Error::Timeout)),
            Ok(_) = primary.wait_for(is_replaced) => Err(Error::Replaced),
        }
    }
}

fn find(members: &TopologyDescription) -> Option<ServerAddress> {
    let servers = members.servers();
    let mut primaries = servers.iter().filter(|(_, server)| server.server_type() == ServerType::RsPrimary);
    primaries.next().map(|(address, _)| (*address).clone())
}
