//! rusqlite with Tokio's `spawn_blocking`: one connection behind a mutex.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use questions::Result;
use questions::gate::Gate;
use questions::sqlite::Library;
use rusqlite::Connection;
use tokio::task::spawn_blocking;

#[derive(Clone)]
pub struct SpawnBlocking(Arc<Mutex<Connection>>);

impl SpawnBlocking {
    async fn call<T: Send + 'static>(
        &self,
        body: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let connection = self.0.clone();
        let body = move || body(&mut connection.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(spawn_blocking(body).await??)
    }
}

impl Library for SpawnBlocking {
    async fn open(file: &Path) -> Result<Self> {
        Ok(SpawnBlocking(Arc::new(Mutex::new(Connection::open(file)?))))
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
        drop(self.0);
        Ok(())
    }
}
