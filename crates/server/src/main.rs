//! The program `conversation-server`: configuration and wiring.

mod backup_commands;
mod banner;
mod config;
mod custom_file;
mod error;
mod fallback;
mod integrations;
mod logs;
mod metrics;
mod options;
#[cfg(test)]
mod options_table;
mod renew_log_command;
mod secret;
mod serve;
mod start;
mod store;
mod token_command;
mod warnings;

use std::process::ExitCode;

use config::Config;

fn main() -> ExitCode {
    match Config::from_process().and_then(start::run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be closed; then the exit code has to be enough.
            let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("conversation-server: {error}\n"));
            ExitCode::FAILURE
        }
    }
}
