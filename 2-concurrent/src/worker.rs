//! Runs the work of one connection on a new thread.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::thread;

use async_lock::Semaphore;
use rusqlite::Connection;
use shared::sqlite::{open, outcome as combine};

use crate::cancel::CancelOnDrop;
use crate::{Error, Result};

/// One permit for each connection that may be open at the same time in this process.
///
/// A connection to a database in WAL mode takes three file descriptors, and a process has 1,024 by default. 64 connections
/// leave most of them to the rest of the program.
static PERMITS: Semaphore = Semaphore::new(64);

/// Opens the database on a new thread, runs `body` there in a transaction, closes the database, and returns the outcome.
pub(crate) async fn run<T: Send + 'static>(
    database: &Path,
    cancel: &CancelOnDrop,
    body: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
) -> Result<T> {
    let permit = PERMITS.acquire().await;
    let (file, flag) = (database.to_owned(), cancel.flag());
    let work = move || {
        // The thread returns the permit when the connection is closed, even if the future was dropped before.
        let _permit = permit;
        let connection = open(&file)?;
        // No `?` here: it would drop the connection, and a drop cannot report that the close failed.
        let worked = flag
            .attach(&connection)
            .map_err(Error::from)
            .and_then(|()| in_transaction(&connection, body));
        let closed = connection
            .close()
            .map_err(|(_, error)| Error::from(error).could_not("close"));
        combine(worked, closed)
    };
    on_new_thread(work)
        .await
        .map_err(|error| error.in_database(database))
}

fn in_transaction<T>(
    connection: &Connection,
    body: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    // `transaction` needs `&mut Connection`. `unchecked_transaction` takes `&Connection`; only its nesting is unchecked.
    // Dropping the transaction without a commit rolls it back: after the `?`, and during a panic.
    let transaction = connection.unchecked_transaction()?;
    let value = body(&transaction)?;
    transaction
        .commit()
        .map_err(|error| Error::from(error).could_not("commit to"))?;
    Ok(value)
}

/// Runs some work on a new thread and waits for its outcome without blocking. The work runs to its end even if this
/// future is dropped.
///
/// A panic of the work continues in the caller.
async fn on_new_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let (sender, receiver) = async_channel::bounded(1);
    // `force_send` never blocks. If the future was dropped, it fails, and the result is dropped here on the thread.
    // `AssertUnwindSafe`: no code uses the values of the work after a panic.
    // Not a pool of threads: the one of the `blocking` crate retries without end if it cannot start its first thread.
    thread::Builder::new()
        .spawn(move || sender.force_send(catch_unwind(AssertUnwindSafe(work))))
        .map_err(Error::no_thread)?;
    match receiver.recv().await.expect("the thread sends its result") {
        Ok(result) => result,
        Err(panic) => resume_unwind(panic),
    }
}

#[cfg(test)]
mod tests {
    use recorder::Recording;
    use testkit::TempDatabase;
    use tokio::runtime::Builder;
    use tokio::task::JoinSet;

    #[test]
    fn at_most_64_connections_are_open() {
        let temporary = TempDatabase::sample();
        let recording = Recording::start(temporary.path());
        let mut tasks = JoinSet::new();
        let runtime = Builder::new_current_thread().build().unwrap();
        for _ in 0..600 {
            let database = temporary.path().to_owned();
            let fetch = async move { crate::async_fetch_users(&database).await.unwrap().len() };
            tasks.spawn_on(fetch, runtime.handle());
        }
        assert_eq!(runtime.block_on(tasks.join_all()), [12; 600]);
        let most = recording.timeline().most_open_connections();
        assert!(most <= 64, "{most}");
    }
}
