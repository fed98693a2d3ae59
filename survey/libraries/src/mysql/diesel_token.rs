//! diesel-async with its `cancel_token`: a guard sends `KILL QUERY` when the future of a query is dropped.

use diesel::sql_query;
use diesel_async::{MysqlCancelToken, RunQueryDsl};
use questions::Result;
use questions::gate::Gate;
use questions::mysql::Library;

use super::diesel::{Diesel, Number};

#[derive(Clone)]
pub struct WithToken(Diesel);

struct CancelOnDrop(Option<MysqlCancelToken>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if let Some(token) = self.0.take() {
            tokio::spawn(async move { token.cancel_query().await });
        }
    }
}

impl Library for WithToken {
    async fn open(url: &str) -> Result<Self> {
        Ok(WithToken(Diesel::open(url).await?))
    }

    async fn users(&self) -> Result<usize> {
        let mut connection = self.0.0.get().await?;
        let mut guard = CancelOnDrop(Some(connection.cancel_token()));
        let query = sql_query("SELECT id AS n FROM users ORDER BY id");
        let users: Vec<Number> = query.load(&mut connection).await?;
        guard.0 = None;
        Ok(users.len())
    }

    async fn number(&self, sql: &'static str) -> Result<i64> {
        self.0.number(sql).await
    }

    async fn execute(&self, sql: &'static str) -> Result<()> {
        Library::execute(&self.0, sql).await
    }

    async fn transaction(&self, statements: [&'static str; 2], gate: Gate) -> Result<()> {
        self.0.transaction(statements, gate).await
    }

    async fn rows(&self, sql: &'static str, gate: Gate) -> Result<u64> {
        self.0.rows(sql, gate).await
    }

    async fn close(self) -> Result<()> {
        self.0.close().await
    }
}
