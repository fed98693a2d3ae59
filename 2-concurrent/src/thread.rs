//! A thread for each connection.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::thread;

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
    let (file, stop) = (database.to_owned(), stop.handle());
    let work = move || {
        // Moved here, so that it comes back when the connection is closed, and not when the future is dropped.
        let _permit = permit;
        let connection = open(&file)?;
        // No `?` here: it would return while the connection is open, and close it in silence.
        let worked = stop
            .watch(&connection)
            .and_then(|_watch| stop.explain(in_transaction(&connection, body)));
        let closed = connection
            .close()
            .map_err(|(_, error)| Error::from(error).doing("close"));
        outcome(worked, closed)
    };
    on_its_own_thread(work)
        .await
        .map_err(|error| error.in_database(database))
}

/// Does some work on a new thread. Work that has begun goes on when this future is dropped; work that has not never begins.
///
/// (A pool of threads would save the start of one. But the one of the `blocking` crate, when not even its first thread can
/// be started, tries again without end.)
pub(crate) async fn on_its_own_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let (sender, outcome) = async_channel::bounded(1);
    thread::Builder::new()
        .spawn(move || sender.force_send(catch_unwind(AssertUnwindSafe(work))))
        .map_err(Error::no_thread)?;
    match outcome
        .recv()
        .await
        .expect("the thread sends, whatever the work does")
    {
        Ok(outcome) => outcome,
        Err(panic) => resume_unwind(panic),
    }
}

fn in_transaction<T>(
    connection: &Connection,
    body: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    // Rolls back when it is dropped without a commit: on the `?` and on a panic.
    let transaction = connection.unchecked_transaction()?;
    let value = body(&transaction)?;
    transaction
        .commit()
        .map_err(|error| Error::from(error).doing("commit to"))?;
    Ok(value)
}
