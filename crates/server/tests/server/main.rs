//! The built program from outside: what it prints, answers, logs and keeps.

mod configuration;
mod crash;
mod harness;
mod logs;
mod operations;
mod ports;
mod refusals;
mod start;
mod stop;
mod stores;
mod token;
