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
//! Write the bodies of the four functions, and run `cargo test` until every check passes. The signatures must stay as they
//! are. The library prints nothing. These modules are already written, and you may use them:
//!
//! - `url.rs`: `Database::read(url)` returns the driver's options, and host, port, user and name of the database.
//! - `row.rs`: `Columns::of(columns)` finds the columns by name, and its `user(row, number)` converts a row.
//! - `error.rs`: the errors. `Error::on(database)` adds the database to the message, `Error::and(other)` a second error.

// Delete this line when you begin. It hides warnings about code that is not written yet.
#![allow(unused_variables, dead_code)]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod error;
mod row;
mod url;

pub use error::{Error, ErrorKind, Result};

use std::time::Duration;

use mysql_async::Pool;
use shared::User;

/// The time limit for the first connection. `error.rs` shows it in a message.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);

/// The time limit for connections that are still in use. `error.rs` shows it in a message.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens a pool of at most `connections` connections, runs `body` with it, and disconnects the pool: after `Ok`, after
/// `Err`, and after a panic. Returns what `body` returned.
///
/// The first connection is opened before `body` starts. A connection that is returned to the pool is used again. Before
/// that, its session is reset, so that its next user sees no transaction, lock, variable or temporary table of the last
/// one. When this function returns, every connection is closed and has sent `COM_QUIT`.
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
/// - `connections` is 0.
/// - The URL cannot be read. No error shows the URL's password.
/// - The first connection cannot be opened: the error names host, port, user and database.
/// - `body` fails: its error is returned.
///
/// # Cancel safety
///
/// If the future is dropped, the pool is disconnected in the background, on the runtime that first polled the future. The
/// drop does not panic, even outside the runtime.
pub async fn with_pool<T>(
    url: &str,
    connections: usize,
    body: impl AsyncFnOnce(&Pool) -> Result<T>,
) -> Result<T> {
    todo!("make the pool, open its first connection, run `body`, and disconnect the pool")
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
/// - A row has an invalid value, for example an age that is NULL, negative or text.
pub async fn fetch_users(pool: &Pool) -> Result<Vec<User>> {
    todo!("get a connection from the pool, query all users, and convert each row")
}

/// Returns the users older than `age` years, in `id` order. The age is bound as a parameter of the query.
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
pub async fn fetch_older_users(pool: &Pool, age: u32) -> Result<Vec<User>> {
    todo!("like `fetch_users`, with a `WHERE` and the age as a parameter")
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
/// Like [`fetch_users`]. The error of either query is returned.
pub async fn fetch_concurrently(pool: &Pool, older_than: u32) -> Result<(Vec<User>, Vec<User>)> {
    todo!("run both queries at the same time, each on its own connection")
}
