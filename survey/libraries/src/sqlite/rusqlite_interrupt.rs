//! rusqlite with Tokio's `spawn_blocking`: one connection behind a mutex, and a guard that calls
//! `InterruptHandle::interrupt` when the future is dropped.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use questions::Result;
use questions::gate::Gate;
use questions::sqlite::Library;
use rusqlite::{Connection, InterruptHandle};
use tokio::task::spawn_blocking;

#[derive(Clone)]
pub struct Interrupted(Arc<Mutex<Connection>>, Arc<InterruptHandle>);

struct InterruptOnDrop(Arc<InterruptHandle>);

impl Drop for InterruptOnDrop {
    fn drop(&mut self) {
        self.0.interrupt(); // does nothing if no statement runs
    }
}

impl Interrupted {
    async fn call<T: Send + 'static>(
        &self,
        body: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let connection = self.0.clone();
        let _interrupt = InterruptOnDrop(self.1.clone());
        let body = move || body(&mut connection.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(spawn_blocking(body).await??)
    }
}

impl Library for Interrupted {
    async fn open(file: &Path) -> Result<Self> {
        let connection = Connection::open(file)?;
        let handle = Arc::new(connection.get_interrupt_handle());
        Ok(Interrupted(Arc::new(Mutex::new(connection)), handle))
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
