//! What helps an adapter to meet the contract: retries with jitter, and new log identities.

mod log_id;
mod retry;

pub use retry::{Attempt, Retry, jitter};
