//! The built program from outside: output, responses, log and data.

mod attacks;
mod backup;
mod configuration;
mod connections;
mod crash;
mod harness;
mod integrations;
mod logs;
mod operations;
mod paths;
mod refusals;
mod secrets;
mod signals;
mod sqlite_files;
mod start;
mod stop;
mod stores;
mod token;
mod warnings;
