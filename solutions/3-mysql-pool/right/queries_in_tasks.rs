//! Right: each query runs in a task, on another thread if there is one. A `JoinSet` aborts the tasks whose caller is
//! gone.

use std::fmt;
use std::panic::{AssertUnwindSafe, resume_unwind};

use futures_util::{FutureExt, TryStreamExt};
use mysql_async::prelude::{Query, WithParams};
use mysql_async::{Opts, OptsBuilder, Params, Pool, PoolConstraints, PoolOpts, Row};
use shared::User;
use tokio::task::JoinSet;

#[derive(Debug)]
pub struct Error {
    text: String,
}

pub type Result<T> = std::result::Result<T, Error>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.text)
    }
}

impl std::error::Error for Error {}

impl From<String> for Error {
    fn from(text: String) -> Error {
        Error { text }
    }
}

impl From<mysql_async::Error> for Error {
    fn from(error: mysql_async::Error) -> Error {
        error.to_string().into()
    }
}

pub async fn with_pool<T>(
    url: &str,
    connections: usize,
    body: impl AsyncFnOnce(&Pool) -> Result<T>,
) -> Result<T> {
    if connections == 0 {
        return Err("0 connections are too few".to_owned().into());
    }
    let options = Opts::from_url(url).map_err(|error| error.to_string())?;
    let constraints = PoolConstraints::new(1, connections).expect("1 and more");
    let pool_options = PoolOpts::new().with_constraints(constraints);
    let pool = Pool::new(OptsBuilder::from_opts(options.clone()).pool_opts(pool_options));

    let first = pool.get_conn().await.map(drop);
    if let Err(error) = first {
        return Err(cannot_connect(&options, &error).into());
    }
    let outcome = AssertUnwindSafe(body(&pool)).catch_unwind().await;
    pool.disconnect().await?;
    outcome.unwrap_or_else(|panic| resume_unwind(panic))
}

fn cannot_connect(options: &Opts, error: &mysql_async::Error) -> String {
    let (host, port) = (options.ip_or_hostname(), options.tcp_port());
    let (user, database) = (options.user(), options.db_name());
    format!("no connection to {host}:{port}, user {user:?}, database {database:?}: {error}")
}

pub async fn fetch_users(pool: &Pool) -> Result<Vec<User>> {
    fetch(pool.clone(), None).await
}

pub async fn fetch_older_users(pool: &Pool, age: u32) -> Result<Vec<User>> {
    fetch(pool.clone(), Some(age)).await
}

pub async fn fetch_concurrently(pool: &Pool, older_than: u32) -> Result<(Vec<User>, Vec<User>)> {
    let mut queries = JoinSet::new();
    for age in [None, Some(older_than)] {
        let pool = pool.clone();
        queries.spawn(async move { (age.is_some(), fetch(pool, age).await) });
    }
    let (mut all, mut older) = (Ok(Vec::new()), Ok(Vec::new()));
    // Wait for both: dropping the set earlier would abort a task that holds a connection.
    while let Some(outcome) = queries.join_next().await {
        match outcome.map_err(|error| error.to_string())? {
            (false, users) => all = users,
            (true, users) => older = users,
        }
    }
    Ok((all?, older?))
}

/// Fetches all users, or those older than an age.
async fn fetch(pool: Pool, older_than: Option<u32>) -> Result<Vec<User>> {
    let (condition, parameters) = match older_than {
        None => ("", Params::Empty),
        Some(age) => ("WHERE age > ?", (age,).into()),
    };
    let statement = format!("SELECT id, name, email, age FROM users {condition} ORDER BY id");
    let rows = statement.with(parameters).stream::<Row, _>(&pool).await?;
    let users = rows.map_err(Error::from).and_then(async |row| user(row));
    users.try_collect().await
}

fn user(row: Row) -> Result<User> {
    let (id, name, email, age) =
        mysql_async::from_row_opt(row).map_err(|error| error.to_string())?;
    Ok(User {
        id,
        name,
        email,
        age,
    })
}
