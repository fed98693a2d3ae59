//! MySQL: task 3, mysql_async alone, sqlx.

use std::time::Instant;

use futures_util::future::try_join_all;
use harness::mysql::{AGE, ALL, CONNECTIONS, OLDER, RUNNING, points, rows, stop};
use harness::{Job, Result, figures};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder, Params, Pool, PoolConstraints, PoolOpts};
use mysql_pool::{fetch_older_users, fetch_users, with_pool};
use shared::User;
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::{ConnectOptions, MySqlPool};

use crate::sqlite::SqlxUser;

pub async fn serve(job: &Job) -> Result<()> {
    let url: String = job.get("url")?;
    match job.peer.as_str() {
        "ours" => ours(job, &url).await,
        "mysql_async" => alone(job, &url).await,
        "sqlx" => with_sqlx(job, &url).await,
        _ => Err(job.unknown()),
    }
}

async fn ours(job: &Job, url: &str) -> Result<()> {
    if job.name == "connections" {
        return connections(job, url).await;
    }
    let connections = if job.name == "stop" { 1 } else { CONNECTIONS };
    with_pool(url, connections, async |pool| {
        let served = match job.name.as_str() {
            "points" => {
                let pool = pool.clone();
                let fetch = move || {
                    let pool = pool.clone();
                    async move { Ok(fetch_older_users(&pool, AGE).await?) }
                };
                points(job, fetch).await
            }
            "rows" => {
                let pool = pool.clone();
                let fetch = move || {
                    let pool = pool.clone();
                    async move { Ok(fetch_users(&pool).await?) }
                };
                rows(job, fetch).await
            }
            _ => {
                let mut looks = Leftovers::connect(url).await.map_err(other)?;
                let fetch = async || Ok(fetch_users(pool).await?);
                stop(
                    job,
                    fetch,
                    async || select_1(pool).await,
                    async |kill| looks.count(kill).await,
                )
                .await
            }
        };
        served.map_err(other)
    })
    .await?;
    Ok(())
}

fn other(error: Box<dyn std::error::Error + Send + Sync>) -> mysql_pool::Error {
    mysql_async::Error::Other(error).into()
}

/// Opens all connections of a pool at the same time, and closes them.
async fn connections(job: &Job, url: &str) -> Result<()> {
    let number: usize = job.get("connections")?;
    job.serve_async(async || {
        let begun = Instant::now();
        with_pool(url, number, async |pool| {
            try_join_all((0..number).map(|_| pool.get_conn())).await?;
            Ok(())
        })
        .await?;
        Ok(figures([("seconds", begun.elapsed().as_secs_f64())]))
    })
    .await
}

async fn connections_alone(job: &Job, url: &str) -> Result<()> {
    let number: usize = job.get("connections")?;
    job.serve_async(async || {
        let begun = Instant::now();
        let pool = driver_pool(url, number)?;
        try_join_all((0..number).map(|_| pool.get_conn())).await?;
        pool.disconnect().await?;
        Ok(figures([("seconds", begun.elapsed().as_secs_f64())]))
    })
    .await
}

/// The driver with its pool, which resets each connection for its next user.
async fn alone(job: &Job, url: &str) -> Result<()> {
    if job.name == "connections" {
        return connections_alone(job, url).await;
    }
    let connections = if job.name == "stop" { 1 } else { CONNECTIONS };
    let pool = driver_pool(url, connections)?;
    match job.name.as_str() {
        "points" => {
            let pool = pool.clone();
            points(job, move || fetch(pool.clone(), OLDER, (AGE,))).await?;
        }
        "rows" => {
            let pool = pool.clone();
            rows(job, move || fetch(pool.clone(), ALL, ())).await?;
        }
        "stop" => {
            let mut looks = Leftovers::connect(url).await?;
            let fetch = async || fetch(pool.clone(), ALL, ()).await;
            stop(
                job,
                fetch,
                async || Ok(select_1(&pool).await?),
                async |kill| looks.count(kill).await,
            )
            .await?;
        }
        _ => return Err(job.unknown()),
    }
    Ok(pool.disconnect().await?)
}

pub fn driver_pool(url: &str, connections: usize) -> Result<Pool> {
    let constraints = PoolConstraints::new(connections, connections).ok_or("no connections")?;
    let options = OptsBuilder::from_opts(mysql_async::Opts::from_url(url)?)
        .prefer_socket(false)
        .pool_opts(PoolOpts::new().with_constraints(constraints));
    Ok(Pool::new(options))
}

async fn fetch(
    pool: Pool,
    statement: &str,
    parameters: impl Into<Params> + Send,
) -> Result<Vec<User>> {
    let mut connection = pool.get_conn().await?;
    let user = |(id, name, email, age)| User {
        id,
        name,
        email,
        age,
    };
    Ok(connection.exec_map(statement, parameters, user).await?)
}

async fn select_1(pool: &Pool) -> Result<()> {
    Ok(pool.get_conn().await?.query_drop("SELECT 1").await?)
}

/// Finds statements that still run on the server after they were cancelled.
struct Leftovers(Conn);

impl Leftovers {
    async fn connect(url: &str) -> Result<Leftovers> {
        let options =
            OptsBuilder::from_opts(mysql_async::Opts::from_url(url)?).prefer_socket(false);
        Ok(Leftovers(Conn::new(options).await?))
    }

    async fn count(&mut self, kill: bool) -> Result<usize> {
        let ids: Vec<u64> = self.0.query(RUNNING).await?;
        for id in ids.iter().filter(|_| kill) {
            // An error means that it has ended.
            let _ = self.0.query_drop(format!("KILL {id}")).await;
        }
        Ok(ids.len())
    }
}

async fn with_sqlx(job: &Job, url: &str) -> Result<()> {
    let connections = if job.name == "stop" { 1 } else { CONNECTIONS };
    let pool = sqlx_pool(url, connections)?;
    match job.name.as_str() {
        "points" => {
            let fetch = move || {
                let pool = pool.clone();
                async move { sqlx_users(sqlx::query_as(OLDER).bind(AGE).fetch_all(&pool).await) }
            };
            points(job, fetch).await
        }
        "rows" => {
            let fetch = move || {
                let pool = pool.clone();
                async move { sqlx_users(sqlx::query_as(ALL).fetch_all(&pool).await) }
            };
            rows(job, fetch).await
        }
        "stop" => {
            let mut looks = Leftovers::connect(url).await?;
            let fetch = async || sqlx_users(sqlx::query_as(ALL).fetch_all(&pool).await);
            let select_1 = async || {
                sqlx::query("SELECT 1").execute(&pool).await?;
                Ok(())
            };
            stop(job, fetch, select_1, async |kill| looks.count(kill).await).await
        }
        _ => Err(job.unknown()),
    }
}

pub fn sqlx_pool(url: &str, connections: usize) -> Result<MySqlPool> {
    let options = url
        .parse::<MySqlConnectOptions>()?
        .disable_statement_logging();
    Ok(MySqlPoolOptions::new()
        .max_connections(connections as u32)
        .connect_lazy_with(options))
}

fn sqlx_users(users: sqlx::Result<Vec<SqlxUser>>) -> Result<Vec<User>> {
    Ok(SqlxUser::into_users(users?))
}
