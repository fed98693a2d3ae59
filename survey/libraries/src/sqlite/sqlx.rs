//! sqlx: a pool; each connection has a thread.

use std::path::Path;

use futures_util::TryStreamExt;
use questions::Result;
use questions::gate::Gate;
use questions::sqlite::Library;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

#[derive(Clone)]
pub struct Sqlx(SqlitePool);

impl Library for Sqlx {
    async fn open(file: &Path) -> Result<Self> {
        let pool = SqlitePoolOptions::new().max_connections(1);
        let options = SqliteConnectOptions::new().filename(file);
        Ok(Sqlx(pool.connect_with(options).await?))
    }

    async fn number(&self, sql: &'static str) -> Result<i64> {
        Ok(sqlx::query_scalar(sql).fetch_one(&self.0).await?)
    }

    async fn execute(&self, sql: &'static str) -> Result<()> {
        sqlx::query(sql).execute(&self.0).await?;
        Ok(())
    }

    async fn transaction(&self, [first, second]: [&'static str; 2], gate: Gate) -> Result<()> {
        let mut transaction = self.0.begin().await?;
        sqlx::query(first).execute(&mut *transaction).await?;
        gate.pass().await;
        sqlx::query(second).execute(&mut *transaction).await?;
        Ok(transaction.commit().await?)
    }

    async fn rows(&self, sql: &'static str, gate: Gate) -> Result<u64> {
        let mut rows = sqlx::query(sql).fetch(&self.0);
        let mut count = 0;
        while rows.try_next().await?.is_some() {
            count += 1;
            if count == 1 {
                gate.pass().await;
            }
        }
        Ok(count)
    }

    async fn close(self) -> Result<()> {
        self.0.close().await;
        Ok(())
    }
}
