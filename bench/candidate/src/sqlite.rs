//! SQLite: tasks 0 to 2, rusqlite, sqlx.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use concurrent::fetch_concurrently;
use databaseconnection::DatabaseConnection;
use execute::ExecuteQuery;
use harness::sqlite::{AGE, ALL, ID, OLDER, ONE, open_row, serve as serve_fetch, two_queries};
use harness::{Job, Result, figures, tokio_runtime};
use rusqlite::{Connection, OpenFlags, Row};
use shared::User;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{ColumnIndex, ConnectOptions, Connection as _, Decode, FromRow, SqlitePool, Type};

/// Task 2's example, without its program.
#[allow(dead_code)]
#[path = "../../../2-concurrent/examples/on_sqlx.rs"]
mod on_sqlx;

pub fn serve(job: &Job) -> Result<()> {
    let database: PathBuf = job.get("database")?;
    match (job.name.as_str(), job.peer.as_str()) {
        ("two-queries", "ours on Tokio") => {
            let runtime = tokio_runtime()?;
            two_queries(job, || {
                Ok(runtime.block_on(fetch_concurrently(&database, AGE))?)
            })
        }
        ("two-queries", "ours on async-std") => two_queries(job, || {
            Ok(async_std::task::block_on(fetch_concurrently(
                &database, AGE,
            ))?)
        }),
        ("two-queries", "ours on smol") => two_queries(job, || {
            Ok(smol::block_on(fetch_concurrently(&database, AGE))?)
        }),
        ("two-queries", "ours with sqlx") => {
            let runtime = tokio_runtime()?;
            two_queries(job, || {
                let fetch = on_sqlx::fetch_concurrently(&database, AGE);
                Ok(runtime.block_on(fetch)?)
            })
        }
        ("two-queries", "rusqlite") => two_queries(job, || on_two_threads(&database)),
        ("many", "rusqlite") => many_on_threads(job, &database),
        (_, "ours") if job.name != "open-row" => serve_fetch(job, |age| {
            let database = database.clone();
            async move {
                Ok(match age {
                    None => concurrent::async_fetch_users(&database).await?,
                    Some(age) => concurrent::async_fetch_older_users(&database, age).await?,
                })
            }
        }),
        (_, "sqlx") => serve_fetch(job, |age| with_sqlx(database.clone(), age)),
        (_, "sqlx, kept") => {
            // Created at the first fetch, because it must be created within a runtime.
            let pool = OnceCell::new();
            let make = || SqlitePoolOptions::new().connect_lazy_with(sqlx_options(&database));
            serve_fetch(job, |age| {
                with_sqlx_pool(pool.get_or_init(make).clone(), age)
            })
        }
        ("open-row", peer) => match peer {
            "ours, task 0" => open_row(job, || {
                let connection = DatabaseConnection::open(&database)?;
                let user = one(&connection)?;
                connection.close()?;
                Ok(user)
            }),
            "ours, task 0, with_connection" => open_row(job, || {
                Ok(databaseconnection::with_connection(
                    &database,
                    |connection| Ok(one(connection)?),
                )?)
            }),
            "ours, task 1" => {
                let query = ExecuteQuery::new(&database, ONE, [ID]);
                open_row(job, || {
                    Ok(query.run(|rows| Ok(user(rows.next()?.expect("one row"))?))?)
                })
            }
            "rusqlite" => open_row(job, || {
                let connection = open(&database)?;
                let user = one(&connection)?;
                connection.close().map_err(|(_, error)| error)?;
                Ok(user)
            }),
            "rusqlite, in a transaction" => open_row(job, || {
                let mut connection = open(&database)?;
                let transaction = connection.transaction()?;
                let user = one(&transaction)?;
                transaction.commit()?;
                connection.close().map_err(|(_, error)| error)?;
                Ok(user)
            }),
            _ => Err(job.unknown()),
        },
        _ => Err(job.unknown()),
    }
}

