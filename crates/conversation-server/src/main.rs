//! The conversation settings server.

fn main() {}
