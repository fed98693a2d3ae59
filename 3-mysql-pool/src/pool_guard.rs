//! A pool that is disconnected in the background when the future that holds it is dropped.

use std::ops::Deref;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use mysql_async::{Opts, OptsBuilder, Pool, PoolConstraints, PoolOpts};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::error::{Error, ErrorKind, Result};
use crate::kill::{Killer, plain};
use crate::url::Database;
use crate::{CONNECT_TIMEOUT, DISCONNECT_TIMEOUT, session};

/// The time of silence after which the kernel asks whether the other end of a connection still exists (unless the URL sets
/// `tcp_keepalive`). A server whose queue of new clients is full (`back_log`) forgets a connection that looks
/// established here. Without the question, its client would wait for the greeting forever.
const KEEPALIVE: Duration = Duration::from_secs(5);

/// The part of `DISCONNECT_TIMEOUT` that remains when the connections of cancelled queries that still run are cut.
const CUT_TIMEOUT: Duration = Duration::from_secs(1);

/// A pool that is not disconnected yet.
pub(crate) struct DisconnectOnDrop {
    pool: Option<Pool>,
    options: Opts,
    killer: Arc<Killer>,
    /// Taken when the pool is made, because the drop may happen outside the runtime.
    runtime: Handle,
}

impl DisconnectOnDrop {
    /// Makes a pool of at most `connections` connections. Opens none yet.
    pub fn new(options: Opts, database: &Database, connections: usize) -> Result<DisconnectOnDrop> {
        let options = pool_options(options, database, connections)?;
        let runtime = Handle::try_current().map_err(|_| ErrorKind::NoRuntime)?;
        let killer = Killer::new();
        let noting = killer.clone();
        let options = Opts::from(options.after_connect(move |connection| {
            let killer = noting.clone();
            Box::pin(async move { killer.note(connection).await })
        }));
        let pool = Pool::new(options.clone());
        killer.serve(&pool);
        Ok(DisconnectOnDrop {
            pool: Some(pool),
            options,
            killer,
            runtime,
        })
    }

    /// Opens the first connection. In a Tokio task, because a connection that is dropped during the handshake counts as
    /// aborted.
    pub async fn connect(&self) -> Result<()> {
        let connecting = tokio::spawn(timeout(CONNECT_TIMEOUT, self.get_conn()));
        match connecting.await {
            Ok(Ok(connection)) => {
                connection?.reset_connection(false); // it has not been used
                Ok(())
            }
            Ok(Err(_)) => Err(ErrorKind::NoAnswer.into()),
            Err(_) => Err(ErrorKind::Cancelled.into()),
        }
    }

    /// Closes every connection, and waits for those that are in use, up to [`DISCONNECT_TIMEOUT`].
    pub async fn disconnect(mut self) -> Result<()> {
        let disconnected = disconnect((*self).clone(), &self.killer).await;
        // Not before the await: if this future is dropped there, the background finishes the work.
        self.pool = None;
        disconnected
    }
}

async fn disconnect(pool: Pool, killer: &Killer) -> Result<()> {
    let mut disconnecting = pin!(timeout(DISCONNECT_TIMEOUT, pool.disconnect()));
    let disconnected = match timeout(DISCONNECT_TIMEOUT - CUT_TIMEOUT, &mut disconnecting).await {
        Ok(disconnected) => disconnected,
        Err(_) => {
            killer.close();
            disconnecting.await
        }
    };
    match disconnected {
        Ok(Ok(())) if killer.has_cut() => Err(ErrorKind::NotStopped.into()),
        Ok(disconnected) => disconnected.map_err(Error::from),
        Err(_) => Err(ErrorKind::StillOut.into()),
    }
}

impl Deref for DisconnectOnDrop {
    type Target = Pool;

    fn deref(&self) -> &Pool {
        self.pool
            .as_ref()
            .expect("only `disconnect` and `drop` take the pool")
    }
}

impl Drop for DisconnectOnDrop {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.take() {
            let (options, killer) = (self.options.clone(), self.killer.clone());
            self.runtime.spawn(async move {
                let _ = disconnect(pool, &killer).await;
                // The driver has cut the connections that were in the middle of a statement; the server goes on with it.
                let _ = timeout(CONNECT_TIMEOUT, killer.kill_leftovers(plain(options))).await;
            });
        }
    }
}

/// Adds to the URL's options the pool's size, and what protects it from the settings of the server.
fn pool_options(options: Opts, database: &Database, connections: usize) -> Result<OptsBuilder> {
    // The driver reserves memory for this many connections, and no server admits more.
    let connections = connections.min(100_000);
    // As many may be idle as may be open, because the driver closes those above the first number.
    let constraints =
        PoolConstraints::new(connections, connections).ok_or(ErrorKind::NoConnections)?;
    let pool_options = PoolOpts::with_constraints(options.pool_opts().clone(), constraints);
    let keepalive = options.tcp_keepalive().unwrap_or(KEEPALIVE);
    Ok(OptsBuilder::from_opts(options)
        .ip_or_hostname(&*database.host)
        .pool_opts(pool_options)
        .tcp_keepalive(Some(keepalive))
        // The driver would first connect by TCP and then again by socket, and leave an aborted connection each time.
        .prefer_socket(false)
        // A name with an accent cannot be sent before the character set is: `setup` chooses the database then.
        .db_name(Some(&database.name).filter(|name| name.is_ascii() && !name.is_empty()))
        .setup(vec![session::setup(&database.name)]))
}
