//! The router from outside: what it answers to whom.

mod bad_input;
mod callers;
mod calls;
mod harness;
