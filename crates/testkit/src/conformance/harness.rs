//! The part of the suite that an adapter author writes.

use std::process::Command;

use conversation_settings_store::ConversationStore;

/// Makes stores of one adapter for the suite.
///
/// Only [`fresh`](Self::fresh) is required. Each other method is an ability. Cases that need an ability which the harness
/// lacks are skipped.
pub trait Harness {
    /// Keeps the store's data, such as a temporary folder. It is dropped after the store.
    type Guard;
    /// The adapter.
    type Store: ConversationStore;

    /// How many random histories a case plays, each of some 20 calls. Use fewer for a remote server.
    const HISTORIES: u32 = 64;

    /// An empty store whose data no other test sees; `None` if none can be made, such as without a server. Tests call it at
    /// the same time.
    ///
    /// `None` skips the case. If the environment variable `CI` is set, `None` fails the case.
    fn fresh(&self) -> impl Future<Output = Option<(Self::Guard, Self::Store)>>;

    /// Another handle on the data of `store`, which stays open. Open the data a second time if the engine allows it, else
    /// clone the store.
    fn another_handle(&self, guard: &Self::Guard, store: &Self::Store) -> impl Future<Output = Option<Self::Store>> {
        let _ = (guard, store);
        async { None }
    }

    /// Closes `store`, and opens its data again.
    fn reopen(&self, guard: &Self::Guard, store: Self::Store) -> impl Future<Output = Option<Self::Store>> {
        let _ = (guard, store);
        async { None }
    }

    /// How many round trips to its database `store` has made. Opening a connection counts, so keep idle connections open.
    fn round_trips(&self, guard: &Self::Guard, store: &Self::Store) -> impl Future<Output = Option<u64>> {
        let _ = (guard, store);
        async { None }
    }

    /// Makes calls fail that are under way or begin now, by a cut connection or a full disk. The fault ends by itself: one of
    /// the next few hundred calls succeeds.
    fn inject_fault(&self, guard: &Self::Guard, store: &Self::Store) -> impl Future<Output = Option<()>> {
        let _ = (guard, store);
        async { None }
    }

    /// A [child process](crate::multiprocess::child_process), not yet started, that opens the same data and calls
    /// [`run_child`](crate::multiprocess::run_child). The case kills it; the store stays open meanwhile.
    fn writing_process(&self, guard: &Self::Guard) -> Option<Command> {
        let _ = guard;
        None
    }
}
