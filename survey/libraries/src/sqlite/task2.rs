//! Task 2 of this project: a connection for each call, which runs a closure.

use std::path::{Path, PathBuf};

use concurrent::with_connection;
use questions::Result;
use questions::gate::Gate;
use questions::sqlite::Library;

#[derive(Clone)]
pub struct Task2(PathBuf);

impl Library for Task2 {
    async fn open(file: &Path) -> Result<Self> {
        Ok(Task2(file.to_owned()))
    }

    async fn number(&self, sql: &'static str) -> Result<i64> {
        let query = with_connection(&self.0, |c| Ok(c.query_one(sql, [], |row| row.get(0))?));
        Ok(query.await?)
    }

    async fn execute(&self, sql: &'static str) -> Result<()> {
        with_connection(&self.0, |c| Ok(c.execute(sql, [])?)).await?;
        Ok(())
    }

    async fn transaction(&self, [first, second]: [&'static str; 2], gate: Gate) -> Result<()> {
        let body = with_connection(&self.0, move |c| {
            c.execute(first, [])?;
            gate.pass_blocking();
            c.execute(second, [])?;
            Ok(())
        });
        Ok(body.await?)
    }

    async fn rows(&self, sql: &'static str, gate: Gate) -> Result<u64> {
        let query = with_connection(&self.0, move |c| {
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
        Ok(()) // nothing is kept open
    }
}
