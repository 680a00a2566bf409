//! Who the primary is, and giving up one that is no more.

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

/// The longest that one step of a call may take, and in it one answer of the server's. A server that is paused or cut
/// off while no other one is elected is given up after this.
const STEP: Duration = Duration::from_secs(10);

/// The primary as far as the driver knows, which asks all members all the time. A sharded cluster's routers know theirs.
#[derive(Clone, Debug)]
pub(crate) struct Primary(watch::Receiver<Option<ServerAddress>>);

impl Primary {
    /// What the driver is to tell of the members, and what comes of it.
    pub(crate) fn watch() -> (EventHandler<SdamEvent>, Self) {
        let (told, primary) = watch::channel(None);
        let handler = EventHandler::callback(move |event| {
            if let SdamEvent::TopologyDescriptionChanged(changed) = event {
                let now = of(&changed.new_description);
                told.send_if_modified(|before| {
                    let is_another = *before != now;
                    *before = now;
                    is_another
                });
            }
        });
        (handler, Self(primary))
    }

    /// Does what `work` does, or gives it up: after [`STEP`], and at once where another primary was elected, since the
    /// one that was asked may be paused or cut off, and its connection not say so.
    pub(crate) async fn in_time<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
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
            done = timeout(STEP, work) => done.unwrap_or(Err(Error::NoAnswer)),
            Ok(_) = primary.wait_for(is_replaced) => Err(Error::Replaced),
        }
    }
}

fn of(members: &TopologyDescription) -> Option<ServerAddress> {
    let servers = members.servers();
    let mut primaries = servers.iter().filter(|(_, server)| server.server_type() == ServerType::RsPrimary);
    primaries.next().map(|(address, _)| (*address).clone())
}
