//! Right: sqlx fetches the users, with a thread for each connection. Only `with_connection`, which passes a
//! connection of rusqlite to its body, uses `spawn_blocking`.

use std::panic::resume_unwind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_lite::future::try_zip;
use rusqlite::Connection as Rusqlite;
use shared::User;
use shared::sqlite::{ErrorKind, existing_file, open, outcome};
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};
use tokio::sync::Semaphore;

pub use shared::sqlite::{Error, Result};

const SHORT: Duration = Duration::from_millis(250);

static CONNECTIONS: Semaphore = Semaphore::const_new(50);

#[derive(Default)]
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

pub async fn with_connection<T: Send + 'static>(
    database: &Path,
    body: impl FnOnce(&Rusqlite) -> Result<T> + Send + 'static,
) -> Result<T> {
    let database = database.to_owned();
    let stop_on_drop = StopOnDrop::default();
    let stop = stop_on_drop.0.clone();
    let work = move || {
        let connection = open(&database)?;
        connection.progress_handler(1000, Some(move || stop.load(Ordering::SeqCst)))?;
        connection.busy_timeout(SHORT)?;
        let worked = in_transaction(&connection, body);
        let closed = connection.close().map_err(|(_, error)| error.into());
        outcome(worked, closed).map_err(|error| error.in_database(&database))
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(panic) => resume_unwind(panic.into_panic()),
    }
}

fn in_transaction<T>(
    connection: &Rusqlite,
    body: impl FnOnce(&Rusqlite) -> Result<T>,
) -> Result<T> {
    let transaction = connection.unchecked_transaction()?;
    let value = body(&transaction)?;
    transaction.commit()?;
    Ok(value)
}

pub async fn async_fetch_users(database: &Path) -> Result<Vec<User>> {
    fetch(database, "SELECT * FROM users ORDER BY id", None).await
}

pub async fn async_fetch_older_users(database: &Path, age: u32) -> Result<Vec<User>> {
    fetch(
        database,
        "SELECT * FROM users WHERE age > ?1 ORDER BY id",
        Some(age),
    )
    .await
}

pub async fn fetch_concurrently(
    database: &Path,
    older_than: u32,
) -> Result<(Vec<User>, Vec<User>)> {
    try_zip(
        async_fetch_users(database),
        async_fetch_older_users(database, older_than),
    )
    .await
}

async fn fetch(database: &Path, query: &'static str, age: Option<u32>) -> Result<Vec<User>> {
    let _permit = CONNECTIONS.acquire().await.expect("it is never closed");
    let options = SqliteConnectOptions::new()
        .filename(existing_file(database)?)
        .create_if_missing(false)
        .busy_timeout(SHORT)
        .disable_statement_logging();
    let fetched = async {
        let mut connection = options.connect().await?;
        let worked = fetch_over(&mut connection, query, age).await;
        connection.close().await?;
        worked
    };
    fetched
        .await
        .map_err(|error| Error::new(ErrorKind::Driver(error.into()), "query").in_database(database))
}

async fn fetch_over(
    connection: &mut SqliteConnection,
    query: &'static str,
    age: Option<u32>,
) -> sqlx::Result<Vec<User>> {
    let stop_on_drop = StopOnDrop::default();
    let stop = stop_on_drop.0.clone();
    connection
        .lock_handle()
        .await?
        .set_progress_handler(1000, move || !stop.load(Ordering::SeqCst));
    let query = sqlx::query(query);
    let query = match age {
        Some(age) => query.bind(age),
        None => query,
    };
    query
        .fetch_all(connection)
        .await?
        .iter()
        .map(user)
        .collect()
}

fn user(row: &SqliteRow) -> sqlx::Result<User> {
    // Decoded as `Option`: sqlx would otherwise read NULL as 0 or an empty string.
    let null = |column: &str| sqlx::Error::Decode(format!("the column {column} holds NULL").into());
    Ok(User {
        id: row
            .try_get::<Option<_>, _>("id")?
            .ok_or_else(|| null("id"))?,
        name: row
            .try_get::<Option<_>, _>("name")?
            .ok_or_else(|| null("name"))?,
        email: row
            .try_get::<Option<_>, _>("email")?
            .ok_or_else(|| null("email"))?,
        age: row
            .try_get::<Option<_>, _>("age")?
            .ok_or_else(|| null("age"))?,
    })
}
