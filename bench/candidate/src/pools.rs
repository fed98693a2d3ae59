//! Acquiring and releasing a pool's connection, nothing else.

use std::sync::Arc;

use harness::mysql::{CONNECTIONS, pool};
use harness::{Job, Result};
use mysql_async::{Conn, Opts, OptsBuilder};
use mysql_pool::with_pool;

use crate::mysql::{driver_pool, sqlx_pool};

pub async fn serve(job: &Job) -> Result<()> {
    let url: String = job.get("url")?;
    match job.peer.as_str() {
        // As for any body: a round trip resets what the last user left.
        "ours" => ours(job, &url, true).await,
        // As our fetches return a connection, because they leave nothing to reset.
        "ours, without the reset" => ours(job, &url, false).await,
        "mysql_async" => {
            let driver = driver_pool(&url, CONNECTIONS)?;
            let shared = driver.clone();
            pool(job, move || {
                let driver = shared.clone();
                async move {
                    driver.get_conn().await?;
                    Ok(())
                }
            })
            .await?;
            Ok(driver.disconnect().await?)
        }
        // It pings the server before each use: a round trip.
        "sqlx" => {
            let sqlx = sqlx_pool(&url, CONNECTIONS)?;
            pool(job, move || {
                let sqlx = sqlx.clone();
                async move {
                    sqlx.acquire().await?;
                    Ok(())
                }
            })
            .await
        }
        "deadpool" | "deadpool, with a reset" => {
            let manager = Manager::new(&url, job.peer.contains("reset"))?;
            let builder =
                deadpool::managed::Pool::<Manager>::builder(manager).max_size(CONNECTIONS);
            let deadpool = builder.build()?;
            pool(job, move || {
                let deadpool = deadpool.clone();
                async move {
                    drop(deadpool.get().await.map_err(|error| error.to_string())?);
                    Ok(())
                }
            })
            .await
        }
        "bb8" | "bb8, with a reset" => {
            let manager = Manager::new(&url, job.peer.contains("reset"))?;
            let builder = bb8::Pool::builder().max_size(CONNECTIONS as u32);
            let bb8 = Arc::new(builder.build(manager).await?);
            pool(job, move || {
                let bb8 = bb8.clone();
                async move {
                    bb8.get().await.map_err(|error| error.to_string())?;
                    Ok(())
                }
            })
            .await
        }
        _ => Err(job.unknown()),
    }
}

async fn ours(job: &Job, url: &str, reset: bool) -> Result<()> {
    with_pool(url, CONNECTIONS, async |ours| {
        let ours = ours.clone();
        let served = pool(job, move || {
            let ours = ours.clone();
            async move {
                ours.get_conn().await?.reset_connection(reset);
                Ok(())
            }
        });
        Ok(served.await.map_err(mysql_async::Error::Other)?)
    })
    .await?;
    Ok(())
}

/// Lets deadpool and bb8 manage the driver's connections, with or without a reset for each user.
struct Manager {
    options: Opts,
    reset: bool,
}

impl Manager {
    fn new(url: &str, reset: bool) -> Result<Manager> {
        let options = OptsBuilder::from_opts(Opts::from_url(url)?).prefer_socket(false);
        Ok(Manager {
            options: options.into(),
            reset,
        })
    }

    async fn connect(&self) -> mysql_async::Result<Conn> {
        Conn::new(self.options.clone()).await
    }

    async fn make_ready(&self, connection: &mut Conn) -> mysql_async::Result<()> {
        match self.reset {
            true => connection.reset().await.map(drop),
            false => Ok(()),
        }
    }
}

impl deadpool::managed::Manager for Manager {
    type Type = Conn;
    type Error = mysql_async::Error;

    async fn create(&self) -> mysql_async::Result<Conn> {
        self.connect().await
    }

    async fn recycle(
        &self,
        connection: &mut Conn,
        _: &deadpool::managed::Metrics,
    ) -> deadpool::managed::RecycleResult<mysql_async::Error> {
        Ok(self.make_ready(connection).await?)
    }
}

impl bb8::ManageConnection for Manager {
    type Connection = Conn;
    type Error = mysql_async::Error;

    async fn connect(&self) -> mysql_async::Result<Conn> {
        Manager::connect(self).await
    }

    async fn is_valid(&self, connection: &mut Conn) -> mysql_async::Result<()> {
        self.make_ready(connection).await
    }

    fn has_broken(&self, _: &mut Conn) -> bool {
        false
    }
}
