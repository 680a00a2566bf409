//! The adapter on a real replica set, `CONVERSATION_TEST_MONGODB`.

mod faults;
mod like_memory;
mod log;
mod openim;
mod refusals;
mod support;
