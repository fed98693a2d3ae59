//! Task 3: two queries at once over a MySQL pool that closes itself.
//!
//! In Python, `async with aiomysql.create_pool(...) as pool:` closes the pool when its block ends, because
//! `__aexit__` can await. In Rust nothing that awaits runs by itself: `Drop` is a plain function. So the block is a
//! function that is given the body, [`with_pool`], and what it does after the body is written after the body.
//!
//! | Python | here |
//! | --- | --- |
//! | `async with create_pool(...) as pool: ...` | [`with_pool`]`(url, connections, async \|pool\| ...)` |
//! | `async_fetch_users`, `async_fetch_older_users` | [`fetch_users`], [`fetch_older_users`] |
//! | `asyncio.gather(...)` | [`fetch_concurrently`] |
//!
//! Fill in the bodies, and run `cargo test` until it is content. What is beside the point comes solved: `row.rs` makes a
//! user of a row, `url.rs` reads the URL, `error.rs` says what went wrong and what to do.

// Delete this line when you begin: it keeps the compiler quiet about what is not there yet.
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

/// How long a server may take to admit a client.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);

/// How long `with_pool` waits for connections to be returned before it gives up.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Makes a pool of at most `connections` connections, runs `body` with it, and disconnects it: after `Ok`, after
/// `Err`, after a panic. Returns what `body` returned.
///
/// The first connection is made before `body` begins. Connections are used again, each with its session reset
/// (transaction, locks, variables, temporary tables), and are closed the polite way, so that the server counts none
/// of them as aborted. In a panic the driver can only cut the connections that the panicking code itself holds.
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
/// - `connections` is 0, or the URL cannot be read. No error ever shows the URL's password.
/// - There is no first connection within 4 seconds: the error names host, port, user and database.
/// - `body` fails: its error wins over one of disconnecting, which is then part of its text.
/// - A connection is still out 5 seconds after `body`: returned by it, or held by a task that it spawned.
/// - There is no Tokio runtime.
///
/// # Cancel safety
///
/// Dropped part-way, the pool is disconnected in the background, on the runtime that polled it first, and whatever
/// the server still runs for one of its connections is killed there. The drop itself may happen anywhere, also
/// outside the runtime.
pub async fn with_pool<T>(
    url: &str,
    connections: usize,
    body: impl AsyncFnOnce(&Pool) -> Result<T>,
) -> Result<T> {
    todo!(
        "make the pool and its first connection, run `body`, disconnect; and think of each way out"
    )
}

/// Every user, in `id` order.
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
/// When the query fails, and when a row does not fit a [`User`]: the error names the column and the row.
///
/// Neither the query has a limit, nor the wait for a free connection of the pool, nor the opening of one that the pool
/// does not have yet. Whoever wants one drops the future, with [`tokio::time::timeout`] for example.
///
/// # Panics
///
/// Outside a Tokio runtime.
///
/// # Cancel safety
///
/// Dropped part-way, at whichever await, the statement is stopped on the server, and its connection goes back to the
/// pool whole. See [`with_pool`] for how it is waited for.
pub async fn fetch_users(pool: &Pool) -> Result<Vec<User>> {
    todo!("query every user over a connection of the pool, by the names of the columns")
}

/// The users older than `age` years, in `id` order. As [`fetch_users`] in all else.
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
/// As [`fetch_users`].
///
/// # Panics
///
/// As [`fetch_users`].
///
/// # Cancel safety
///
/// As [`fetch_users`].
pub async fn fetch_older_users(pool: &Pool, age: u32) -> Result<Vec<User>> {
    todo!("the same, for who is older; bind the age")
}

/// Every user and the users older than `older_than` years, by two queries at the same time, each on a connection of
/// its own. On a pool of one connection they run one after the other.
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
/// As [`fetch_users`]. When one query fails the other is stopped, and its connection is back in the pool before the
/// error is returned.
///
/// # Panics
///
/// As [`fetch_users`].
///
/// # Cancel safety
///
/// As [`fetch_users`], for both.
pub async fn fetch_concurrently(pool: &Pool, older_than: u32) -> Result<(Vec<User>, Vec<User>)> {
    todo!("both at the same time, on a connection each")
}
