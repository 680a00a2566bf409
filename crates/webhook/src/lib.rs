//! Sends the events of conversation settings to a webhook: a URL that accepts JSON by POST.
//!
//! ```
//! use std::sync::Arc;
//!
//! use conversation_settings_service::Service;
//! use conversation_settings_store_memory::MemoryStore;
//! use conversation_settings_webhook::{Webhook, WebhookOptions};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let webhook = Arc::new(Webhook::new("https://example.org/hook", &WebhookOptions::default())?);
//! let service = Service::builder(MemoryStore::new()).events(webhook).build();
//! # drop(service);
//! # Ok(())
//! # }
//! ```

mod body;
mod delivery;
mod message;
pub mod metrics;
mod options;
mod outage;
mod retry;
mod signing_key;
mod webhook;

pub use conversation_settings_http_client::{Authorities, ClientError};
pub use options::WebhookOptions;
pub use signing_key::{SigningKey, SigningKeyError};
pub use webhook::Webhook;
