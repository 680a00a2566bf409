//! What is PostgreSQL's own: its server, its collations, its failures, several processes. The contract itself is held
//! by the conformance suite.

mod concurrency;
mod conformance;
mod faults;
mod guide;
mod harness;
mod opening;
mod outages;
mod pools;
mod processes;
mod server;
mod silence;
mod sync;
mod tls;
mod values;
