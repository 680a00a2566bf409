//! The router from outside: what it answers to whom.

mod arguments;
mod bad_input;
mod callers;
mod calls;
mod harness;
mod openapi;
mod page;
mod shapes;
