//! The router from outside: what it answers to whom.

mod calls;
mod harness;
