//! Wrong: the open connections stand in a list, from which a line after the `await` takes them to close them. A future that is
//! dropped never comes to that line.
//!
//! caught by: dropped_at_every_step_every_connection_closes
//! also: when_one_query_fails_the_other_is_stopped_and_closes, because the other one is stopped by a drop

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::Connection;
use shared::User;
use shared::sqlite::{open, outcome, read_users};

pub use shared::sqlite::{Error, Result};

/// Sets the flag when the future that owns it is dropped.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// The connections that are open, for whoever wants to know.
static OPEN: Mutex<Vec<Arc<Mutex<Connection>>>> = Mutex::new(Vec::new());

pub async fn with_connection<T: Send + 'static>(
    database: &Path,
    body: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
) -> Result<T> {
    let path = database.to_owned();
    let stop = Arc::new(AtomicBool::new(false));
    let _stop_on_drop = StopOnDrop(stop.clone());
    let connect = move || {
        let connection = open(&path)?;
        connection.progress_handler(1000, Some(move || stop.load(Ordering::SeqCst)))?;
        connection.busy_timeout(Duration::from_millis(250))?;
        Ok::<_, Error>(Arc::new(Mutex::new(connection)))
    };
    let connection = tokio::task::spawn_blocking(connect).await.expect("no panic")?;
    OPEN.lock().expect("no panic with it").push(connection.clone());

    let used = connection.clone();
    let work = move || {
        let connection = used.lock().expect("no panic with it");
        catch_unwind(AssertUnwindSafe(|| in_transaction(&connection, body)))
    };
    let worked = tokio::task::spawn_blocking(work).await.expect("no panic");

    OPEN.lock()
        .expect("no panic with it")
        .retain(|other| !Arc::ptr_eq(other, &connection));
    let close = move || match Arc::into_inner(connection).map(Mutex::into_inner) {
        Some(Ok(connection)) => connection.close().map_err(|(_, error)| error.into()),
        _ => Ok(()),
    };
    let closed = tokio::task::spawn_blocking(close).await.expect("no panic");
    match worked {
        Ok(worked) => outcome(worked, closed).map_err(|error| error.in_database(database)),
        Err(panic) => resume_unwind(panic),
    }
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
