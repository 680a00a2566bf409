//! The indexes: OpenIM's, and one of our own.

use futures_util::TryStreamExt;
use mongodb::{
    Collection, IndexModel,
    bson::{Bson, Document, RawDocumentBuf, doc},
    options::IndexOptions,
};

use crate::{log, open::OpenError, queries::Collections, rows};

/// What an index has to be.
struct Wanted {
    keys: Document,
    is_unique: bool,
}

/// Makes the indexes that are not there. None is ever changed or dropped.
pub(crate) async fn prepare(collections: &Collections) -> Result<(), OpenError> {
    let index = |keys, is_unique| Wanted { keys, is_unique };
    let of_conversations = [
        index(doc! { rows::OWNER: 1, rows::CONVERSATION: 1 }, true),
        index(doc! { rows::USER: 1 }, false),
        index(doc! { rows::CONVERSATION: 1 }, false),
        // OpenIM has not got it; it is what a page of a conversation's holders is read by.
        index(doc! { rows::CONVERSATION: 1, rows::OWNER: 1 }, false),
    ];
    make(&collections.conversations, &of_conversations).await?;
    make(&collections.versions, &[index(doc! { log::OWNER: 1 }, true)]).await
}

async fn make(collection: &Collection<RawDocumentBuf>, wanted: &[Wanted]) -> Result<(), OpenError> {
    let there = list(collection).await?;
    let mut missing = Vec::new();
    for wanted in wanted {
        match there.iter().find(|index| is_of(&index.keys, &wanted.keys)) {
            Some(index) if is_as(index.options.as_ref(), wanted) => {}
            Some(_) => {
                return Err(OpenError::Index {
                    collection: collection.name().to_owned(),
                    keys: wanted.keys.to_string(),
                    unique: wanted.is_unique,
                });
            }
            None => {
                let options = wanted.is_unique.then(|| IndexOptions::builder().unique(true).build());
                missing.push(IndexModel::builder().keys(wanted.keys.clone()).options(options).build());
            }
        }
    }
    if !missing.is_empty() {
        collection.create_indexes(missing).await.map_err(OpenError::of)?;
    }
    Ok(())
}

async fn list(collection: &Collection<RawDocumentBuf>) -> Result<Vec<IndexModel>, OpenError> {
    match collection.list_indexes().await {
        Ok(cursor) => cursor.try_collect().await.map_err(OpenError::of),
        // NamespaceNotFound: there is no such collection yet.
        Err(error) if matches!(&*error.kind, mongodb::error::ErrorKind::Command(command) if command.code == 26) => {
            Ok(Vec::new())
        }
        Err(error) => Err(OpenError::of(error)),
    }
}

/// Whether keys are those wanted, in their order; other clients may write the direction as another kind of number.
fn is_of(keys: &Document, wanted: &Document) -> bool {
    let is_up = |value: &Bson| match value {
        Bson::Int32(1) | Bson::Int64(1) => true,
        Bson::Double(value) => *value > 0.0,
        _ => false,
    };
    keys.keys().eq(wanted.keys()) && keys.values().all(is_up)
}

/// Whether an index is what it has to be: over all documents, comparing byte by byte.
fn is_as(options: Option<&IndexOptions>, wanted: &Wanted) -> bool {
    let Some(options) = options else { return !wanted.is_unique };
    options.unique.unwrap_or_default() == wanted.is_unique
        && !options.sparse.unwrap_or_default()
        && !options.hidden.unwrap_or_default()
        && options.partial_filter_expression.is_none()
        && options.collation.is_none()
        && options.expire_after.is_none()
}
