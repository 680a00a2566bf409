//! The use cases of conversation settings.
