//! sea-orm: a pool of sqlx.

use futures_util::TryStreamExt;
use questions::Result;
use questions::gate::Gate;
use questions::mysql::Library;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement,
    StreamTrait, TransactionTrait,
};

#[derive(Clone)]
pub struct SeaOrm(DatabaseConnection);

fn statement(sql: &str) -> Statement {
    Statement::from_string(DbBackend::MySql, sql)
}

impl Library for SeaOrm {
    async fn open(url: &str) -> Result<Self> {
        let mut options = ConnectOptions::new(url);
        options.max_connections(1);
        Ok(SeaOrm(Database::connect(options).await?))
    }

    async fn users(&self) -> Result<usize> {
        let query = "SELECT id, name, email, age FROM users ORDER BY id";
        Ok(self.0.query_all_raw(statement(query)).await?.len())
    }

    async fn number(&self, sql: &'static str) -> Result<i64> {
        let row = self.0.query_one_raw(statement(sql)).await?;
        Ok(row.ok_or("no row")?.try_get_by_index(0)?)
    }

    async fn execute(&self, sql: &'static str) -> Result<()> {
        self.0.execute_raw(statement(sql)).await?;
        Ok(())
    }

    async fn transaction(&self, [first, second]: [&'static str; 2], gate: Gate) -> Result<()> {
        let transaction = self.0.begin().await?;
        transaction.execute_raw(statement(first)).await?;
        gate.pass().await;
        transaction.execute_raw(statement(second)).await?;
        Ok(transaction.commit().await?)
    }

    async fn rows(&self, sql: &'static str, gate: Gate) -> Result<u64> {
        let mut rows = self.0.stream_raw(statement(sql)).await?;
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
        Ok(self.0.close().await?)
    }
}
