//! Tests of the adapter on a real replica set, which `CONVERSATION_TEST_MONGODB` names.

mod behind;
mod conformance;
mod failover;
mod faults;
mod host_transactions;
mod like_memory;
mod log;
mod members;
mod openim;
mod processes;
mod refusals;
mod secured;
mod shard_key;
mod start_errors;
mod stored_form;
mod support;
mod sync;
