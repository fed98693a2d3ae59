//! Candidates on a later rusqlite than ours: tokio-rusqlite, async-sqlite, deadpool-sqlite; and rusqlite itself, which
//! shows what the later SQLite alone changes.

#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::thread;

use deadpool_sqlite::{Config, Runtime};
use harness::sqlite::{AGE, ALL, OLDER, serve, two_queries};
use harness::{Job, Result};
use rusqlite::{Connection, Row};
use shared::User;

fn main() -> Result<()> {
    let job = Job::from_command_line()?;
    let database: PathBuf = job.get("database")?;
    match job.peer.as_str() {
        "rusqlite 0.40" => two_queries(&job, || {
            let fetch = |age| -> Result<Vec<User>> {
                let connection = Connection::open(&database)?;
                let users = users(&connection, age)?;
                connection.close().map_err(|(_, error)| error)?;
                Ok(users)
            };
            thread::scope(|scope| {
                let older = scope.spawn(|| fetch(Some(AGE)));
                Ok((fetch(None)?, older.join().expect("no panic")?))
            })
        }),
        "tokio-rusqlite" => serve(&job, |age| {
            let database = database.clone();
            async move {
                let connection = tokio_rusqlite::Connection::open(database).await?;
                let users = connection
                    .call(move |connection| users(connection, age))
                    .await?;
                connection.close().await?;
                Ok(users)
            }
        }),
        "async-sqlite" => serve(&job, |age| {
            let database = database.clone();
            async move {
                let client = async_sqlite::ClientBuilder::new()
                    .path(database)
                    .open()
                    .await?;
                let users = client
                    .conn(move |connection| users(connection, age))
                    .await?;
                client.close().await?;
                Ok(users)
            }
        }),
        // These keep their connections open, as a pool does. Users of the other two keep a clone.
        "tokio-rusqlite, kept" => {
            let open = || -> Result<_> {
                harness::tokio_runtime()?
                    .block_on(async { Ok(tokio_rusqlite::Connection::open(&database).await?) })
            };
            let kept = [open()?, open()?];
            serve(&job, |age| {
                let connection = kept[usize::from(age.is_some())].clone();
                async move {
                    Ok(connection
                        .call(move |connection| users(connection, age))
                        .await?)
                }
            })
        }
        "async-sqlite, kept" => {
            let open = || {
                async_sqlite::ClientBuilder::new()
                    .path(&database)
                    .open_blocking()
            };
            let kept = [open()?, open()?];
            serve(&job, |age| {
                let client = kept[usize::from(age.is_some())].clone();
                async move {
                    Ok(client
                        .conn(move |connection| users(connection, age))
                        .await?)
                }
            })
        }
        "deadpool-sqlite, kept" => {
            let pool = Config::new(&database).create_pool(Runtime::Tokio1)?;
            serve(&job, |age| {
                let pool = pool.clone();
                async move {
                    let connection = pool.get().await?;
                    let users = connection
                        .interact(move |connection| users(connection, age))
                        .await;
                    Ok(users.map_err(|error| error.to_string())??)
                }
            })
        }
        _ => Err(job.unknown()),
    }
}

fn users(connection: &Connection, age: Option<u32>) -> rusqlite::Result<Vec<User>> {
    match age {
        None => connection.prepare(ALL)?.query_map([], user)?.collect(),
        Some(age) => connection.prepare(OLDER)?.query_map([age], user)?.collect(),
    }
}

fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: row.get(0)?,
        name: row.get(1)?,
        email: row.get(2)?,
        age: row.get(3)?,
    })
}
