//! The built program from outside: output, responses, log and data.

mod configuration;
mod crash;
mod harness;
mod integrations;
mod logs;
mod operations;
mod refusals;
mod start;
mod stop;
mod stores;
mod token;
