//! The port to the time.

use std::{
    fmt::Debug,
    time::{Duration, SystemTime},
};

use conversation_settings_core::Timestamp;

/// Reads the time.
pub trait Clock: Debug + Send + Sync + 'static {
    /// The present time.
    fn now(&self) -> Timestamp;
}

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "it has no state")]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
    fn now(&self) -> Timestamp {
        timestamp(SystemTime::now())
    }
}

fn timestamp(time: SystemTime) -> Timestamp {
    let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    Timestamp(match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => millis(since),
        Err(before) => -millis(before.duration()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerates_a_clock_decades_off() {
        let (epoch, second) = (SystemTime::UNIX_EPOCH, Duration::from_secs(1));
        assert_eq!([epoch + second, epoch, epoch - second].map(timestamp), [1_000, 0, -1_000].map(Timestamp));
    }
}
