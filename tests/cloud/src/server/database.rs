//! The database of a Cloud with `--state`: one transaction for each change, on the disk before anybody is told of it.
//!
//! It holds Spaces, War Rooms, tokens, nodes and when they connected; no metric ever. Values are JSON.

use crate::cloud::Cloud;
use crate::history::{Changes, HISTORY_KEPT, History, Turn};
use crate::space::{Node, State};
use redb::backends::{FileBackend, InMemoryBackend};
use redb::{Builder, ReadableDatabase, ReadableTable, StorageBackend, TableDefinition, TableError, WriteTransaction};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// What this program writes and understands.
const FORMAT: u64 = 1;
/// Bytes of the database kept in memory.
const CACHE: usize = 8 << 20;

const META: TableDefinition<&str, u64> = TableDefinition::new("meta");
/// Spaces, rooms and tokens by their age.
const SPACES: TableDefinition<u64, &[u8]> = TableDefinition::new("spaces");
const ROOMS: TableDefinition<u64, &[u8]> = TableDefinition::new("rooms");
const TOKENS: TableDefinition<u64, &[u8]> = TableDefinition::new("tokens");
/// Nodes by claimed id.
const NODES: TableDefinition<&str, &[u8]> = TableDefinition::new("nodes");
/// Turns by claimed id and number.
const HISTORY: TableDefinition<(&str, u64), &[u8]> = TableDefinition::new("history");

/// What a database has of a Cloud.
pub(super) type Saved = (State, History);

#[derive(Debug)]
pub(super) struct Database(redb::Database);

impl Database {
    /// Opens the file, or makes a new one. One that is damaged, or of a format that is not ours, is left as it is.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let is_new = fs::metadata(path).map(|file| file.len()).unwrap_or(0) == 0;
        if !is_new {
            inspect(path)?;
        }
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        let backend = FileBackend::new(file).map_err(io::Error::other)?;
        let database = Self(builder().create_with_backend(backend).map_err(io::Error::other)?);
        if is_new {
            database.write(|transaction| {
                transaction.open_table(META)?.insert("format", FORMAT)?;
                Ok(())
            })?;
        }
        Ok(database)
    }

    /// Everything in it; `None` if nothing is.
    pub(super) fn load(&self) -> io::Result<Option<Saved>> {
        load(&self.0)
    }

    /// Writes what changed.
    pub(super) fn save(&self, cloud: &Cloud, changes: &Changes) -> io::Result<()> {
        let state = cloud.state();
        self.write(|transaction| {
            if changes.spaces {
                replace(transaction, SPACES, &state.spaces)?;
                replace(transaction, ROOMS, &state.rooms)?;
                replace(transaction, TOKENS, &state.tokens)?;
            }
            let mut nodes = transaction.open_table(NODES)?;
            let mut history = transaction.open_table(HISTORY)?;
            for claimed_id in &changes.nodes {
                match state.nodes.get(claimed_id) {
                    Some(node) => drop(nodes.insert(claimed_id.as_str(), json(node)?.as_slice())?),
                    None => {
                        nodes.remove(claimed_id.as_str())?;
                        history.retain_in((claimed_id.as_str(), 0)..=(claimed_id.as_str(), u64::MAX), |_, _| false)?;
                    }
                }
            }
            for (claimed_id, number) in &changes.turns {
                if let Some(turn) = cloud.history(claimed_id).rev().find(|turn| turn.number == *number) {
                    history.insert((claimed_id.as_str(), *number), json(turn)?.as_slice())?;
                }
                if let Some(old) = number.checked_sub(HISTORY_KEPT as u64) {
                    history.remove((claimed_id.as_str(), old))?;
                }
            }
            Ok(())
        })
    }

    fn write(&self, change: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>) -> io::Result<()> {
        let transaction = self.0.begin_write().map_err(io::Error::other)?;
        change(&transaction).map_err(io::Error::other)?;
        transaction.commit().map_err(io::Error::other)
    }
}

fn builder() -> Builder {
    let mut builder = redb::Database::builder();
    builder.set_cache_size(CACHE);
    builder
}

/// Reads a copy of the whole file, so that whatever is wrong with it stays as it is.
fn inspect(path: &Path) -> io::Result<()> {
    let bytes = fs::read(path)?;
    let look = || {
        let copy = InMemoryBackend::new();
        let fill = copy.set_len(bytes.len() as u64).and_then(|()| copy.write(0, &bytes));
        fill.map_err(|error| io::Error::other(format!("{error:?}")))?;
        let mut database = builder().create_with_backend(copy).map_err(damaged)?;
        database.check_integrity().map_err(damaged)?;
        load(&database)
    };
    catch_unwind(AssertUnwindSafe(look)).unwrap_or_else(|_| Err(damaged("it makes no sense")))?;
    Ok(())
}

fn damaged(why: impl std::fmt::Display) -> io::Error {
    io::Error::other(format!("is no database of a Cloud, or is damaged: {why}; it was left as it is"))
}

fn load(database: &redb::Database) -> io::Result<Option<Saved>> {
    let transaction = database.begin_read().map_err(damaged)?;
    let format = match transaction.open_table(META) {
        Ok(meta) => meta.get("format").map_err(damaged)?.map(|format| format.value()),
        Err(TableError::TableDoesNotExist(_)) => None,
        Err(error) => return Err(damaged(error)),
    };
    match format {
        Some(FORMAT) => {}
        None => return Err(damaged("it has no format")),
        Some(other) => {
            let text = format!("is of format {other}, and this program knows {FORMAT} only; it was left as it is");
            return Err(io::Error::other(text));
        }
    }
    // Made, and ended before the first Space was saved.
    if let Err(TableError::TableDoesNotExist(_)) = transaction.open_table(SPACES) {
        return Ok(None);
    }
    let mut state = State {
        spaces: all(&transaction, SPACES)?,
        rooms: all(&transaction, ROOMS)?,
        tokens: all(&transaction, TOKENS)?,
        ..State::default()
    };
    for entry in transaction.open_table(NODES).map_err(damaged)?.iter().map_err(damaged)? {
        let (claimed_id, value) = entry.map_err(damaged)?;
        let node: Node = read(value.value())?;
        state.nodes.insert(claimed_id.value().to_owned(), node);
    }
    let mut history = History::new();
    for entry in transaction.open_table(HISTORY).map_err(damaged)?.iter().map_err(damaged)? {
        let (key, value) = entry.map_err(damaged)?;
        let turn: Turn = read(value.value())?;
        history.entry(key.value().0.to_owned()).or_default().push_back(turn);
    }
    Ok(Some((state, history)))
}

fn all<T: DeserializeOwned>(
    transaction: &redb::ReadTransaction,
    table: TableDefinition<'_, u64, &[u8]>,
) -> io::Result<Vec<T>> {
    let table = transaction.open_table(table).map_err(damaged)?;
    let entries = table.iter().map_err(damaged)?;
    entries.map(|entry| read(entry.map_err(damaged)?.1.value())).collect()
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    serde_json::from_slice(bytes).map_err(damaged)
}

fn replace<T: Serialize>(
    transaction: &WriteTransaction,
    table: TableDefinition<'_, u64, &[u8]>,
    values: &[T],
) -> Result<(), redb::Error> {
    let mut table = transaction.open_table(table)?;
    for (key, value) in (0..).zip(values) {
        table.insert(key, json(value)?.as_slice())?;
    }
    table.retain_in(values.len() as u64.., |_, _| false)?;
    Ok(())
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, redb::Error> {
    serde_json::to_vec(value).map_err(|error| redb::Error::Io(error.into()))
}

#[cfg(test)]
mod tests;
