//! The indexes: OpenIM's, and one of our own.

use futures_util::TryStreamExt;
use mongodb::{
    Collection, IndexModel,
    bson::{Bson, Document, RawDocumentBuf, doc},
    error::ErrorKind,
    options::IndexOptions,
};

use crate::{
    collections::Collections,
    log,
    open_error::{OpenError, is_unauthorized},
    rows,
};

struct Required {
    keys: Document,
    is_unique: bool,
}

/// Makes missing indexes. Never changes or drops an index.
pub(crate) async fn prepare(collections: &Collections) -> Result<(), OpenError> {
    let index = |keys, is_unique| Required { keys, is_unique };
    let of_conversations = [
        index(doc! { rows::OWNER: 1, rows::CONVERSATION: 1 }, true),
        index(doc! { rows::USER: 1 }, false),
        index(doc! { rows::CONVERSATION: 1 }, false),
        // Our own: pages of one conversation's owners are read by it.
        index(doc! { rows::CONVERSATION: 1, rows::OWNER: 1 }, false),
    ];
    let of_versions = [index(doc! { log::OWNER: 1 }, true)];
    let mut missing = Vec::new();
    for (collection, required) in
        [(&collections.conversations, &of_conversations[..]), (&collections.versions, &of_versions)]
    {
        missing.push((collection, find_missing(collection, required).await?));
    }
    for (collection, indexes) in missing.iter().filter(|(_, indexes)| !indexes.is_empty()) {
        let created = collection.create_indexes(indexes.iter().cloned()).await;
        created.map_err(|error| {
            if is_unauthorized(&error) {
                OpenError::MissingIndexes { commands: commands(&missing) }
            } else {
                OpenError::from_driver(&error)
            }
        })?;
    }
    Ok(())
}

/// The commands for `mongosh` that create the missing indexes.
fn commands(missing: &[(&Collection<RawDocumentBuf>, Vec<IndexModel>)]) -> String {
    let commands = missing.iter().flat_map(|(collection, indexes)| {
        indexes.iter().map(|index| {
            let is_unique = index.options.as_ref().is_some_and(|options| options.unique == Some(true));
            let options = if is_unique { ", { unique: true }" } else { "" };
            let name = collection.namespace();
            format!("db.getSiblingDB({:?}).{}.createIndex({}{options})", name.db, name.coll, index.keys)
        })
    });
    commands.collect::<Vec<_>>().join("; ")
}

async fn find_missing(
    collection: &Collection<RawDocumentBuf>,
    required: &[Required],
) -> Result<Vec<IndexModel>, OpenError> {
    let existing = list(collection).await?;
    let mut missing = Vec::new();
    for required in required {
        match existing.iter().find(|index| has_keys(&index.keys, &required.keys)) {
            Some(index) if is_fit(index.options.as_ref(), required) => {}
            Some(_) => {
                return Err(OpenError::Index {
                    collection: collection.name().to_owned(),
                    keys: required.keys.to_string(),
                    unique: required.is_unique,
                });
            }
            None => {
                let options = required.is_unique.then(|| IndexOptions::builder().unique(true).build());
                missing.push(IndexModel::builder().keys(required.keys.clone()).options(options).build());
            }
        }
    }
    Ok(missing)
}

async fn list(collection: &Collection<RawDocumentBuf>) -> Result<Vec<IndexModel>, OpenError> {
    match collection.list_indexes().await {
        Ok(cursor) => cursor.try_collect().await.map_err(|error| OpenError::from_driver(&error)),
        // NamespaceNotFound: the collection does not exist yet.
        Err(error) if matches!(&*error.kind, ErrorKind::Command(command) if command.code == 26) => Ok(Vec::new()),
        Err(error) => Err(OpenError::from_driver(&error)),
    }
}

/// Whether an index has the required keys in their order. Other clients may write the direction as another type of number.
fn has_keys(keys: &Document, required: &Document) -> bool {
    let is_ascending = |value: &Bson| match value {
        Bson::Int32(1) | Bson::Int64(1) => true,
        Bson::Double(value) => *value > 0.0,
        _ => false,
    };
    keys.keys().eq(required.keys()) && keys.values().all(is_ascending)
}

/// Whether an index covers all documents, compares byte by byte, and is unique as required.
fn is_fit(options: Option<&IndexOptions>, required: &Required) -> bool {
    let Some(options) = options else { return !required.is_unique };
    options.unique.unwrap_or_default() == required.is_unique
        && !options.sparse.unwrap_or_default()
        && !options.hidden.unwrap_or_default()
        && options.partial_filter_expression.is_none()
        && options.collation.is_none()
        && options.expire_after.is_none()
}
