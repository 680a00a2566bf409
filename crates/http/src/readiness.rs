//! Whether the store answers, asked once for many requests.

use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::time::Instant;

/// How long an answer is shared: any stranger may ask, and each question costs the store a round trip.
const SHARED_FOR: Duration = Duration::from_secs(1);

/// Asks the store at most once a second. Cheap to clone; clones share the answer.
#[derive(Clone, Default)]
pub(crate) struct Readiness {
    last: Arc<Mutex<Option<Question>>>,
}

/// A question that was asked, and its answer once there is one.
struct Question {
    asked: Instant,
    is_ready: Shared<BoxFuture<'static, bool>>,
}

impl Readiness {
    /// Whether the store is ready, as the last question or a new one by `ask` says. Requests that arrive while a
    /// question is open wait for its answer.
    pub(crate) async fn get(&self, ask: impl Future<Output = bool> + Send + 'static) -> bool {
        let is_ready = {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            match &*last {
                Some(last) if last.is_ready.peek().is_none() || last.asked.elapsed() < SHARED_FOR => {
                    last.is_ready.clone()
                }
                _ => {
                    let is_ready = ask.boxed().shared();
                    *last = Some(Question { asked: Instant::now(), is_ready: is_ready.clone() });
                    is_ready
                }
            }
        };
        is_ready.await
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Readiness(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, ready},
        pin::pin,
        sync::atomic::{AtomicU32, Ordering},
    };

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn shares_one_answer_among_waiting_and_later_requests() {
        let (readiness, asked) = (Readiness::default(), Arc::new(AtomicU32::new(0)));
        let (send, receive) = oneshot::channel();
        let count = Arc::clone(&asked);
        let mut first = pin!(readiness.get(async move {
            count.fetch_add(1, Ordering::Relaxed);
            receive.await.unwrap()
        }));
        assert_eq!(first.as_mut().now_or_never(), None);
        let mut second = pin!(readiness.get(pending()));
        assert_eq!(second.as_mut().now_or_never(), None, "it waits for the first question");
        send.send(false).unwrap();
        assert_eq!((first.await, second.await), (false, false));
        assert!(!readiness.get(ready(true)).await, "the answer is shared for a second");
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn continues_the_question_of_a_request_that_was_dropped() {
        let readiness = Readiness::default();
        let (send, receive) = oneshot::channel();
        assert_eq!(readiness.get(async move { receive.await.unwrap() }).now_or_never(), None);
        send.send(true).unwrap();
        assert!(readiness.get(pending()).await);
    }
}
