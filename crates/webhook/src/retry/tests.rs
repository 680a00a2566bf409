//! Attempts in paused time.

use std::cell::Cell;

use conversation_settings_http_client::StatusCode;

use super::*;

const UNAVAILABLE: StatusCode = StatusCode::SERVICE_UNAVAILABLE;
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Calls [`retry`] with a receiver that is down for `down`. Returns the result, the times of the attempts and the end.
async fn run(options: WebhookOptions, down: Duration) -> (Result<(), DeliveryError>, Vec<Duration>) {
    let (began, times) = (Instant::now(), Cell::new(Vec::new()));
    let result = retry(&options, &Outage::default(), &Notify::new(), || async {
        let mut seen = times.take();
        seen.push(began.elapsed());
        times.set(seen);
        if began.elapsed() < down { Err(DeliveryError::Status(UNAVAILABLE)) } else { Ok(()) }
    })
    .await;
    (result, times.into_inner())
}

#[tokio::test(start_paused = true)]
async fn retries_for_hours_with_bounded_delays() {
    let (result, times) = run(WebhookOptions::default(), 12 * HOUR).await;
    assert!(result.is_ok());
    let last = *times.last().unwrap();
    assert!(last >= 12 * HOUR && last <= 12 * HOUR + Duration::from_secs(31), "{last:?}");
    let delays: Vec<_> = times.windows(2).map(|pair| pair[1].abs_diff(pair[0])).collect();
    let options = WebhookOptions::default();
    for (attempt, delay) in (1..).zip(&delays) {
        let longest = options.delay_after(attempt);
        // Tokio's clock counts in milliseconds.
        let shortest = longest.checked_sub(longest / 2).unwrap();
        assert!(*delay >= shortest && *delay <= longest + Duration::from_millis(2), "{attempt}: {delay:?}");
    }
    assert!(delays.iter().skip(7).any(|delay| delay.abs_diff(delays[6]) > Duration::from_secs(1)), "delays vary");
}

#[tokio::test(start_paused = true)]
async fn gives_up_before_an_attempt_beyond_the_limit() {
    let minute = Duration::from_secs(60);
    let (result, times) = run(WebhookOptions::default().give_up_after(minute), HOUR).await;
    assert!(matches!(result, Err(DeliveryError::Status(UNAVAILABLE))));
    let last = *times.last().unwrap();
    // The next attempt could have begun 30 s later at most.
    assert!(last <= minute && last >= minute / 2, "{last:?}");
    let (result, times) = run(WebhookOptions::default().give_up_after(Duration::ZERO), HOUR).await;
    assert!(result.is_err() && times.len() == 1, "{times:?}");
    let (result, times) = run(WebhookOptions::default().attempts(4), HOUR).await;
    assert!(result.is_err() && times.len() == 4, "{times:?}");
    let (result, _) = run(WebhookOptions::default().give_up_after(minute), minute / 4).await;
    assert!(result.is_ok(), "the receiver came back in time");
}

#[tokio::test(start_paused = true)]
async fn tries_at_once_when_the_service_closes() {
    let (closing, times) = (Notify::new(), Cell::new(0));
    let is_back = Cell::new(false);
    let (options, outage, began) = (WebhookOptions::default().delays(HOUR, HOUR), Outage::default(), Instant::now());
    let request = retry(&options, &outage, &closing, || async {
        times.set(times.get() + 1);
        if is_back.get() { Ok(()) } else { Err(DeliveryError::Status(UNAVAILABLE)) }
    });
    let close = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        is_back.set(true);
        closing.notify_one();
    };
    let (result, ()) = tokio::join!(request, close);
    assert!(result.is_ok());
    assert_eq!((times.get(), began.elapsed().as_secs()), (2, 1));
}

#[test]
fn shortens_delays_by_half_at_most() {
    let delay = Duration::from_secs(10);
    assert_eq!(jittered(delay, 0), delay / 2);
    assert_eq!(jittered(delay, u32::MAX), delay);
    assert_eq!(jittered(Duration::ZERO, 7), Duration::ZERO);
    assert!(jittered(Duration::MAX, u32::MAX) >= Duration::MAX / 2);
}
