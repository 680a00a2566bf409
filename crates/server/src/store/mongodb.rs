//! A store in MongoDB.

use std::sync::Arc;

use async_trait::async_trait;
use conversation_settings_store_mongodb::MongoStore;
use conversation_settings_tls::Authorities;

use super::{Engine, Store, Target, location::without_secrets, url};
use crate::error::StartError;

pub(super) const ENGINE: Engine = Engine {
    name: "mongodb",
    schemes: &["mongodb", "mongodb+srv"],
    aliases: &["mongo"],
    form: "mongodb://…",
    backup: "use mongodump and mongorestore, as docs/mongodb.md says",
    parse: |address| Ok(Box::new(Mongodb { url: url(address)? })),
};

struct Mongodb {
    url: String,
}

impl Mongodb {
    async fn connect(&self, authorities: &Authorities) -> Result<MongoStore, StartError> {
        MongoStore::open_trusting(&self.url, authorities).await.map_err(StartError::store)
    }
}

#[async_trait]
impl Target for Mongodb {
    fn printed(&self) -> String {
        without_secrets(&self.url)
    }

    async fn open(&self, authorities: &Authorities) -> Result<Store, StartError> {
        Ok(Arc::new(self.connect(authorities).await?))
    }

    async fn renew_log(&self, authorities: &Authorities) -> Result<(), StartError> {
        self.connect(authorities).await?.renew_logs().await.map_err(StartError::renewal)
    }
}
