//! Task 2 on sqlx: the same three functions, and a program with the options and the output of `2-concurrent`.
//!
//! sqlx has a thread for each SQLite connection, as aiosqlite has, and sends every row to the future. This is less code to
//! write, but slower with many rows. Dropping a future cancels its statement here too, through SQLite's progress handler.
//! sqlx cannot set a busy handler, so a wait for another connection's lock takes up to 5 seconds even after the drop. A path
//! that is not UTF-8 is an error.
//!
//! ```console
//! $ cargo run --example on_sqlx -- --older-than 40 --timeline
//! ```

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use async_lock::{Semaphore, SemaphoreGuard};
use concurrent::{Error, Result};
use futures_lite::{StreamExt, future};
use recorder::timeline::option::TimelineOption;
use shared::sqlite::{ErrorKind, existing_file, outcome};
use shared::{User, cli, output};
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection, TypeInfo, ValueRef};

/// Fetch all users and the older ones at the same time, with sqlx, and print both lists
#[derive(clap::Parser)]
#[command(name = "on_sqlx", version)]
struct Arguments {
    #[command(flatten)]
    database: cli::DatabaseOption,
    #[command(flatten)]
    output: output::OutputOption,
    #[command(flatten)]
    timeline: TimelineOption,
    /// The second list holds the users who are older than this, in years
    #[arg(
        long,
        value_name = "AGE",
        default_value_t = 40,
        allow_negative_numbers = true
    )]
    older_than: u32,
}

fn main() -> ExitCode {
    cli::run(|arguments: Arguments| {
        let (database, age) = (arguments.database.path()?, arguments.older_than);
        arguments.timeline.record(&database, || {
            let (all, older) = future::block_on(fetch_concurrently(&database, age))?;
            Ok(arguments.output.two_lists(&all, &older, age)?)
        })
    })
}

// `AS`: without it, SQLite promises no column names, and sqlx compares names exactly. `+`: sqlx reads the declared type of
// a plain column, and panics if it is not UTF-8; an expression has none.
const ALL: &str =
    "SELECT +id AS id, +name AS name, +email AS email, +age AS age FROM users ORDER BY users.id";
const OLDER: &str = "SELECT +id AS id, +name AS name, +email AS email, +age AS age FROM users WHERE age > ?1 \
     ORDER BY users.id";

/// The progress handler runs before each of SQLite's instructions.
const PROGRESS_OPS: i32 = 1;

/// One permit for each connection that may be open at the same time.
pub static PERMITS: Semaphore = Semaphore::new(64);

/// Returns every user of the database, in `id` order.
pub async fn async_fetch_users(database: &Path) -> Result<Vec<User>> {
    let cancel = CancelOnDrop::default();
    fetch(database, &cancel, ALL, None).await
}

/// Returns the users who are older than `age` years, in `id` order.
pub async fn async_fetch_older_users(database: &Path, age: u32) -> Result<Vec<User>> {
    let cancel = CancelOnDrop::default();
    fetch(database, &cancel, OLDER, Some(age)).await
}

/// Fetches both lists at the same time. The first error cancels the other query; it is returned when both connections
/// are closed.
pub async fn fetch_concurrently(
    database: &Path,
    older_than: u32,
) -> Result<(Vec<User>, Vec<User>)> {
    let cancel = CancelOnDrop::default();
    let all = fetch(database, &cancel, ALL, None);
    let older = fetch(database, &cancel, OLDER, Some(older_than));
    let both = future::zip(cancel.at_first_error(all), cancel.at_first_error(older));
    match both.await {
        (Ok(all), Ok(older)) => Ok((all, older)),
        (Err(cancelled), Err(reason)) if cancelled.is_cancelled() => Err(reason),
        (Err(error), _) | (_, Err(error)) => Err(error),
    }
}

/// Cancels the queries that read this flag, when it is dropped.
#[derive(Default)]
struct CancelOnDrop(Arc<AtomicBool>);

