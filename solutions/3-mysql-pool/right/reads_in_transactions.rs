//! Right: each list is read in a transaction, which owns the connection. `FromRow` reads the rows, and the queries
//! are two futures of a `join`.

use std::fmt;
use std::panic::{AssertUnwindSafe, resume_unwind};

use futures_util::FutureExt;
use futures_util::future::join;
use mysql_async::prelude::{FromRow, Queryable};
use mysql_async::{
    FromRowError, Opts, OptsBuilder, Params, Pool, PoolConstraints, PoolOpts, Row, TxOpts,
};
use shared::User;

#[derive(Debug)]
pub enum Error {
    /// The arguments were invalid.
    Request(String),
    Driver(mysql_async::Error),
    Row(FromRowError),
}

pub type Result<T> = std::result::Result<T, Error>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Request(text) => f.write_str(text),
            Error::Driver(error) => error.fmt(f),
            Error::Row(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<mysql_async::Error> for Error {
    fn from(error: mysql_async::Error) -> Error {
        Error::Driver(error)
    }
}

pub async fn with_pool<T>(
    url: &str,
    connections: usize,
    body: impl AsyncFnOnce(&Pool) -> Result<T>,
) -> Result<T> {
    let options = Opts::from_url(url).map_err(mysql_async::Error::from)?;
    let constraints = PoolConstraints::new(connections, connections)
        .ok_or_else(|| Error::Request(format!("{connections} connections are too few")))?;
    let pool = Pool::new(
        OptsBuilder::from_opts(options.clone())
            .pool_opts(PoolOpts::new().with_constraints(constraints)),
    );
    let whole = async {
        match pool.get_conn().await {
            Ok(first) => drop(first),
            Err(error) => {
                return Err(Error::Request(format!(
                    "{error}: {} at {}:{}, as {}",
                    options.db_name().unwrap_or_default(),
                    options.ip_or_hostname(),
                    options.tcp_port(),
                    options.user().unwrap_or_default()
                )));
            }
        }
        body(&pool).await
    };
    let outcome = AssertUnwindSafe(whole).catch_unwind().await;
    let disconnected = pool.disconnect().await;
    match outcome {
        Err(panic) => resume_unwind(panic),
        Ok(Err(error)) => Err(error),
        Ok(Ok(value)) => disconnected.map(|()| value).map_err(Error::Driver),
    }
}

pub async fn fetch_users(pool: &Pool) -> Result<Vec<User>> {
    fetch(
        pool,
        "SELECT id, name, email, age FROM users ORDER BY id",
        Params::Empty,
    )
    .await
}

pub async fn fetch_older_users(pool: &Pool, age: u32) -> Result<Vec<User>> {
    let statement = "SELECT id, name, email, age FROM users WHERE age > ? ORDER BY id";
    fetch(pool, statement, Params::Positional(vec![age.into()])).await
}

pub async fn fetch_concurrently(pool: &Pool, older_than: u32) -> Result<(Vec<User>, Vec<User>)> {
    let (all, older) = join(fetch_users(pool), fetch_older_users(pool, older_than)).await;
    Ok((all?, older?))
}

async fn fetch(pool: &Pool, statement: &str, parameters: Params) -> Result<Vec<User>> {
    let mut transaction = pool.start_transaction(TxOpts::default()).await?;
    let add = |users: Result<Vec<User>>, row: Row| {
        let mut users = users?;
        let (id, name, email, age) = FromRow::from_row_opt(row).map_err(Error::Row)?;
        users.push(User {
            id,
            name,
            email,
            age,
        });
        Ok(users)
    };
    let users = transaction
        .exec_fold(statement, parameters, Ok(Vec::new()), add)
        .await?;
    transaction.commit().await?;
    users
}
