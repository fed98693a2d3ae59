//! r2d2_sqlite: a pool that blocks, used with `spawn_blocking`.

use std::path::Path;

use questions::Result;
use questions::gate::Gate;
use questions::sqlite::Library;
use r2d2::Pool;
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::Connection;
use tokio::task::spawn_blocking;

#[derive(Clone)]
pub struct R2d2(Pool<SqliteConnectionManager>);

impl R2d2 {
    async fn call<T: Send + 'static>(
        &self,
        body: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let pool = self.0.clone();
        spawn_blocking(move || Ok(body(&mut *pool.get()?)?)).await?
    }
}

impl Library for R2d2 {
    async fn open(file: &Path) -> Result<Self> {
        let manager = SqliteConnectionManager::file(file);
        Ok(R2d2(Pool::builder().max_size(1).build(manager)?))
    }

    async fn number(&self, sql: &'static str) -> Result<i64> {
        self.call(|c| c.query_one(sql, [], |row| row.get(0))).await
    }

    async fn execute(&self, sql: &'static str) -> Result<()> {
        self.call(|c| c.execute(sql, [])).await?;
        Ok(())
    }

    async fn transaction(&self, [first, second]: [&'static str; 2], gate: Gate) -> Result<()> {
        self.call(move |c| {
            let transaction = c.transaction()?;
            transaction.execute(first, [])?;
            gate.pass_blocking();
            transaction.execute(second, [])?;
            transaction.commit()
        })
        .await
    }

    async fn rows(&self, sql: &'static str, gate: Gate) -> Result<u64> {
        self.call(move |c| {
            let mut statement = c.prepare(sql)?;
            let mut rows = statement.query([])?;
            let mut count = 0;
            while rows.next()?.is_some() {
                count += 1;
                if count == 1 {
                    gate.pass_blocking();
                }
            }
            Ok(count)
        })
        .await
    }

    async fn close(self) -> Result<()> {
        drop(self.0); // the pool has no `close`
        Ok(())
    }
}
