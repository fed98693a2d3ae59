//! A connection that is acquired before a query and released after it, with a log.
//!
//! ```python
//! @asynccontextmanager
//! async def get_connection():
//!     connection = await acquire_db_connection()
//!     try:
//!         yield connection
//!     finally:
//!         await release_db_connection(connection)
//!
//! async def get_all_users():
//!     async with get_connection() as connection:
//!         return await connection.fetch("SELECT ...")
//! ```
//!
//! Look at the log on standard error: each "released" comes before the line with the outcome, even if the query fails. The
//! log consists of events (`info!`) within a span that names the database. A span belongs to a future and not to a thread:
//! the future enters it at each poll, so the events of two futures that run at the same time are not mixed up. (Python has
//! context variables for that.) The release gets the span explicitly, because it runs in another Tokio task if this future is
//! dropped.

use std::path::Path;

use scope::{ScopeError, Scopes};
use shared::sqlite::create_sample;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::runtime::Handle;
use tracing::{Instrument, error, info, info_span};

const OLDER: &str = "SELECT name FROM users WHERE age > ? ORDER BY id";
const OLDER_STRANGERS: &str = "SELECT name FROM strangers WHERE age > ? ORDER BY id";

type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    // Data goes to standard output, the log to standard error. Only a program installs a subscriber. A library only logs.
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_target(false)
        .init();
    let folder = tempfile::tempdir()?;
    let database = folder.path().join("users.db");
    create_sample(&database)?;
    lesson(&database).await
}

pub async fn lesson(database: &Path) -> Result<(), Error> {
    let runtime = Handle::current();
    let scopes = Scopes::new(move |release| drop(runtime.spawn(release)));
    for query in [OLDER, OLDER_STRANGERS] {
        match get_names(&scopes, database, query).await {
            Ok(names) => println!("{}", names.join(", ")),
            Err(error) => error!("{error}"),
        }
    }
    // No future was dropped here. A program that drops futures waits for the releases before it ends.
    scopes.wait(std::future::pending::<()>()).await?;
    Ok(())
}

async fn get_names(
    scopes: &Scopes,
    database: &Path,
    query: &'static str,
) -> Result<Vec<String>, ScopeError<sqlx::Error>> {
    get_connection(scopes, database, async |connection| {
        info!(query);
        sqlx::query_scalar(query)
            .bind(60)
            .fetch_all(connection)
            .await
    })
    .await
}

async fn get_connection<T>(
    scopes: &Scopes,
    database: &Path,
    body: impl AsyncFnOnce(&mut SqliteConnection) -> sqlx::Result<T>,
) -> Result<T, ScopeError<sqlx::Error>> {
    let name = database.file_name().unwrap_or_default().display();
    let span = info_span!("get_connection", database = %name);
    let release = {
        let span = span.clone();
        |connection| release(connection).instrument(span)
    };
    scopes
        .run(acquire(database), body, release)
        .instrument(span)
        .await
}

async fn acquire(database: &Path) -> sqlx::Result<SqliteConnection> {
    info!("acquire");
    let options = SqliteConnectOptions::new()
        .filename(database)
        .read_only(true);
    let connection = options.connect().await?;
    info!("acquired");
    Ok(connection)
}

async fn release(connection: SqliteConnection) -> sqlx::Result<()> {
    info!("release");
    connection.close().await?;
    info!("released");
    Ok(())
}
