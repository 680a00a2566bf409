//! The commands that store a resolved batch.

use std::{collections::HashMap, mem, slice, sync::Arc};

use conversation_settings_core::{Change, Changed, Key, Outcome, Timestamp, WriteBatch};
use conversation_settings_store::{RecordWrite, Resolved};
use mongodb::{
    ClientSession,
    bson::{Document, RawArrayBuf, RawDocumentBuf, doc, raw::cstr},
};

use crate::{
    collections::{CONVERSATIONS, Collections, VERSIONS},
    error::Error,
    keys::{KeyGroup, MAX_OWNERS, index, key_groups},
    load::Logs,
    log_updates::log_updates,
    rows,
};

/// The most bytes of statements in one command. The server accepts 16 MiB.
const MAX_COMMAND: usize = 12 << 20;
/// The most bytes that one transaction may store: all of them must fit into the server's cache. A request with the default
/// limit of 64 MiB of text for all users fits, with the other fields of its documents.
const MAX_STORED: usize = 80 << 20;

/// The commands of one batch.
pub(crate) struct Writes {
    commands: Vec<RawDocumentBuf>,
}

impl Writes {
    /// Makes the commands that store `resolved`. Logs of more than `max_entries` entries are cut.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] if one transaction cannot store that much.
    pub(crate) fn of(
        batch: &WriteBatch,
        logs: &Logs,
        resolved: &Resolved,
        at: Timestamp,
        max_entries: usize,
    ) -> Result<Self, Error> {
        let mut inserts = Vec::new();
        let mut removed = Vec::new();
        // One change gives one set of fields and names the same values everywhere, so it becomes one statement. Equal changes
        // behind different `Arc`s become a statement each, with the same result.
        let mut alike: HashMap<(*const Change, Changed), Vec<&RecordWrite>> = HashMap::new();
        for write in &resolved.records {
            match (write.outcome, write.record.live()) {
                (Outcome::Updated(changed), _) => {
                    let change = Arc::as_ptr(&batch.writes()[write.position].change);
                    alike.entry((change, changed)).or_default().push(write);
                }
                (_, Some(created)) => inserts.push(raw(&rows::document(created))?),
                (_, None) => removed.push(write.record.key()),
            }
        }
        let mut stored: usize = inserts.iter().map(|insert| insert.as_bytes().len()).sum();
        let mut updates = Vec::new();
        for ((_, changed), alike) in alike {
            let Some(patch) = batch.writes()[alike[0].position].change.patch() else { continue };
            let patch = changed.part_of(patch);
            // Only of the host's own settings a document may have more than the patch sets.
            let is_whole =
                |write: &&RecordWrite| write.record.live().is_some_and(|live| rows::is_whole(&patch, &live.settings));
            let (whole, merged): (Vec<_>, Vec<_>) = alike.into_iter().partition(is_whole);
            stored += update(&rows::update(&patch, true), &whole, &mut updates)?;
            stored += update(&rows::update(&patch, false), &merged, &mut updates)?;
        }
        if stored > MAX_STORED {
            return Err(Error::TooLarge { got: stored, max: MAX_STORED });
        }
        let (new_logs, log_updates) = log_updates(batch, logs, resolved, at, max_entries);
        let mut writes = Self { commands: Vec::new() };
        writes.add(Statement::Insert, VERSIONS, new_logs.iter().map(raw).collect::<Result<_, _>>()?);
        writes.add(Statement::Update, VERSIONS, log_updates.iter().map(raw).collect::<Result<_, _>>()?);
        writes.add(Statement::Insert, CONVERSATIONS, inserts);
        writes.add(Statement::Update, CONVERSATIONS, updates);
        writes.add(Statement::Delete, CONVERSATIONS, deletes(&removed)?);
        Ok(writes)
    }

    /// Adds statements as few commands, nearly always one.
    fn add(&mut self, kind: Statement, collection: &str, statements: Vec<RawDocumentBuf>) {
        let mut bytes = 0;
        let mut chunk = RawArrayBuf::new();
        for statement in statements {
            let length = statement.as_bytes().len();
            if bytes > 0 && bytes + length > MAX_COMMAND {
                self.commands.push(kind.command(collection, mem::take(&mut chunk)));
                bytes = 0;
            }
            bytes += length;
            chunk.push(statement);
        }
        if bytes > 0 {
            self.commands.push(kind.command(collection, chunk));
        }
    }

    pub(crate) async fn run(self, collections: &Collections, session: &mut ClientSession) -> Result<(), Error> {
        for command in self.commands {
            let run = collections.database.run_raw_command(command).session(&mut *session);
            let response = collections.primary.run_step(async { Ok(run.await?) }).await?;
            Error::check_response(&response)?;
        }
        Ok(())
    }
}

/// Adds the statements that make the same update in all of `alike`. Returns how many bytes they store.
fn update(update: &Document, alike: &[&RecordWrite], updates: &mut Vec<RawDocumentBuf>) -> Result<usize, Error> {
    let stored = raw(update)?.as_bytes().len() * alike.len();
    if stored > MAX_STORED {
        return Ok(stored);
    }
    for chunk in alike.chunks(MAX_OWNERS) {
        for group in key_groups(chunk.iter().map(|write| write.record.key())) {
            let hint = index(slice::from_ref(&group));
            updates.push(raw(&doc! { "q": group.condition(), "u": update.clone(), "multi": true, "hint": hint })?);
        }
    }
    Ok(stored)
}

fn deletes(removed: &[&Key]) -> Result<Vec<RawDocumentBuf>, Error> {
    let groups = removed.chunks(MAX_OWNERS).flat_map(|chunk| key_groups(chunk.iter().copied()));
    let delete = |group| raw(&doc! { "q": KeyGroup::condition(&group), "limit": 0, "hint": index(&[group]) });
    groups.map(delete).collect()
}

fn raw(document: &Document) -> Result<RawDocumentBuf, Error> {
    Ok(RawDocumentBuf::try_from(document).map_err(mongodb::error::Error::from)?)
}

#[derive(Clone, Copy)]
enum Statement {
    Insert,
    Update,
    Delete,
}

impl Statement {
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
