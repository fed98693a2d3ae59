//! diesel with diesel-async: a pool of deadpool.

use diesel::prelude::QueryableByName;
use diesel::sql_query;
use diesel::sql_types::BigInt;
use diesel_async::pooled_connection::AsyncDieselConnectionManager;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::{AsyncConnection, AsyncMysqlConnection, RunQueryDsl};
use futures_util::TryStreamExt;
use questions::Result;
use questions::gate::Gate;
use questions::mysql::Library;

#[derive(Clone)]
pub struct Diesel(pub Pool<AsyncMysqlConnection>);

#[derive(QueryableByName)]
pub struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

impl Library for Diesel {
    async fn open(url: &str) -> Result<Self> {
        let manager = AsyncDieselConnectionManager::<AsyncMysqlConnection>::new(url);
        Ok(Diesel(Pool::builder(manager).max_size(1).build()?))
    }

    async fn users(&self) -> Result<usize> {
        let mut connection = self.0.get().await?;
        let query = sql_query("SELECT id AS n FROM users ORDER BY id");
        let users: Vec<Number> = query.load(&mut connection).await?;
        Ok(users.len())
    }

    async fn number(&self, sql: &'static str) -> Result<i64> {
        let mut connection = self.0.get().await?;
        let number: Number = sql_query(sql).get_result(&mut connection).await?;
        Ok(number.n)
    }

    async fn execute(&self, sql: &'static str) -> Result<()> {
        let mut connection = self.0.get().await?;
        sql_query(sql).execute(&mut connection).await?;
        Ok(())
    }

    async fn transaction(&self, [first, second]: [&'static str; 2], gate: Gate) -> Result<()> {
        let mut connection = self.0.get().await?;
        let body = connection.transaction(async |connection| {
            sql_query(first).execute(connection).await?;
            gate.pass().await;
            sql_query(second).execute(connection).await?;
            diesel::QueryResult::Ok(())
        });
        Ok(body.await?)
    }

    async fn rows(&self, sql: &'static str, gate: Gate) -> Result<u64> {
        let mut connection = self.0.get().await?;
        let mut rows = sql_query(sql)
            .load_stream::<Number>(&mut connection)
            .await?;
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
        self.0.close();
        Ok(())
    }
}
