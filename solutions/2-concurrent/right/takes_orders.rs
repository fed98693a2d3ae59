//! Right: a thread owns the connection and takes orders from a channel, one after the other, as aiosqlite does. When
//! the channel closes, the thread ends and the connection closes.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use async_lock::{Semaphore, SemaphoreGuard};
use rusqlite::Connection;
use shared::User;
use shared::sqlite::{ErrorKind, open, outcome, read_users};
use tokio::sync::oneshot;

pub use shared::sqlite::{Error, Result};

static CONNECTIONS: Semaphore = Semaphore::new(50);

type Order = Box<dyn FnOnce(&mut Option<Connection>) + Send>;

struct Orders {
    sender: mpsc::Sender<Order>,
    is_dropped: Arc<AtomicBool>,
}

impl Orders {
    fn new(permit: SemaphoreGuard<'static>) -> Orders {
        let (sender, orders) = mpsc::channel::<Order>();
        thread::spawn(move || {
            let mut connection = None;
            for order in orders {
                order(&mut connection);
            }
            drop(connection);
            drop(permit);
        });
        Orders {
            sender,
            is_dropped: Arc::default(),
        }
    }

    /// Sends an order to the thread, and waits for its result.
    async fn order<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Option<Connection>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (tell, told) = oneshot::channel();
        let order: Order = Box::new(move |connection| {
            let outcome = catch_unwind(AssertUnwindSafe(|| work(&mut *connection)));
            if outcome.is_err() {
                *connection = None;
            }
            let _ = tell.send(outcome);
        });
        let stopped = || Error::new(ErrorKind::Cancelled, "query");
        self.sender.send(order).map_err(|_| stopped())?;
        told.await
            .map_err(|_| stopped())?
            .unwrap_or_else(|panic| resume_unwind(panic))
    }
}

impl Drop for Orders {
    fn drop(&mut self) {
        self.is_dropped.store(true, Ordering::SeqCst);
    }
}

pub async fn with_connection<T: Send + 'static>(
    database: &Path,
    body: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
) -> Result<T> {
    let orders = Orders::new(CONNECTIONS.acquire().await);
    let path = database.to_owned();
    let is_dropped = orders.is_dropped.clone();
    let worked = async {
        let connect = move |connection: &mut Option<Connection>| {
            let connection = connection.insert(open(&path)?);
            connection.progress_handler(1000, Some(move || is_dropped.load(Ordering::SeqCst)))?;
            connection.busy_timeout(Duration::from_millis(250))?;
            Ok(connection.execute_batch("BEGIN")?)
        };
        orders.order(connect).await?;
        let value = orders.order(|connection| body(opened(connection))).await?;
        let commit =
            |connection: &mut Option<Connection>| Ok(opened(connection).execute_batch("COMMIT")?);
        orders.order(commit).await?;
        Ok(value)
    };
    let worked = worked.await;
    let close = |connection: &mut Option<Connection>| match connection.take() {
        Some(connection) => connection.close().map_err(|(_, error)| error.into()),
        None => Ok(()),
    };
    let closed = orders.order(close).await;
    outcome(worked, closed).map_err(|error| error.in_database(database))
}

fn opened(connection: &Option<Connection>) -> &Connection {
    connection.as_ref().expect("the first order opened it")
}

pub async fn async_fetch_users(database: &Path) -> Result<Vec<User>> {
    with_connection(database, |connection| {
        let mut statement = connection.prepare("SELECT * FROM users ORDER BY id")?;
        read_users(&mut statement.query([])?)
    })
    .await
}

pub async fn async_fetch_older_users(database: &Path, age: u32) -> Result<Vec<User>> {
    with_connection(database, move |connection| {
        let mut statement = connection.prepare("SELECT * FROM users WHERE age > ? ORDER BY id")?;
        read_users(&mut statement.query([age])?)
    })
    .await
}

pub async fn fetch_concurrently(
    database: &Path,
    older_than: u32,
) -> Result<(Vec<User>, Vec<User>)> {
    tokio::try_join!(
        async_fetch_users(database),
        async_fetch_older_users(database, older_than)
    )
}
