//! The conversation settings server.

mod banner;
mod config;
mod error;
mod logs;
mod ports;
mod recorder;
mod secret;
mod serve;
mod start;
mod store;

use std::process::ExitCode;

use config::Config;

fn main() -> ExitCode {
    match Config::of_process().and_then(start::run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell where even this cannot be written.
            let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("conversation-server: {error}\n"));
            ExitCode::FAILURE
        }
    }
}
