//! The metrics recorder, in Prometheus' text format.

use std::time::Duration;

use ::metrics::{describe_counter, describe_gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::time::{MissedTickBehavior, interval};

use crate::error::StartError;

/// Gauge: open connections, by `listener`.
pub(crate) const CONNECTIONS: &str = "conversation_connections";
/// Counter: connections that ended, by `reason`.
pub(crate) const CONNECTIONS_ENDED: &str = "conversation_connections_ended_total";

/// Histogram buckets for durations, from a cached read to the default request timeout.
const SECONDS: [f64; 17] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// Histogram buckets for counts, such as users per call.
const COUNTS: [f64; 13] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0];

/// How often samples are merged into buckets. Until then each sample takes memory.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Installs the recorder of this process. Call it before creating anything that emits metrics.
pub(crate) fn install() -> Result<PrometheusHandle, StartError> {
    let seconds = Matcher::Suffix("_seconds".into());
    let builder = PrometheusBuilder::new()
        .set_buckets(&COUNTS)
        .and_then(|builder| builder.set_buckets_for_metric(seconds, &SECONDS))
        .map_err(StartError::metrics)?;
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    ::metrics::set_global_recorder(recorder).map_err(StartError::metrics)?;
    describe_gauge!(CONNECTIONS, "Open connections.");
    describe_counter!(CONNECTIONS_ENDED, "Connections that ended.");
    tokio::spawn(run_upkeep(handle.clone()));
    Ok(handle)
}

/// Bounds the recorder's memory even if nobody scrapes `/metrics`.
async fn run_upkeep(handle: PrometheusHandle) {
    let mut interval = interval(UPKEEP_INTERVAL);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        handle.run_upkeep();
    }
}
