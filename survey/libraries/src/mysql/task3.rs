//! Task 3 of this project: `with_pool` and `fetch_users`. Everything else is mysql_async over that pool.

use std::sync::{Arc, Mutex};

use mysql_pool::{fetch_users, with_pool};
use questions::Result;
use questions::gate::Gate;
use questions::mysql::Library;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::mysql_async::MysqlAsync;

#[derive(Clone)]
pub struct Task3(MysqlAsync, Arc<Mutex<Option<Block>>>);

/// The task that runs the block `with_pool`. Dropping it ends the block by dropping its future.
struct Block {
    end: oneshot::Sender<()>,
    task: AbortOnDrop,
}

struct AbortOnDrop(JoinHandle<mysql_pool::Result<()>>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Library for Task3 {
    async fn open(url: &str) -> Result<Self> {
        let url = url.to_owned();
        let (end, ended) = oneshot::channel();
        let (send, pool) = oneshot::channel();
        let task = tokio::spawn(async move {
            let body = async move |pool: &mysql_async::Pool| {
                let _ = send.send(pool.clone());
                let _ = ended.await;
                Ok(())
            };
            with_pool(&url, 1, body).await
        });
        let task = AbortOnDrop(task);
        let block = Arc::new(Mutex::new(Some(Block { end, task })));
        Ok(Task3(MysqlAsync(pool.await?), block))
    }

    async fn users(&self) -> Result<usize> {
        Ok(fetch_users(&self.0.0).await?.len())
    }

    async fn number(&self, sql: &'static str) -> Result<i64> {
        self.0.number(sql).await
    }

    async fn execute(&self, sql: &'static str) -> Result<()> {
        self.0.execute(sql).await
    }

    async fn transaction(&self, statements: [&'static str; 2], gate: Gate) -> Result<()> {
        self.0.transaction(statements, gate).await
    }

    async fn rows(&self, sql: &'static str, gate: Gate) -> Result<u64> {
        self.0.rows(sql, gate).await
    }

    async fn close(self) -> Result<()> {
        let Task3(pool, block) = self;
        drop(pool);
        let block = block.lock().map_err(|_| "a panic")?.take();
        let Block { end, mut task } = block.ok_or("it was closed before")?;
        let _ = end.send(());
        Ok((&mut task.0).await??)
    }
}