impl CancelOnDrop {
    async fn at_first_error<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        work.await
            .map_err(|error| match self.0.swap(true, Ordering::SeqCst) {
                true => Error::new(ErrorKind::Cancelled, "query"),
                false => error,
            })
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

async fn fetch(
    database: &Path,
    cancel: &CancelOnDrop,
    query: &'static str,
    age: Option<u32>,
) -> Result<Vec<User>> {
    let fetched = async {
        let mut connection = OpenConnection::open(database.to_owned()).await?;
        let worked = query_users(connection.get(), cancel, query, age).await;
        outcome(worked, connection.close().await)
    };
    fetched.await.map_err(|error| error.in_database(database))
}

async fn query_users(
    connection: &mut SqliteConnection,
    cancel: &CancelOnDrop,
    query: &'static str,
    age: Option<u32>,
) -> Result<Vec<User>> {
    let failed = |error| driver(error, "query").in_own_sql();
    let flag = cancel.0.clone();
    connection
        .lock_handle()
        .await
        .map_err(failed)?
        .set_progress_handler(PROGRESS_OPS, move || !flag.load(Ordering::SeqCst));
    let mut query = sqlx::query(query);
    if let Some(age) = age {
        query = query.bind(age);
    }
    // Row by row: `fetch_all` would hold all rows, and then all users beside them.
    let mut rows = query.fetch(connection);
    let mut users = Vec::new();
    while let Some(row) = rows.try_next().await.map_err(failed)? {
        users.push(user(&row)?);
    }
    Ok(users)
}

/// A connection and its permit. It is opened and closed on another thread than the executor's.
///
/// sqlx closes a SQLite connection on the thread that drops it last: its own, or the one that awaits
/// `SqliteConnection::close` (sqlx-sqlite 0.9, `ConnectionWorker`). Closing may block: in WAL mode it may write the whole
/// log back. And a plain drop would return the permit while the connection is still open.
struct OpenConnection(Option<(SqliteConnection, SemaphoreGuard<'static>)>);

impl OpenConnection {
    async fn open(database: PathBuf) -> Result<OpenConnection> {
        let permit = PERMITS.acquire().await;
        let open = move || {
            let options = SqliteConnectOptions::new()
                .filename(existing_file(&database)?)
                .create_if_missing(false)
                // sqlx would log slow statements as warnings.
                .disable_statement_logging();
            let connection =
                future::block_on(options.connect()).map_err(|error| driver(error, "open"))?;
            Ok(OpenConnection(Some((connection, permit))))
        };
        on_new_thread(open).await
    }

    fn get(&mut self) -> &mut SqliteConnection {
        let (connection, _) = self.0.as_mut().expect("only `close` takes it");
        connection
    }

    async fn close(mut self) -> Result<()> {
        match self.0.take() {
            Some(open) => on_new_thread(move || close(open)).await,
            None => Ok(()),
        }
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        if let Some(open) = self.0.take() {
            // If no thread can be started, this drops the connection here.
            let _ = thread::Builder::new().spawn(move || close(open));
        }
    }
}

fn close((connection, _permit): (SqliteConnection, SemaphoreGuard<'static>)) -> Result<()> {
    future::block_on(connection.close()).map_err(|error| driver(error, "close"))
}

async fn on_new_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let (sender, outcome) = async_channel::bounded(1);
    thread::Builder::new()
        .spawn(move || sender.force_send(work()))
        .map_err(Error::no_thread)?;
    outcome.recv().await.expect("the thread sends its outcome")
}

fn user(row: &SqliteRow) -> Result<User> {
    Ok(User {
        id: field(row, "id")?,
        name: field(row, "name")?,
        email: field(row, "email")?,
        age: field(row, "age")?,
    })
}

fn field<T>(row: &SqliteRow, column: &'static str) -> Result<T>
where
    T: for<'r> sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    // Decoded as `Option`: sqlx would otherwise read NULL as 0 or an empty string, as SQLite does.
    let found = match row.try_get::<Option<T>, _>(column) {
        Ok(Some(value)) => return Ok(value),
        Ok(None) => "NULL".to_owned(),
        Err(sqlx::Error::ColumnDecode { .. }) => match row.try_get_raw(column) {
            Ok(value) => format!(
                "a value of type {} that does not fit",
                value.type_info().name()
            ),
            Err(error) => return Err(driver(error, "read")),
        },
        Err(error) => return Err(driver(error, "read")),
    };
    let column = column.to_owned();
    let id = row.try_get::<Option<i64>, _>("id").ok().flatten();
    Err(Error::new(ErrorKind::Row { column, id, found }, "read"))
}

/// Converts sqlx's error. One of SQLite becomes rusqlite's, because the codes are the same.
fn driver(error: sqlx::Error, operation: &'static str) -> Error {
    let sqlite = error.as_database_error().and_then(|error| {
        let code = error.code()?.parse().ok()?;
        let message = Some(error.message().to_owned());
        Some(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(code),
            message,
        ))
    });
    let problem = match (sqlite, error) {
        (Some(error), _) => ErrorKind::Sqlite(error),
        // sqlx asks the operating system for nothing but a thread.
        (None, sqlx::Error::Io(error)) => ErrorKind::Thread(error),
        (None, error) => ErrorKind::Driver(error.into()),
    };
    Error::new(problem, operation)
}
