//! What the adapter costs.

fn main() {}
