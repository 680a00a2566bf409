//! New identities for all logs, after a restore.

use conversation_settings_store::BoxError;
use mongodb::{bson::doc, error::ErrorKind};

use crate::{collections::VERSIONS, store::MongoStore};

/// Why the logs keep their identities. The message is one plain sentence and contains no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenewError {
    /// The collection is sharded.
    #[error(
        "the collection {VERSIONS} is sharded, and MongoDB replaces only unsharded collections in one step: run the loop \
         of docs/mongodb.md, \"Backup and restore\", in mongosh"
    )]
    Sharded {
        /// The server's answer.
        source: BoxError,
    },
    /// The user lacks rights.
    #[error("the MongoDB user lacks rights: it needs find, insert and remove on the collection {VERSIONS}")]
    Rights {
        /// The server's answer.
        source: BoxError,
    },
    /// Any other failure.
    #[error("the logs keep their identities")]
    Other {
        /// The driver's error.
        source: BoxError,
    },
}

impl RenewError {
    fn from_driver(error: mongodb::error::Error) -> Self {
        let (code, message) = match &*error.kind {
            ErrorKind::Command(command) => (command.code, command.message.as_str()),
            _ => (0, ""),
        };
        // The code of this refusal differs between servers and routers.
        let (is_sharded, lacks_rights) = (message.contains("sharded"), code == 13);
        let source = error.into();
        if is_sharded {
            Self::Sharded { source }
        } else if lacks_rights {
            Self::Rights { source }
        } else {
            Self::Other { source }
        }
    }
}

impl MongoStore {
    /// Gives the log of every owner a new identity, so that every client syncs in full. It belongs to a restore: a version
    /// from before it means nothing in the restored logs.
    ///
    /// **No program may write meanwhile**, OpenIM's server included: what it writes to the logs would be lost. The server
    /// copies the collection and replaces it in one step, so a failure leaves the logs as they are.
    ///
    /// # Errors
    ///
    /// [`RenewError`].
    pub async fn renew_logs(&self) -> Result<(), RenewError> {
        let mut session = self.collections.database.client().start_session().await.map_err(RenewError::from_driver)?;
        // The server makes a new `_id` for a document without one, and keeps the indexes.
        let replace = [doc! { "$unset": "_id" }, doc! { "$out": VERSIONS }];
        self.collections.versions.aggregate(replace).session(&mut session).await.map_err(RenewError::from_driver)?;
        self.last_commit.record(session.operation_time());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use mongodb::{bson, error::CommandError};

    use super::*;

    fn refused(code: i32, message: &str) -> RenewError {
        let answer = doc! { "code": code, "codeName": "", "errmsg": message };
        let answer: CommandError = bson::deserialize_from_document(answer).unwrap();
        RenewError::from_driver(ErrorKind::Command(answer).into())
    }

    #[test]
    fn names_a_sharded_collection_and_missing_rights_as_the_cause() {
        for (code, message) in [
            (28769, "namespace 'openim_v3.conversation_version' is sharded so it can't be used for $out'"),
            (17017, "$out cannot output to a sharded collection"),
        ] {
            let error = refused(code, message);
            assert!(matches!(error, RenewError::Sharded { .. }), "{error:?}");
            assert!(error.to_string().contains("conversation_version is sharded"), "{error}");
        }
        assert!(matches!(refused(13, "not authorized"), RenewError::Rights { .. }));
        assert!(matches!(refused(1, "anything"), RenewError::Other { .. }));
    }
}
