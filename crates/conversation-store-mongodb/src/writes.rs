//! Storing what a batch came to.

use std::{collections::HashMap, sync::Arc};

use conversation_core::{Change, Mask, Outcome, Timestamp, WriteBatch};
use conversation_store::{Changed, Resolved};
use mongodb::{
    ClientSession,
    bson::{Document, RawArrayBuf, RawDocumentBuf, doc, raw::cstr},
};

use crate::{
    edits,
    error::Error,
    keys::blocks,
    queries::{CONVERSATIONS, Collections, Loaded, VERSIONS, by_key},
    rows,
};

/// The most owners that one statement names, so that it stays well within a command.
pub(crate) const MOST_OWNERS: usize = 10_000;
/// The most bytes of statements in one command. The server takes 16 MiB.
const MOST_IN_COMMAND: usize = 12 << 20;

/// What a batch came to, as statements: all that change alike are one.
pub(crate) struct Writes {
    inserts: Vec<Document>,
    updates: Vec<Document>,
    deletes: Vec<Document>,
    new_logs: Vec<Document>,
    log_updates: Vec<Document>,
}

impl Writes {
    /// The statements that store `resolved`, where `loaded` is what is held; logs are cut to `most` entries.
    pub(crate) fn of(batch: &WriteBatch, loaded: &Loaded, resolved: &Resolved, at: Timestamp, most: usize) -> Self {
        let (new_logs, log_updates) = edits::of(batch, loaded, resolved, at, most);
        let mut inserts = Vec::new();
        let mut removed = Vec::new();
        // What the same change changes in the same fields, it changes to the same values.
        let mut changed_alike: HashMap<(*const Change, Mask), Vec<&Changed>> = HashMap::new();
        for changed in &resolved.records {
            match (changed.outcome, changed.record.live()) {
                (Outcome::Updated(mask), _) => {
                    let change = Arc::as_ptr(&batch.writes()[changed.position].change);
                    changed_alike.entry((change, mask)).or_default().push(changed);
                }
                (_, Some(created)) => inserts.push(rows::document(created)),
                (_, None) => removed.push(changed.record.key()),
            }
        }
        let updates = changed_alike.into_iter().flat_map(|((_, mask), alike)| updates(mask, &alike)).collect();
        let deletes = removed.chunks(MOST_OWNERS).flat_map(|some| blocks(some.iter().copied()));
        let deletes = deletes.map(|block| doc! { "q": block.condition(), "limit": 0, "hint": by_key() }).collect();
        Self { inserts, updates, deletes, new_logs, log_updates }
    }

    /// Carries the statements out: those of a kind in one command, as far as it can hold them.
    pub(crate) async fn run(&self, collections: &Collections, session: &mut ClientSession) -> Result<(), Error> {
        let mut run = async |collection, kind, statements: &[Document]| {
            run(collections, session, collection, kind, statements).await
        };
        run(VERSIONS, Kind::Insert, &self.new_logs).await?;
        run(VERSIONS, Kind::Update, &self.log_updates).await?;
        run(CONVERSATIONS, Kind::Insert, &self.inserts).await?;
        run(CONVERSATIONS, Kind::Update, &self.updates).await?;
        run(CONVERSATIONS, Kind::Delete, &self.deletes).await
    }
}

/// The statements that give the fields of `mask` in all of `updated` the values that they have in the first.
fn updates(mask: Mask, updated: &[&Changed]) -> Vec<Document> {
    let Some(conversation) = updated.first().and_then(|first| first.record.live()) else { return Vec::new() };
    let values = conversation.settings.get(mask);
    let set: Document = rows::settings(values.values()).collect();
    let blocks = updated.chunks(MOST_OWNERS).flat_map(|some| blocks(some.iter().map(|changed| changed.record.key())));
    let update =
        |set: &Document, condition| doc! { "q": condition, "u": { "$set": set }, "multi": true, "hint": by_key() };
    blocks.map(|block| update(&set, block.condition())).collect()
}

/// A command that carries out statements.
#[derive(Clone, Copy)]
enum Kind {
    Insert,
    Update,
    Delete,
}

async fn run(
    collections: &Collections,
    session: &mut ClientSession,
    collection: &str,
    kind: Kind,
    statements: &[Document],
) -> Result<(), Error> {
    let (name, list) = match kind {
        Kind::Insert => (cstr!("insert"), cstr!("documents")),
        Kind::Update => (cstr!("update"), cstr!("updates")),
        Kind::Delete => (cstr!("delete"), cstr!("deletes")),
    };
    let mut statements = statements.iter().peekable();
    while statements.peek().is_some() {
        let mut some = RawArrayBuf::new();
        let mut bytes = 0;
        while let Some(statement) = statements.peek() {
            let raw = RawDocumentBuf::try_from(*statement).map_err(mongodb::error::Error::from)?;
            if bytes > 0 && bytes + raw.as_bytes().len() > MOST_IN_COMMAND {
                break;
            }
            bytes += raw.as_bytes().len();
            some.push(raw);
            statements.next();
        }
        let mut command = RawDocumentBuf::new();
        command.append(name, collection);
        command.append(list, some);
        let answer = collections.database.run_raw_command(command).session(&mut *session).await?;
        Error::check(&answer)?;
    }
    Ok(())
}
