//! Right: a separate Tokio task waits for the end of the body and disconnects the pool. It waits for a channel whose other
//! end the body's future holds. The error is a box.

use std::panic::{AssertUnwindSafe, resume_unwind};

use futures_util::FutureExt;
use mysql_async::prelude::Queryable;
use mysql_async::{
    Opts, OptsBuilder, Params, Pool, PoolConstraints, PoolOpts, from_row_opt, params,
};
use shared::User;
use tokio::sync::oneshot;

pub type Error = Box<dyn std::error::Error + Send + Sync>;

pub type Result<T> = std::result::Result<T, Error>;

pub async fn with_pool<T>(
    url: &str,
    connections: usize,
    body: impl AsyncFnOnce(&Pool) -> Result<T>,
) -> Result<T> {
    let options = Opts::from_url(url)?;
    let database = format!(
        "{} at {}, port {}, for {}",
        options.db_name().unwrap_or("no database"),
        options.ip_or_hostname(),
        options.tcp_port(),
        options.user().unwrap_or("nobody"),
    );
    let constraints = PoolConstraints::new(1, connections).ok_or("0 connections")?;
    let pool_options = PoolOpts::new().with_constraints(constraints);
    let pool = Pool::new(OptsBuilder::from_opts(options).pool_opts(pool_options));

    let (end, ended) = oneshot::channel::<()>();
    let last = pool.clone();
    let closing = tokio::spawn(async move {
        // Always an error, because the other end is dropped without sending.
        let _ = ended.await;
        last.disconnect().await
    });

    let work = async {
        drop(pool.get_conn().await?);
        body(&pool).await
    };
    let outcome = AssertUnwindSafe(work).catch_unwind().await;
    drop(end);
    let closed = closing.await?;
    match outcome {
        Ok(Ok(value)) => Ok(closed.map(|()| value)?),
        Ok(Err(error)) => Err(format!("{error} ({database})").into()),
        Err(panic) => resume_unwind(panic),
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
    let statement = "SELECT id, name, email, age FROM users WHERE age > :age ORDER BY id";
    fetch(pool, statement, params! { age }).await
}

pub async fn fetch_concurrently(pool: &Pool, older_than: u32) -> Result<(Vec<User>, Vec<User>)> {
    tokio::try_join!(fetch_users(pool), fetch_older_users(pool, older_than))
}

/// Reads the columns in the order in which the statements name them.
async fn fetch(pool: &Pool, statement: &str, parameters: Params) -> Result<Vec<User>> {
    let mut connection = pool.get_conn().await?;
    let mut users = Vec::new();
    for row in connection.exec(statement, parameters).await? {
        let (id, name, email, age) = from_row_opt(row)?;
        users.push(User {
            id,
            name,
            email,
            age,
        });
    }
    Ok(users)
}