/// The limit: a thread for each query, no runtime, and no cancellation.
fn on_two_threads(database: &Path) -> Result<(Vec<User>, Vec<User>)> {
    thread::scope(|scope| {
        let older = scope.spawn(|| with_rusqlite(database, Some(AGE)));
        Ok((
            with_rusqlite(database, None)?,
            older.join().expect("no panic")?,
        ))
    })
}

/// The limit for `many`: a thread for each core.
fn many_on_threads(job: &Job, database: &Path) -> Result<()> {
    let fetches: usize = job.get("fetches")?;
    job.serve(|| {
        let begun = Instant::now();
        let next = AtomicUsize::new(0);
        let fetched = thread::scope(|scope| {
            let work = || {
                let mut fetched = Vec::new();
                while next.fetch_add(1, Ordering::Relaxed) < fetches {
                    fetched.push(with_rusqlite(database, Some(AGE))?);
                }
                Ok(fetched)
            };
            let threads: Vec<_> = (0..thread::available_parallelism()?.get())
                .map(|_| scope.spawn(work))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("no panic"))
                .collect::<Result<Vec<_>>>()
        })?;
        let took = begun.elapsed();
        Ok(figures([
            ("seconds", took.as_secs_f64()),
            (
                "rows",
                fetched.iter().flatten().map(Vec::len).sum::<usize>() as f64,
            ),
        ]))
    })
}

fn open(database: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(database, flags)
}

fn with_rusqlite(database: &Path, age: Option<u32>) -> Result<Vec<User>> {
    let connection = open(database)?;
    let users = match age {
        None => connection
            .prepare(ALL)?
            .query_map([], user)?
            .collect::<rusqlite::Result<_>>(),
        Some(age) => connection.prepare(OLDER)?.query_map([age], user)?.collect(),
    }?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(users)
}

fn one(connection: &Connection) -> rusqlite::Result<User> {
    connection.query_one(ONE, [ID], user)
}

fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: row.get(0)?,
        name: row.get(1)?,
        email: row.get(2)?,
        age: row.get(3)?,
    })
}

fn sqlx_options(database: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(database)
}

async fn with_sqlx(database: PathBuf, age: Option<u32>) -> Result<Vec<User>> {
    let mut connection = sqlx_options(&database).connect().await?;
    let users: Vec<SqlxUser> = match age {
        None => sqlx::query_as(ALL).fetch_all(&mut connection).await?,
        Some(age) => {
            sqlx::query_as(OLDER)
                .bind(age)
                .fetch_all(&mut connection)
                .await?
        }
    };
    connection.close().await?;
    Ok(SqlxUser::into_users(users))
}

async fn with_sqlx_pool(pool: SqlitePool, age: Option<u32>) -> Result<Vec<User>> {
    let users: Vec<SqlxUser> = match age {
        None => sqlx::query_as(ALL).fetch_all(&pool).await?,
        Some(age) => sqlx::query_as(OLDER).bind(age).fetch_all(&pool).await?,
    };
    Ok(SqlxUser::into_users(users))
}

/// A row as sqlx decodes it.
pub struct SqlxUser {
    id: i64,
    name: String,
    email: String,
    age: u32,
}

/// As `#[derive(FromRow)]` would write it. With the derive, Cargo compiles sqlx a second time to run the macro.
impl<'r, R: sqlx::Row> FromRow<'r, R> for SqlxUser
where
    for<'name> &'name str: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    u32: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> sqlx::Result<SqlxUser> {
        Ok(SqlxUser {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            email: row.try_get("email")?,
            age: row.try_get("age")?,
        })
    }
}

impl SqlxUser {
    /// Converts to the shared type, in the same allocation.
    pub fn into_users(users: Vec<SqlxUser>) -> Vec<User> {
        users
            .into_iter()
            .map(
                |SqlxUser {
                     id,
                     name,
                     email,
                     age,
                 }| User {
                    id,
                    name,
                    email,
                    age,
                },
            )
            .collect()
    }
}
