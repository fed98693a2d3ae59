//! A thread for each connection.

use std::path::Path;

use rusqlite::Connection;
use shared::sqlite::{open, outcome};

use crate::limit::CONNECTIONS;
use crate::stop::StopOnDrop;
use crate::{Error, Result};

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
