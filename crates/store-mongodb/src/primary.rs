//! Watching which member is the primary, to give up work on one that was replaced.

use std::{future::Future, time::Duration};

use mongodb::{
    ServerType,
    event::{
        EventHandler,
        sdam::{SdamEvent, TopologyDescription},
    },
    options::ServerAddress,
};
use tokio::{sync::watch, time::timeout};

use crate::error::Error;

/// The longest that one step of a call may take. A server that is paused or cut off is given up after this time if no
/// other primary is elected.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);

/// The primary as the driver's monitor last saw it; none for a sharded cluster, whose routers know their primaries.
#[derive(Clone, Debug)]
pub(crate) struct Primary(watch::Receiver<Option<ServerAddress>>);

impl Primary {
    /// Returns the event handler for the driver, and the primary that it keeps up to date.
    pub(crate) fn watch() -> (EventHandler<SdamEvent>, Self) {
        let (sender, primary) = watch::channel(None);
        let handler = EventHandler::callback(move |event| {
            if let SdamEvent::TopologyDescriptionChanged(changed) = event {
                let now = find(&changed.new_description);
                sender.send_if_modified(|before| {
                    let is_another = *before != now;
                    *before = now;
                    is_another
                });
            }
        });
        (handler, Self(primary))
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
