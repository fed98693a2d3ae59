//! async-sqlite: one connection with a thread, which runs closures.

use std::path::Path;

use async_sqlite::{Client, ClientBuilder};
use questions::Result;
use questions::gate::Gate;
use questions::sqlite::Library;

#[derive(Clone)]
pub struct AsyncSqlite(Client);

impl Library for AsyncSqlite {
    async fn open(file: &Path) -> Result<Self> {
        Ok(AsyncSqlite(ClientBuilder::new().path(file).open().await?))
    }

    async fn number(&self, sql: &'static str) -> Result<i64> {
        let query = self.0.conn(|c| c.query_one(sql, [], |row| row.get(0)));
        Ok(query.await?)
    }

    async fn execute(&self, sql: &'static str) -> Result<()> {
        self.0.conn(|c| c.execute(sql, [])).await?;
        Ok(())
    }

    async fn transaction(&self, [first, second]: [&'static str; 2], gate: Gate) -> Result<()> {
        let body = self.0.conn_mut(move |c| {
            let transaction = c.transaction()?;
            transaction.execute(first, [])?;
            gate.pass_blocking();
            transaction.execute(second, [])?;
            transaction.commit()
        });
        Ok(body.await?)
    }

    async fn rows(&self, sql: &'static str, gate: Gate) -> Result<u64> {
        let query = self.0.conn(move |c| -> rusqlite::Result<u64> {
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
        });
        Ok(query.await?)
    }

    async fn close(self) -> Result<()> {
        Ok(self.0.close().await?)
    }
}
