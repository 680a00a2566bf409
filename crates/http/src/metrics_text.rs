//! The text of `/metrics`.

use std::{fmt, sync::Arc};

/// Renders the recorder's metrics in Prometheus' text format.
#[derive(Clone)]
pub(crate) struct MetricsText(Arc<dyn Fn() -> String + Send + Sync>);

impl MetricsText {
    pub(crate) fn new(render: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(render))
    }

    pub(crate) fn render(&self) -> String {
        (self.0)()
    }
}

impl fmt::Debug for MetricsText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MetricsText(…)")
    }
}
