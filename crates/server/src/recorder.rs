//! Where the metrics of all parts go: a recorder that writes them as Prometheus reads them.

use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::time::{MissedTickBehavior, interval};

use crate::error::StartError;

/// The bounds of what is measured in seconds: from an answer out of the cache to the longest that a request may take.
const SECONDS: [f64; 17] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// The bounds of what is counted: users, calls.
const COUNTS: [f64; 13] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0];

/// How often what was measured is gathered into its bucket; until then each value takes room of its own.
const UPKEEP: Duration = Duration::from_secs(5);

/// Installs the recorder of this process, before anything that measures is made.
pub(crate) fn install() -> Result<PrometheusHandle, StartError> {
    let seconds = Matcher::Suffix("_seconds".into());
    let builder = PrometheusBuilder::new()
        .set_buckets(&COUNTS)
        .and_then(|builder| builder.set_buckets_for_metric(seconds, &SECONDS))
        .map_err(StartError::recorder)?;
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(StartError::recorder)?;
    tokio::spawn(keep(handle.clone()));
    Ok(handle)
}

/// Keeps the recorder small where nobody asks for the metrics.
async fn keep(handle: PrometheusHandle) {
    let mut times = interval(UPKEEP);
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        times.tick().await;
        handle.run_upkeep();
    }
}
