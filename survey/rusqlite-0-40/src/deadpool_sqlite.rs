//! deadpool-sqlite: an asynchronous pool whose connections run closures on the runtime's threads for blocking work.

use std::path::Path;

use deadpool_sqlite::{Config, Pool, PoolConfig, Runtime};
use questions::Result;
use questions::gate::Gate;
use questions::sqlite::Library;

#[derive(Clone)]
pub struct Deadpool(Pool);

impl Library for Deadpool {
    async fn open(file: &Path) -> Result<Self> {
        let mut config = Config::new(file);
        config.pool = Some(PoolConfig::new(1));
        Ok(Deadpool(config.create_pool(Runtime::Tokio1)?))
    }

    async fn number(&self, sql: &'static str) -> Result<i64> {
        let connection = self.0.get().await?;
        let query = connection.interact(|c| c.query_one(sql, [], |row| row.get(0)));
        Ok(query.await.map_err(|error| error.to_string())??)
    }

    async fn execute(&self, sql: &'static str) -> Result<()> {
        let connection = self.0.get().await?;
        let change = connection.interact(|c| c.execute(sql, []));
        change.await.map_err(|error| error.to_string())??;
        Ok(())
    }

    async fn transaction(&self, [first, second]: [&'static str; 2], gate: Gate) -> Result<()> {
        let connection = self.0.get().await?;
        let body = connection.interact(move |c| {
            let transaction = c.transaction()?;
            transaction.execute(first, [])?;
            gate.pass_blocking();
            transaction.execute(second, [])?;
            transaction.commit()
        });
        Ok(body.await.map_err(|error| error.to_string())??)
    }

    async fn rows(&self, sql: &'static str, gate: Gate) -> Result<u64> {
        let connection = self.0.get().await?;
        let query = connection.interact(move |c| -> rusqlite::Result<u64> {
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
        Ok(query.await.map_err(|error| error.to_string())??)
    }

    async fn close(self) -> Result<()> {
        self.0.close();
        Ok(())
    }
}
