//! The same three functions on sqlx.
//!
//! sqlx keeps a thread for each SQLite connection, as aiosqlite does, and sends the rows across, one by one: easier
//! to write, slower with many rows. Here too, a future that is dropped stops its statement, through SQLite's progress
//! handler; sqlx has no busy handler to set, so that a wait for somebody else's lock goes on to its end, 5 seconds at
//! the most. A path that is not UTF-8 is an error here.

use std::path::{Path, PathBuf};
use std::thread;

use async_lock::SemaphoreGuard;
use futures_lite::{StreamExt, future};
use shared::User;
use shared::sqlite::{ErrorKind, existing_file, outcome};
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection, TypeInfo, ValueRef};

use crate::limit::CONNECTIONS;
use crate::stop::{self, StopOnDrop};
use crate::thread::on_its_own_thread;
use crate::{Error, Result};

// With an AS, because without it SQLite promises no names, and sqlx tells upper case from lower. With a +, because that makes
// an expression of a column: sqlx asks for the declared type of a column, and panics on one that is not UTF-8.
const ALL: &str =
    "SELECT +id AS id, +name AS name, +email AS email, +age AS age FROM users ORDER BY users.id";
const OLDER: &str = "SELECT +id AS id, +name AS name, +email AS email, +age AS age FROM users WHERE age > ?1 \
     ORDER BY users.id";

/// Every user of the database, in `id` order. As [`async_fetch_users`](crate::async_fetch_users).
///
/// # Errors
///
/// As [`async_fetch_users`](crate::async_fetch_users).
///
/// # Cancel safety
///
/// Dropping the future stops the query and then closes its connection; a wait for a lock ends first.
pub async fn async_fetch_users(database: &Path) -> Result<Vec<User>> {
    let stop = StopOnDrop::new();
    fetch(database, &stop, ALL, None).await
}

/// The users who are older than `age` years. As [`async_fetch_older_users`](crate::async_fetch_older_users).
///
/// # Errors
///
/// As [`async_fetch_users`](crate::async_fetch_users).
///
/// # Cancel safety
///
/// As [`async_fetch_users`].
pub async fn async_fetch_older_users(database: &Path, age: u32) -> Result<Vec<User>> {
    let stop = StopOnDrop::new();
    fetch(database, &stop, OLDER, Some(age)).await
}

/// All users, and those older than `older_than`, at the same time. As
/// [`fetch_concurrently`](crate::fetch_concurrently).
///
/// # Errors
///
/// As [`async_fetch_users`](crate::async_fetch_users), for either query. The first failure stops the other query; when
/// the error is returned, both connections are closed.
///
/// # Cancel safety
///
/// As [`async_fetch_users`], for both queries.
pub async fn fetch_concurrently(
    database: &Path,
    older_than: u32,
) -> Result<(Vec<User>, Vec<User>)> {
    let stop = StopOnDrop::new();
    let fetched = future::zip(
        stop.at_an_error(fetch(database, &stop, ALL, None)),
        stop.at_an_error(fetch(database, &stop, OLDER, Some(older_than))),
    );
    stop::both(fetched.await)
}

async fn fetch(
    database: &Path,
    stop: &StopOnDrop,
    query: &'static str,
    age: Option<u32>,
) -> Result<Vec<User>> {
    let fetched = async {
        let mut connection = Guard::open(database.to_owned()).await?;
        let worked = fetch_over(connection.get(), stop, query, age).await;
        outcome(stop.handle().explain(worked), connection.close().await)
    };
    fetched.await.map_err(|error| error.in_database(database))
}

/// A connection that is opened and closed on another thread than the executor's, and its permit.
///
/// sqlx closes a SQLite connection on the thread that lets go of it last: its own, or the one that awaits
/// `SqliteConnection::close` or drops the connection (sqlx-sqlite 0.9, `ConnectionWorker`). Closing may take long; of a
/// database in WAL mode it may write the whole log back. And a drop does not wait for sqlx's thread, so that the permit
/// would come back while the connection is still open.
struct Guard(Option<(SqliteConnection, SemaphoreGuard<'static>)>);

impl Guard {
    async fn open(database: PathBuf) -> Result<Guard> {
        let permit = CONNECTIONS.acquire().await;
        let open = move || {
            let options = SqliteConnectOptions::new()
                .filename(existing_file(&database)?)
                .create_if_missing(false)
                // sqlx would log slow statements as warnings.
                .disable_statement_logging();
            let connection =
                future::block_on(options.connect()).map_err(|error| driver(error, "open"))?;
            Ok(Guard(Some((connection, permit))))
        };
        on_its_own_thread(open).await
    }

    fn get(&mut self) -> &mut SqliteConnection {
        let (connection, _) = self.0.as_mut().expect("it is there until it is closed");
        connection
    }

    async fn close(mut self) -> Result<()> {
        match self.0.take() {
            Some(open) => on_its_own_thread(move || close(open)).await,
            None => Ok(()),
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(open) = self.0.take() {
            // Where no thread can be started, the connection is dropped here.
            let _ = thread::Builder::new().spawn(move || close(open));
        }
    }
}

fn close((connection, _permit): (SqliteConnection, SemaphoreGuard<'static>)) -> Result<()> {
    future::block_on(connection.close()).map_err(|error| driver(error, "close"))
}

async fn fetch_over(
    connection: &mut SqliteConnection,
    stop: &StopOnDrop,
    query: &'static str,
    age: Option<u32>,
) -> Result<Vec<User>> {
    let failed = |error| driver(error, "query").in_own_sql();
    let handle = stop.handle();
    connection
        .lock_handle()
        .await
        .map_err(failed)?
        .set_progress_handler(stop::STEPS_BETWEEN_LOOKS, move || !handle.is_told());
    let mut query = sqlx::query(query);
    if let Some(age) = age {
        query = query.bind(age);
    }
    // Row by row, and not `fetch_all`: it would hold all rows, and then all users beside them.
    let mut rows = query.fetch(connection);
    let mut users = Vec::new();
    while let Some(row) = rows.try_next().await.map_err(failed)? {
        users.push(user(&row)?);
    }
    Ok(users)
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
    // As an `Option`, for of a NULL sqlx would otherwise make what SQLite does: 0, or an empty text.
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

/// sqlx's error as rusqlite would have it, where it is SQLite's: the codes are the same.
fn driver(error: sqlx::Error, doing: &'static str) -> Error {
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
        // All that it asks of the operating system itself is a thread.
        (None, sqlx::Error::Io(error)) => ErrorKind::Thread(error),
        (None, error) => ErrorKind::Driver(error.into()),
    };
    Error::new(problem, doing)
}
