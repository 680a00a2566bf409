//! Conversation settings over HTTP.
