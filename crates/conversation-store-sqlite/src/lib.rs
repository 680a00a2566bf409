//! Conversation settings in SQLite.
