//! The text of `/metrics`.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::http::{HeaderValue, header::CONTENT_TYPE};
use tokio::time::Instant;

use crate::page::Page;

/// Rendering takes CPU for every request that any stranger may send. Beyond this number within [`WINDOW`], requests
/// get the text of the last one.
const MAX_RENDERED: u32 = 10;
const WINDOW: Duration = Duration::from_secs(1);

/// Prometheus' text format.
const FORMAT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// Renders the recorder's metrics in Prometheus' text format.
#[derive(Clone)]
pub(crate) struct MetricsText {
    render: Arc<dyn Fn() -> String + Send + Sync>,
    last: Arc<Mutex<Option<Last>>>,
}

/// The last text, and how many were rendered since `began`.
struct Last {
    page: Page,
    began: Instant,
    rendered: u32,
}

impl MetricsText {
    pub(crate) fn new(render: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self { render: Arc::new(render), last: Arc::default() }
    }

    /// The text now, or the last one if it was rendered often within a second.
    pub(crate) fn page(&self) -> Page {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let (began, rendered) = match &*last {
            Some(last) if now - last.began < WINDOW => (last.began, last.rendered),
            _ => (now, 0),
        };
        if let Some(last) = &*last
            && rendered >= MAX_RENDERED
        {
            return last.page.clone();
        }
        let page = Page::new([(CONTENT_TYPE, FORMAT)], (self.render)());
        *last = Some(Last { page: page.clone(), began, rendered: rendered + 1 });
        page
    }
}

impl fmt::Debug for MetricsText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MetricsText(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn renders_at_most_ten_times_within_a_second() {
        let rendered = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&rendered);
        let text = MetricsText::new(move || count.fetch_add(1, Ordering::Relaxed).to_string());
        let began = Instant::now();
        for _ in 0..100 {
            text.page();
        }
        let windows = u32::try_from(began.elapsed().as_secs()).unwrap() + 1;
        assert!(rendered.load(Ordering::Relaxed) <= 10 * windows);
    }
}
