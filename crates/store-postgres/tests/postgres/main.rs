//! What is specific to PostgreSQL: migrations, collations, failures, several processes; and the conformance suite.

mod concurrency;
mod conformance;
mod failover;
mod faults;
mod guide;
mod harness;
mod host_transactions;
mod lenders;
mod no_ops;
mod opening;
mod outages;
mod pooler;
mod pools;
mod processes;
mod server;
mod standbys;
mod start_errors;
mod sync;
mod tls;
mod upgrade;
