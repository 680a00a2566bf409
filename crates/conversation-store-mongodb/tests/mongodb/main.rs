//! The adapter on a real replica set, `CONVERSATION_TEST_MONGODB`.

mod like_memory;
mod support;
