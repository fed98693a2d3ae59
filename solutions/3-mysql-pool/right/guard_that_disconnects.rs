//! Right: a guard disconnects the pool in the background, unless it was disconnected before. Rows are streamed as
//! they come. The error is an enum.

use std::error::Error as StdError;
use std::fmt;
use std::panic::{AssertUnwindSafe, resume_unwind};

use futures_util::FutureExt;
use mysql_async::prelude::{FromValue, Queryable};
use mysql_async::{Opts, OptsBuilder, Params, Pool, PoolConstraints, PoolOpts, Row};
use shared::User;
use tokio::runtime::Handle;

#[derive(Debug)]
pub enum Error {
    NoConnections,
    Driver(mysql_async::Error),
    Column(&'static str),
    /// The database that the error is about.
    On(String, Box<Error>),
}

pub type Result<T> = std::result::Result<T, Error>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NoConnections => write!(f, "a pool of no connections is of no use"),
            Error::Driver(error) => write!(f, "{error}"),
            Error::Column(name) => write!(f, "the column `{name}` is missing or does not fit"),
            Error::On(database, error) => write!(f, "on {database}: {error}"),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Error::Driver(error) => Some(error),
            Error::On(_, error) => Some(error),
            _ => None,
        }
    }
}

impl From<mysql_async::Error> for Error {
    fn from(error: mysql_async::Error) -> Error {
        Error::Driver(error)
    }
}

/// Disconnects the pool that it holds, if any, when it is dropped.
struct Guard {
    pool: Option<Pool>,
    runtime: Handle,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.take() {
            self.runtime.spawn(pool.disconnect());
        }
    }
}

pub async fn with_pool<T>(
    url: &str,
    connections: usize,
    body: impl AsyncFnOnce(&Pool) -> Result<T>,
) -> Result<T> {
    let constraints = PoolConstraints::new(connections, connections).ok_or(Error::NoConnections)?;
    let options = Opts::from_url(url).map_err(mysql_async::Error::from)?;
    let database = format!(
        "{}@{}:{}/{}",
        options.user().unwrap_or(""),
        options.ip_or_hostname(),
        options.tcp_port(),
        options.db_name().unwrap_or(""),
    );
    let pool_options = PoolOpts::new().with_constraints(constraints);
    let options = OptsBuilder::from_opts(options)
        .pool_opts(pool_options)
        .prefer_socket(false);
    let pool = Pool::new(options);
    let mut guard = Guard {
        pool: Some(pool.clone()),
        runtime: Handle::current(),
    };

    let outcome = AssertUnwindSafe(async {
        drop(pool.get_conn().await?);
        body(&pool).await
    });
    let outcome = outcome.catch_unwind().await;
    let disconnected = pool.disconnect().await;
    guard.pool = None;
    let result = match outcome {
        Ok(result) => result.and_then(|value| Ok(disconnected.map(|()| value)?)),
        Err(panic) => resume_unwind(panic),
    };
    result.map_err(|error| Error::On(database, Box::new(error)))
}

pub async fn fetch_users(pool: &Pool) -> Result<Vec<User>> {
    fetch(
        pool,
        "SELECT id, name, email, age FROM users ORDER BY id",
        (),
    )
    .await
}

pub async fn fetch_older_users(pool: &Pool, age: u32) -> Result<Vec<User>> {
    let statement = "SELECT id, name, email, age FROM users WHERE age > ? ORDER BY id";
    fetch(pool, statement, (age,)).await
}

pub async fn fetch_concurrently(pool: &Pool, older_than: u32) -> Result<(Vec<User>, Vec<User>)> {
    let (all, older) = tokio::join!(fetch_users(pool), fetch_older_users(pool, older_than));
    Ok((all?, older?))
}

async fn fetch(pool: &Pool, statement: &str, parameters: impl Into<Params>) -> Result<Vec<User>> {
    let mut connection = pool.get_conn().await?;
    let mut rows = connection.exec_iter(statement, parameters.into()).await?;
    let mut users = Vec::new();
    while let Some(row) = rows.next().await? {
        users.push(User {
            id: column(&row, "id")?,
            name: column(&row, "name")?,
            email: column(&row, "email")?,
            age: column(&row, "age")?,
        });
    }
    Ok(users)
}

fn column<T: FromValue>(row: &Row, name: &'static str) -> Result<T> {
    match row.get_opt(name) {
        Some(Ok(value)) => Ok(value),
        _ => Err(Error::Column(name)),
    }
}
