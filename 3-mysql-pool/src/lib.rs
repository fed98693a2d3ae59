//! Task 3: two queries at once over a MySQL pool that closes itself.
//!
//! In Python, `async with aiomysql.create_pool(...) as pool:` closes the pool when its block ends, because `__aexit__` can
//! await. In Rust, `Drop` cannot await. So the block becomes a function that takes a body, [`with_pool`]. It runs the body,
//! and then disconnects the pool.
//!
//! | Python | here |
//! | --- | --- |
//! | `async with create_pool(...) as pool: ...` | [`with_pool`]`(url, connections, async \|pool\| ...)` |
//! | `async_fetch_users`, `async_fetch_older_users` | [`fetch_users`], [`fetch_older_users`] |
//! | `asyncio.gather(...)` | [`fetch_concurrently`] |
//!
//! | how it ends | what [`with_pool`] does | what a fetch does |
//! | --- | --- | --- |
//! | success | disconnects the pool, then returns the value | returns its connection to the pool, then the users |
//! | error | disconnects the pool, then returns the error | returns its connection to the pool, then the error |
//! | panic | catches it, disconnects the pool, and resumes it | resumes a panic of its Tokio task |
//! | drop of its future | only destructors run: that of `DisconnectOnDrop` spawns a Tokio task that disconnects the pool | that of `Query` cancels the query: its Tokio task stops the statement on the server, and returns the connection to the pool |
//!
//! Read this file first, then `pool_guard.rs` (`DisconnectOnDrop`) and `query.rs` (`Query`). Read last how the statement
//! of a dropped query is stopped: `kill.rs`, and `proof.rs`, which proves that the KILL reaches no other client. The other
//! files: `row.rs` turns rows into users, `session.rs` sets a session up, `url.rs` reads a URL, and `error.rs` has the messages.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod error;
mod kill;
mod pool_guard;
mod proof;
mod query;
mod row;
mod session;
#[cfg(test)]
mod tests;
mod url;

pub use error::{Error, ErrorKind, Result};

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::Duration;

use futures_util::FutureExt;
use mysql_async::Pool;
use pool_guard::DisconnectOnDrop;
use query::Query;
use shared::User;
use url::Database;

/// The longest time that a server may take to admit a client.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);

/// The longest time that `with_pool` waits for connections to be returned.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(5);

const ALL: &str = "SELECT id, name, email, age FROM users ORDER BY id";
const OLDER: &str = "SELECT id, name, email, age FROM users WHERE age > ? ORDER BY id";

