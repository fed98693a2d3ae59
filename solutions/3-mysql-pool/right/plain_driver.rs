//! Right: the driver alone. When the future of `with_pool` is dropped, the last handle of the pool is dropped as
//! well, and the driver disconnects idle connections. The wrong solutions are edits of this one.

use std::fmt;
use std::panic::{AssertUnwindSafe, resume_unwind};

use futures_util::FutureExt;
use mysql_async::prelude::Queryable;
use mysql_async::{Opts, OptsBuilder, Params, Pool, PoolConstraints, PoolOpts, Row};
use shared::User;

#[derive(Debug)]
pub struct Error(String);

pub type Result<T> = std::result::Result<T, Error>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl From<mysql_async::Error> for Error {
    fn from(error: mysql_async::Error) -> Error {
        Error(error.to_string())
    }
}

pub async fn with_pool<T>(
    url: &str,
    connections: usize,
    body: impl AsyncFnOnce(&Pool) -> Result<T>,
) -> Result<T> {
    let options = Opts::from_url(url).map_err(mysql_async::Error::from)?;
    let place = place(&options);
    let Some(constraints) = PoolConstraints::new(1, connections) else {
        return Err(Error("a pool needs one connection at least".to_owned()));
    };
    let pool_options = PoolOpts::new().with_constraints(constraints);
    let pool = Pool::new(OptsBuilder::from_opts(options).pool_opts(pool_options));

    let work = async {
        drop(pool.get_conn().await?);
        body(&pool).await
    };
    let outcome = AssertUnwindSafe(work).catch_unwind().await;
    let disconnected = pool.disconnect().await;
    match outcome {
        Ok(Ok(value)) => disconnected.map(|()| value).map_err(Error::from),
        Ok(Err(Error(text))) => Err(Error(format!("{text} ({place})"))),
        Err(panic) => resume_unwind(panic),
    }
}

/// Returns everything in the URL except the password.
fn place(options: &Opts) -> String {
    let (host, port) = (options.ip_or_hostname(), options.tcp_port());
    let user = options.user().unwrap_or_default();
    let database = options.db_name().unwrap_or_default();
    format!("database {database} on {host}:{port}, as {user}")
}

const ALL: &str = "SELECT * FROM users ORDER BY id";
const OLDER: &str = "SELECT * FROM users WHERE age > ? ORDER BY id";

pub async fn fetch_users(pool: &Pool) -> Result<Vec<User>> {
    fetch(pool, ALL, Params::Empty).await
}

pub async fn fetch_older_users(pool: &Pool, age: u32) -> Result<Vec<User>> {
    fetch(pool, OLDER, (age,).into()).await
}

pub async fn fetch_concurrently(pool: &Pool, older_than: u32) -> Result<(Vec<User>, Vec<User>)> {
    tokio::try_join!(fetch_users(pool), fetch_older_users(pool, older_than))
}

async fn fetch(pool: &Pool, statement: &str, parameters: Params) -> Result<Vec<User>> {
    let mut connection = pool.get_conn().await?;
    let rows: Vec<Row> = connection.exec(statement, parameters).await?;
    rows.iter().map(user).collect()
}

fn user(row: &Row) -> Result<User> {
    fn column<T: mysql_async::prelude::FromValue>(row: &Row, name: &str) -> Result<T> {
        let value = row
            .get_opt(name)
            .ok_or_else(|| Error(format!("there is no column `{name}`")))?;
        value.map_err(|error| Error(format!("the column `{name}`: {error}")))
    }
    Ok(User {
        id: column(row, "id")?,
        name: column(row, "name")?,
        email: column(row, "email")?,
        age: column(row, "age")?,
    })
}
