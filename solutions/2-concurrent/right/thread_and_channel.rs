//! Right: a thread for each connection, which sends its result through a channel. It has an own error type.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Params};
use shared::User;
use tokio::sync::{Semaphore, oneshot};

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug)]
pub enum Error {
    NoFile(PathBuf),
    Sqlite(rusqlite::Error),
    In(PathBuf, Box<Error>),
}

/// Limits the number of threads. A `Semaphore` is fair: callers get permits in the order in which they asked.
static THREADS: Semaphore = Semaphore::const_new(100);

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
    let permit = THREADS.acquire().await.expect("it is never closed");
    let path = database.to_owned();
    let stop = Arc::new(AtomicBool::new(false));
    let _stop_on_drop = StopOnDrop(stop.clone());
    let (sender, receiver) = oneshot::channel();
    thread::spawn(move || {
        let work = || on_this_thread(&path, stop, body);
        let outcome = catch_unwind(AssertUnwindSafe(work));
        drop(permit);
        // Fails if the future was dropped.
        let _ = sender.send(outcome);
    });
    match receiver.await.expect("the thread sends its outcome") {
        Ok(outcome) => outcome.map_err(|error| Error::In(database.to_owned(), Box::new(error))),
        Err(panic) => resume_unwind(panic),
    }
}

fn on_this_thread<T>(
    database: &Path,
    stop: Arc<AtomicBool>,
    body: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    if !database.is_file() {
        return Err(Error::NoFile(database.to_owned()));
    }
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.progress_handler(100, Some(move || stop.load(Ordering::SeqCst)))?;
    connection.busy_timeout(Duration::from_millis(200))?;
    let transaction = connection.unchecked_transaction()?;
    let worked = body(&transaction).and_then(|value| {
        transaction.commit()?;
        Ok(value)
    });
    let closed = connection.close();
    let value = worked?;
    closed.map_err(|(_, error)| error)?;
    Ok(value)
}

pub async fn async_fetch_users(database: &Path) -> Result<Vec<User>> {
    fetch(database, "SELECT * FROM users ORDER BY id", []).await
}

pub async fn async_fetch_older_users(database: &Path, age: u32) -> Result<Vec<User>> {
    fetch(
        database,
        "SELECT * FROM users WHERE age > ?1 ORDER BY id",
        [age],
    )
    .await
}

async fn fetch(
    database: &Path,
    query: &'static str,
    parameters: impl Params + Send + 'static,
) -> Result<Vec<User>> {
    with_connection(database, move |connection| {
        let mut statement = connection.prepare(query)?;
        let users = statement.query_map(parameters, |row| {
            Ok(User {
                id: row.get("id")?,
                name: row.get("name")?,
                email: row.get("email")?,
                age: row.get("age")?,
            })
        })?;
        Ok(users.collect::<rusqlite::Result<_>>()?)
    })
    .await
}

pub async fn fetch_concurrently(
    database: &Path,
    older_than: u32,
) -> Result<(Vec<User>, Vec<User>)> {
    tokio::try_join!(
        async_fetch_users(database),
        async_fetch_older_users(database, older_than)
    )
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        Error::Sqlite(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NoFile(path) => {
                write!(f, "there is no file {}: create it first", path.display())
            }
            Error::Sqlite(error) => write!(f, "the query failed, check it: {error}"),
            Error::In(path, error) => write!(f, "in {}: {error}", path.display()),
        }
    }
}

impl std::error::Error for Error {}
