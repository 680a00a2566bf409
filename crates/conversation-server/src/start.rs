//! From the options to a running server.

use std::{
    io::{self, Write},
    time::Duration,
};

use tokio::{net::TcpListener, runtime::Runtime};
use tracing::info;

use crate::{
    banner::Banner,
    config::{Command, Config},
    error::StartError,
    logs,
    secret::Secret,
    serve, store,
};

/// Does what `config` asks for.
pub(crate) fn run(config: Config) -> Result<(), StartError> {
    match &config.command {
        Some(Command::Token { user }) => Ok(writeln!(io::stdout(), "{}", token(&config, user)?)?),
        None => {
            logs::begin(config.log)?;
            Runtime::new()?.block_on(serve(&config))
        }
    }
}
