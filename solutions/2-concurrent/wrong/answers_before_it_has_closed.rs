//! Wrong: the thread sends the answer first, and closes the connection when it has time for that.
//!
//! caught by: with_connection_completes_only_when_its_connection_is_closed
//! also: reports_a_close_that_fails, because by then the answer is gone

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use shared::User;
use shared::sqlite::{open, read_users};

use tokio::sync::oneshot;

pub use shared::sqlite::{Error, Result};

/// Sets the flag when the future that owns it is dropped.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

pub async fn with_connection<T: Send + 'static>(
    database: &Path,
    body: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
) -> Result<T> {
    let path = database.to_owned();
    let stop = Arc::new(AtomicBool::new(false));
    let _stop_on_drop = StopOnDrop(stop.clone());
    let (sender, receiver) = oneshot::channel();
    tokio::task::spawn_blocking(move || {
        let connection = match open_stoppable(&path, stop) {
            Ok(connection) => connection,
            Err(error) => return drop(sender.send(Ok(Err(error)))),
        };
        let worked = catch_unwind(AssertUnwindSafe(|| in_transaction(&connection, body)));
        let _ = sender.send(worked);
        let _ = connection.close();
    });
    match receiver.await.expect("the thread sends its outcome") {
        Ok(outcome) => outcome.map_err(|error| error.in_database(database)),
        Err(panic) => resume_unwind(panic),
    }
}

fn open_stoppable(database: &Path, stop: Arc<AtomicBool>) -> Result<Connection> {
    let connection = open(database)?;
    connection.progress_handler(1000, Some(move || stop.load(Ordering::SeqCst)))?;
    connection.busy_timeout(Duration::from_millis(250))?;
    Ok(connection)
}

fn in_transaction<T>(connection: &Connection, body: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
    let transaction = connection.unchecked_transaction()?;
    let value = body(&transaction)?;
    transaction.commit()?;
    Ok(value)
}

pub async fn async_fetch_users(database: &Path) -> Result<Vec<User>> {
    with_connection(database, |connection| {
        let mut statement = connection.prepare("SELECT id, name, email, age FROM users ORDER BY id")?;
        read_users(&mut statement.query([])?)
    })
    .await
}

pub async fn async_fetch_older_users(database: &Path, age: u32) -> Result<Vec<User>> {
    with_connection(database, move |connection| {
        let query = "SELECT id, name, email, age FROM users WHERE age > ?1 ORDER BY id";
        let mut statement = connection.prepare(query)?;
        read_users(&mut statement.query([age])?)
    })
    .await
}

pub async fn fetch_concurrently(database: &Path, older_than: u32) -> Result<(Vec<User>, Vec<User>)> {
    // When one fails, the other's future is dropped, and so its query is stopped.
    tokio::try_join!(
        async_fetch_users(database),
        async_fetch_older_users(database, older_than)
    )
}

/// Left as it is: the second driver is an extra.
pub mod on_sqlx {
    pub use super::{async_fetch_older_users, async_fetch_users, fetch_concurrently};
}
