//! The adapter on a real replica set, `CONVERSATION_TEST_MONGODB`.

mod behind;
mod conformance;
mod failover;
mod faults;
mod like_memory;
mod log;
mod members;
mod openim;
mod processes;
mod refusals;
mod shard_key;
mod support;
mod sync;
mod worker;
