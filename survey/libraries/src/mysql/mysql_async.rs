//! mysql_async: a pool, with its default options.

use futures_util::TryStreamExt;
use mysql_async::prelude::Queryable;
use mysql_async::{Opts, OptsBuilder, Pool, PoolConstraints, PoolOpts, TxOpts};
use questions::Result;
use questions::gate::Gate;
use questions::mysql::Library;

#[derive(Clone)]
pub struct MysqlAsync(pub Pool);

impl Library for MysqlAsync {
    async fn open(url: &str) -> Result<Self> {
        let one = PoolConstraints::new(1, 1).ok_or("limits of the pool")?;
        let options = OptsBuilder::from_opts(Opts::from_url(url)?)
            .pool_opts(PoolOpts::new().with_constraints(one))
            .prefer_socket(false);
        Ok(MysqlAsync(Pool::new(options)))
    }

    async fn users(&self) -> Result<usize> {
        let mut connection = self.0.get_conn().await?;
        let query = "SELECT id, name, email, age FROM users ORDER BY id";
        let users: Vec<(i64, String, String, u32)> = connection.query(query).await?;
        Ok(users.len())
    }

    async fn number(&self, sql: &'static str) -> Result<i64> {
        let mut connection = self.0.get_conn().await?;
        let number: Option<i64> = connection.query_first(sql).await?;
        Ok(number.ok_or("no row")?)
    }

    async fn execute(&self, sql: &'static str) -> Result<()> {
        let mut connection = self.0.get_conn().await?;
        Ok(connection.query_drop(sql).await?)
    }

    async fn transaction(&self, [first, second]: [&'static str; 2], gate: Gate) -> Result<()> {
        let mut transaction = self.0.start_transaction(TxOpts::default()).await?;
        transaction.query_drop(first).await?;
        gate.pass().await;
        transaction.query_drop(second).await?;
        Ok(transaction.commit().await?)
    }

    async fn rows(&self, sql: &'static str, gate: Gate) -> Result<u64> {
        let mut connection = self.0.get_conn().await?;
        let mut result = connection.query_iter(sql).await?;
        let rows = result.stream::<(i64, String)>().await?;
        let mut rows = rows.ok_or("no rows")?;
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
        Ok(self.0.disconnect().await?)
    }
}
