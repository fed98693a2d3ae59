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
//! Beside this file: `cancel.rs` stops a query whose future was dropped, `abandon.rs` closes a pool whose future was,
//! `session.rs` sets a session up, `row.rs` makes users of rows, `url.rs` reads a URL, `error.rs` says what went wrong and
//! what to do.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod abandon;
mod cancel;
mod error;
mod row;
mod session;
#[cfg(test)]
mod tests;
mod url;

pub use error::{Error, Problem, Result};

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::Duration;

use abandon::DisconnectOnDrop;
use cancel::Fetch;
use futures_util::FutureExt;
use mysql_async::{OptsBuilder, Pool, PoolConstraints, PoolOpts};
use shared::User;
use url::Database;

/// A server that has not let us in by then does not answer.
const CONNECT_LIMIT: Duration = Duration::from_secs(4);

/// After so long a silence the kernel asks whether the other end still knows the connection (unless the URL has a
/// `tcp_keepalive` of its own). If the answer is no, whoever waits gets an error.
///
/// A server lets only so many wait until it takes them in (`back_log`). One that comes when the queue is full looks
/// connected to us, and is forgotten by the server's kernel: without the question it waits for the greeting for ever.
const KEEPALIVE: Duration = Duration::from_secs(5);

/// A connection that has not come back by then does not come back.
const DISCONNECT_LIMIT: Duration = Duration::from_secs(5);

const ALL: &str = "SELECT id, name, email, age FROM users ORDER BY id";
const OLDER: &str = "SELECT id, name, email, age FROM users WHERE age > ? ORDER BY id";

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
    let (options, database) = Database::read(url)?;
    // As many may idle in the pool as may be open: the driver closes at once what is over the first number. It also
    // reserves memory for as many as it is told, and no server takes more than this.
    let connections = connections.min(100_000);
    let constraints = PoolConstraints::new(connections, connections).ok_or(Problem::NoConnections)?;
    let pool_options = PoolOpts::with_constraints(options.pool_opts().clone(), constraints);
    let keepalive = options.tcp_keepalive().unwrap_or(KEEPALIVE);
    let options = OptsBuilder::from_opts(options)
        .ip_or_hostname(&*database.host)
        .pool_opts(pool_options)
        .tcp_keepalive(Some(keepalive))
        // Not by TCP first and by socket then: that leaves an aborted connection on the server each time.
        .prefer_socket(false)
        // A name with an accent cannot be sent before the character set is: `setup` chooses the database then.
        .db_name(Some(&database.name).filter(|name| name.is_ascii() && !name.is_empty()))
        .setup(vec![session::setup(&database.name)]);
    let pool = DisconnectOnDrop::new(options)?;

    let outcome = async {
        cancel::connect(&pool).await?;
        body(&pool).await
    };
    // A panic must not skip what comes after it, and goes on when that is done.
    let outcome = AssertUnwindSafe(outcome).catch_unwind().await;
    let disconnected = pool.disconnect().await;
    let result = match outcome {
        Ok(Ok(value)) => disconnected.map(|()| value),
        Ok(Err(error)) => Err(error.and(disconnected.err())),
        Err(panic) => resume_unwind(panic),
    };
    result.map_err(|error| error.on(database))
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
    Fetch::start(pool, ALL, ()).outcome().await
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
    Fetch::start(pool, OLDER, (age,)).outcome().await
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
    let all = Fetch::start(pool, ALL, ());
    let older = Fetch::start(pool, OLDER, (older_than,));
    cancel::both(all, older).await
}

/// The Rust in the lesson runs as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Lesson;
