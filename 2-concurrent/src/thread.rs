//! A thread for each connection, and how many of them there may be.

use std::path::Path;

use async_lock::Semaphore;
use rusqlite::Connection;
use shared::sqlite::{open, outcome};

use crate::cancel::StopOnDrop;
use crate::{Error, Result};

/// How many connections may be open at a time, in the whole process and on both drivers.
///
/// The `blocking` crate's own limit, 500 threads, is too high: a database in WAL mode takes three file descriptors a
/// connection, and a process has 1,024 of them by default. More threads than cores help only while some of them wait:
/// for the disk, or for a lock.
pub(crate) static CONNECTIONS: Semaphore = Semaphore::new(64);

/// Opens the database on another thread, runs `body` there in a transaction, closes it, and brings back the outcome.
///
/// When `stop` is told, `body`'s statements fail, and what happens after it still happens.
pub(crate) async fn on_a_thread<T: Send + 'static>(
    database: &Path,
    stop: &StopOnDrop,
    body: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
) -> Result<T> {
    let permit = CONNECTIONS.acquire().await;
    let database = database.to_owned();
    let stop = stop.handle();
    let work = move || {
        // Moved here, so that it comes back when the connection is closed, and not when the future is dropped.
        let _permit = permit;
        let connection = open(&database)?;
        // No `?` here: it would return while the connection is open, and close it in silence.
        let worked = stop
            .watch(&connection)
            .and_then(|_watch| stop.explain(in_transaction(&connection, body)));
        let closed = connection
            .close()
            .map_err(|(_, error)| Error::from(error).doing("close"));
        outcome(worked, closed).map_err(|error| error.in_database(&database))
    };
    // Work that has begun goes on when this future is dropped; work that has not never begins.
    blocking::unblock(work).await
}

fn in_transaction<T>(connection: &Connection, body: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
    // Rolls back when it is dropped without a commit: on the `?` and on a panic.
    let transaction = connection.unchecked_transaction()?;
    let value = body(&transaction)?;
    transaction
        .commit()
        .map_err(|error| Error::from(error).doing("commit to"))?;
    Ok(value)
}
