//! The command for after a restore by the database's own tools.

use std::io::{self, Write};

use conversation_settings_tls::Authorities;
use tokio::runtime::Runtime;

use crate::{
    error::StartError,
    store::{self, Location},
};

/// Gives the log of the store a new identity.
pub(crate) fn renew_log(location: &Location, authorities: &Authorities) -> Result<(), StartError> {
    let runtime = Runtime::new()?;
    let renewed = runtime.block_on(store::renew_log(location, authorities));
    // A failure waits for nothing, such as a name that is being looked up.
    runtime.shutdown_background();
    renewed?;
    Ok(writeln!(io::stdout(), "Renewed the log of {location}. Every client will sync in full.")?)
}
