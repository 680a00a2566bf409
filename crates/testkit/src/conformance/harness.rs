//! What an adapter's author writes.

use std::process::Command;

use conversation_settings_store::ConversationStore;

/// How the suite comes by stores of one adapter.
///
/// [`fresh`](Self::fresh) is all that has to be there. Each other method is an ability: by default it is not there, and
/// the cases that need it are skipped.
pub trait Harness {
    /// What lives as long as the store's data is needed, such as a temporary folder. It is dropped after the store.
    type Guard;
    /// The adapter.
    type Store: ConversationStore;

    /// How many random histories a case plays. Each is some 20 calls; a server far away may want fewer.
    const HISTORIES: u32 = 64;

    /// An empty store whose data no other test can see; `None` where there is nothing to make one with, such as no
    /// server. Tests that run side by side call it at the same time.
    ///
    /// `None` is a failure where the environment variable `CI` is set; elsewhere the case is skipped, and says so.
    fn fresh(&self) -> impl Future<Output = Option<(Self::Guard, Self::Store)>>;

    /// Another handle on the data of `store`, which stays open: opened a second time where the engine allows that, else
    /// a clone.
    fn another_handle(&self, guard: &Self::Guard, store: &Self::Store) -> impl Future<Output = Option<Self::Store>> {
        let _ = (guard, store);
        async { None }
    }

    /// Closes `store`, and opens its data anew.
    fn reopen(&self, guard: &Self::Guard, store: Self::Store) -> impl Future<Output = Option<Self::Store>> {
        let _ = (guard, store);
        async { None }
    }

    /// How many times `store` has asked its database so far, and waited for the answer.
    fn round_trips(&self, guard: &Self::Guard, store: &Self::Store) -> impl Future<Output = Option<u64>> {
        let _ = (guard, store);
        async { None }
    }

    /// Makes calls fail that are under way or begin now: connections are cut, the disk is full. The trouble passes by
    /// itself, so that one of the next few hundred calls succeeds.
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
