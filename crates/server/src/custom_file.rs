//! The file of `--custom`, which declares settings of the host's own.

use std::fs;

use conversation_settings_service::CustomSettings;

use crate::{error::StartError, options::FilePath};

/// Reads the declarations, of which there are none without a file.
pub(crate) fn read(file: Option<&FilePath>) -> Result<CustomSettings, StartError> {
    let Some(path) = file.map(FilePath::as_path) else { return Ok(CustomSettings::new()) };
    let failed = |source| StartError::File { action: "read", what: "the file of --custom", path: path.into(), source };
    let json = fs::read(path).map_err(failed)?;
    serde_json::from_slice(&json).map_err(|error| StartError::Usage(format!("--custom: {}: {error}", path.display())))
}
