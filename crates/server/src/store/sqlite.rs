//! A store in an SQLite file.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use conversation_settings_store_sqlite::{SqliteStore, renew_log};
use conversation_settings_tls::Authorities;

use super::{
    Engine, Problem, Store, Target,
    memory::Memory,
    sqlite_file::{SqliteFile, SqliteFileError},
};
use crate::error::StartError;

pub(super) const ENGINE: Engine = Engine {
    name: "sqlite",
    schemes: &["sqlite"],
    aliases: &["sqlite3", "file"],
    form: "sqlite:PATH",
    backup: "",
    parse: |address| match address.rest.parse() {
        Ok(SqliteFile::Memory) => Ok(Box::new(Memory)),
        Ok(SqliteFile::Path(path)) => Ok(Box::new(Sqlite(path))),
        Err(SqliteFileError::Empty) => Err(Problem::Form),
        Err(error) => Err(Problem::Hint(error.to_string())),
    },
};

struct Sqlite(PathBuf);

#[async_trait]
impl Target for Sqlite {
    fn printed(&self) -> String {
        format!("sqlite:{}", self.0.display())
    }

    fn file(&self) -> Option<&Path> {
        Some(&self.0)
    }

    async fn open(&self, _: &Authorities) -> Result<Store, StartError> {
        Ok(Arc::new(SqliteStore::open(&self.0).map_err(StartError::store)?))
    }

    async fn renew_log(&self, _: &Authorities) -> Result<(), StartError> {
        renew_log(&self.0).map_err(StartError::renewal)
    }
}
