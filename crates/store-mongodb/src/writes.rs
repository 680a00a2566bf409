//! Storing what a batch came to.

use std::{collections::HashMap, mem, slice, sync::Arc};

use conversation_settings_core::{Change, Key, Mask, Outcome, Timestamp, WriteBatch};
use conversation_settings_store::{RecordWrite, Resolved};
use mongodb::{
    ClientSession,
    bson::{Document, RawArrayBuf, RawDocumentBuf, doc, raw::cstr},
};

use crate::{
    edits,
    error::Error,
    keys::{Block, blocks, index},
    load::Logs,
    queries::{CONVERSATIONS, Collections, VERSIONS},
    rows,
};

/// The most owners that one statement names, so that it stays well within a command.
pub(crate) const MOST_OWNERS: usize = 10_000;
/// The most bytes of statements in one command. The server takes 16 MiB.
const MOST_IN_COMMAND: usize = 12 << 20;
/// The most bytes that one transaction may store: they all have to fit into the server's cache.
const MOST_STORED: usize = 64 << 20;

/// What a batch came to, as commands.
pub(crate) struct Writes {
    commands: Vec<RawDocumentBuf>,
}

impl Writes {
    /// The commands that store `resolved`, where `logs` is what the logs say; they are cut to `most` entries.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] where that is more than one transaction can hold.
    pub(crate) fn of(
        batch: &WriteBatch,
        logs: &Logs,
        resolved: &Resolved,
        at: Timestamp,
        most: usize,
    ) -> Result<Self, Error> {
        let mut inserts = Vec::new();
        let mut removed = Vec::new();
        // What the same change changes in the same fields, it changes to the same values.
        let mut alike: HashMap<(*const Change, Mask), Vec<&RecordWrite>> = HashMap::new();
        for changed in &resolved.records {
            match (changed.outcome, changed.record.live()) {
                (Outcome::Updated(mask), _) => {
                    let change = Arc::as_ptr(&batch.writes()[changed.position].change);
                    alike.entry((change, mask)).or_default().push(changed);
                }
                (_, Some(created)) => inserts.push(raw(&rows::document(created))?),
                (_, None) => removed.push(changed.record.key()),
            }
        }
        let mut stored: usize = inserts.iter().map(|insert| insert.as_bytes().len()).sum();
        let mut updates = Vec::new();
        for ((_, mask), alike) in alike {
            stored += update(mask, &alike, &mut updates)?;
        }
        if stored > MOST_STORED {
            return Err(Error::TooLarge { got: stored, most: MOST_STORED });
        }
        let (new_logs, log_updates) = edits::of(batch, logs, resolved, at, most);
        let mut writes = Self { commands: Vec::new() };
        writes.add(Kind::Insert, VERSIONS, new_logs.iter().map(raw).collect::<Result<_, _>>()?);
        writes.add(Kind::Update, VERSIONS, log_updates.iter().map(raw).collect::<Result<_, _>>()?);
        writes.add(Kind::Insert, CONVERSATIONS, inserts);
        writes.add(Kind::Update, CONVERSATIONS, updates);
        writes.add(Kind::Delete, CONVERSATIONS, deletes(&removed)?);
        Ok(writes)
    }

    /// Adds statements: as one command, or as few as can hold them.
    fn add(&mut self, kind: Kind, collection: &str, statements: Vec<RawDocumentBuf>) {
        let mut bytes = 0;
        let mut some = RawArrayBuf::new();
        for statement in statements {
            let length = statement.as_bytes().len();
            if bytes > 0 && bytes + length > MOST_IN_COMMAND {
                self.commands.push(kind.command(collection, mem::take(&mut some)));
                bytes = 0;
            }
            bytes += length;
            some.push(statement);
        }
        if bytes > 0 {
            self.commands.push(kind.command(collection, some));
        }
    }

    /// Carries the commands out.
    pub(crate) async fn run(self, collections: &Collections, session: &mut ClientSession) -> Result<(), Error> {
        for command in self.commands {
            let run = collections.database.run_raw_command(command).session(&mut *session);
            Error::check(&collections.primary.in_time(async { Ok(run.await?) }).await?)?;
        }
        Ok(())
    }
}

/// Adds the statements that give the fields of `mask` in all of `alike` the values that they have in the first, and
/// answers with how many bytes that stores.
fn update(mask: Mask, alike: &[&RecordWrite], updates: &mut Vec<RawDocumentBuf>) -> Result<usize, Error> {
    let Some(conversation) = alike.first().and_then(|first| first.record.live()) else { return Ok(0) };
    let values = conversation.settings.get(mask);
    let set: Document = rows::settings(values.values()).collect();
    let stored = raw(&set)?.as_bytes().len() * alike.len();
    if stored > MOST_STORED {
        return Ok(stored);
    }
    for some in alike.chunks(MOST_OWNERS) {
        for block in blocks(some.iter().map(|changed| changed.record.key())) {
            let set = doc! { "$set": set.clone() };
            let by = index(slice::from_ref(&block));
            updates.push(raw(&doc! { "q": block.condition(), "u": set, "multi": true, "hint": by })?);
        }
    }
    Ok(stored)
}

fn deletes(removed: &[&Key]) -> Result<Vec<RawDocumentBuf>, Error> {
    let blocks = removed.chunks(MOST_OWNERS).flat_map(|some| blocks(some.iter().copied()));
    let delete = |block| raw(&doc! { "q": Block::condition(&block), "limit": 0, "hint": index(&[block]) });
    blocks.map(delete).collect()
}

fn raw(document: &Document) -> Result<RawDocumentBuf, Error> {
    Ok(RawDocumentBuf::try_from(document).map_err(mongodb::error::Error::from)?)
}

/// What a command does.
#[derive(Clone, Copy)]
enum Kind {
    Insert,
    Update,
    Delete,
}

impl Kind {
    fn command(self, collection: &str, statements: RawArrayBuf) -> RawDocumentBuf {
        let (name, list) = match self {
            Self::Insert => (cstr!("insert"), cstr!("documents")),
            Self::Update => (cstr!("update"), cstr!("updates")),
            Self::Delete => (cstr!("delete"), cstr!("deletes")),
        };
        let mut command = RawDocumentBuf::new();
        command.append(name, collection);
        command.append(list, statements);
        command
    }
}