/// Opens a pool of at most `connections` connections, runs `body` with it, and disconnects the pool: after `Ok`, after
/// `Err`, and after a panic. Returns what `body` returned.
///
/// The first connection is opened before `body` starts. A connection that is returned to the pool is used again. Before
/// that, its session is reset, so that its next user sees no transaction, lock, variable or temporary table of the last
/// one. Connections send `COM_QUIT` before they close, so the server counts none of them as aborted, except those that
/// panicking code holds: the driver cuts them.
///
/// ```
/// use mysql_async::prelude::Queryable;
/// # let server = temp_mariadb::TempServer::with(shared::schema::mysql_sample()).unwrap();
/// # let url = server.url();
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let names: Vec<String> = mysql_pool::with_pool(&url, 3, async |pool| {
///     let mut connection = pool.get_conn().await?;
///     Ok(connection.exec("SELECT name FROM users WHERE age > ? ORDER BY id", (60,)).await?)
/// })
/// .await?;
/// assert_eq!(names, ["Farid Haddad", "Kwame Boateng"]);
/// # mysql_pool::Result::Ok(()) }).unwrap();
/// ```
///
/// # Errors
///
/// - `connections` is 0, or the URL cannot be read. No error shows the URL's password.
/// - There is no first connection within 4 seconds: the error names host, port, user and database.
/// - `body` fails: its error wins. If disconnecting fails as well, the text says so.
/// - A connection is still in use 5 seconds after `body`: `body` returned it, or a Tokio task that `body` spawned holds it.
/// - A cancelled query could not be stopped on the server: 4 seconds after `body`, its connection is cut.
/// - There is no Tokio runtime.
///
/// # Cancel safety
///
/// If the future is dropped, the pool is disconnected in the background, on the runtime that first polled the future.
/// Statements that the server still runs for the pool's connections are killed where that is provably safe. The drop
/// may happen anywhere, even outside the runtime.
pub async fn with_pool<T>(
    url: &str,
    connections: usize,
    body: impl AsyncFnOnce(&Pool) -> Result<T>,
) -> Result<T> {
    let (options, database) = Database::read(url)?;
    // Dropped with this future, it disconnects the pool in the background.
    let pool = DisconnectOnDrop::new(options, &database, connections)?;

    let work = async {
        pool.connect().await?;
        body(&pool).await
    };
    let outcome = AssertUnwindSafe(work).catch_unwind().await;
    let disconnected = pool.disconnect().await; // after `Ok`, `Err` and a panic
    let result = match outcome {
        Ok(Ok(value)) => disconnected.map(|()| value),
        Ok(Err(error)) => Err(error.and(disconnected.err())),
        Err(panic) => resume_unwind(panic),
    };
    result.map_err(|error| error.on(database))
}

/// Returns every user, in `id` order.
///
/// ```
/// # let server = temp_mariadb::TempServer::with(shared::schema::mysql_sample()).unwrap();
/// # let url = server.url();
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let users = mysql_pool::with_pool(&url, 1, async |pool| mysql_pool::fetch_users(pool).await).await?;
/// assert_eq!(users, shared::sample_users());
/// # mysql_pool::Result::Ok(()) }).unwrap();
/// ```
///
/// # Errors
///
/// - The query fails.
/// - A row has an invalid value, such as an age that is NULL: the error names the column and the row.
///
/// Nothing here has a time limit: not the query, not the wait for a free connection, not the opening of a new one. To
/// set one, use [`tokio::time::timeout`].
///
/// # Panics
///
/// Panics outside a Tokio runtime.
///
/// # Cancel safety
///
/// If the future is dropped at any await, the query is cancelled in the background: a `KILL QUERY` stops the statement on
/// the server, and the connection returns to the pool intact. The KILL is sent only where it provably reaches this
/// statement. Otherwise the statement runs to its end, or until the pool closes.
pub async fn fetch_users(pool: &Pool) -> Result<Vec<User>> {
    Query::start(pool, ALL, ()).users().await
}

/// Returns the users older than `age` years, in `id` order. Like [`fetch_users`] otherwise.
///
/// ```
/// # let server = temp_mariadb::TempServer::with(shared::schema::mysql_sample()).unwrap();
/// # let url = server.url();
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let older = mysql_pool::with_pool(&url, 1, async |pool| mysql_pool::fetch_older_users(pool, 52).await).await?;
/// let ages: Vec<u32> = older.iter().map(|user| user.age).collect();
/// assert_eq!(ages, [67, 73]);
/// # mysql_pool::Result::Ok(()) }).unwrap();
/// ```
///
/// # Errors
///
/// Like [`fetch_users`].
///
/// # Panics
///
/// Like [`fetch_users`].
///
/// # Cancel safety
///
/// Like [`fetch_users`].
pub async fn fetch_older_users(pool: &Pool, age: u32) -> Result<Vec<User>> {
    Query::start(pool, OLDER, (age,)).users().await
}

/// Returns every user, and the users older than `older_than` years. The two queries run at the same time, each on its
/// own connection. On a pool of one connection they run one after the other.
///
/// ```
/// # let server = temp_mariadb::TempServer::with(shared::schema::mysql_sample()).unwrap();
/// # let url = server.url();
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let (all, older) =
///     mysql_pool::with_pool(&url, 2, async |pool| mysql_pool::fetch_concurrently(pool, 40).await).await?;
/// assert_eq!((all.len(), older.len()), (12, 4));
/// # mysql_pool::Result::Ok(()) }).unwrap();
/// ```
///
/// # Errors
///
/// Like [`fetch_users`]. If one query fails, the other is cancelled, and its connection is back in the pool before the
/// error is returned.
///
/// # Panics
///
/// Like [`fetch_users`].
///
/// # Cancel safety
///
/// As for [`fetch_users`]: both queries are cancelled.
pub async fn fetch_concurrently(pool: &Pool, older_than: u32) -> Result<(Vec<User>, Vec<User>)> {
    let all = Query::start(pool, ALL, ());
    let older = Query::start(pool, OLDER, (older_than,));
    query::both(all, older).await
}

/// Runs the Rust of the lesson as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Lesson;
