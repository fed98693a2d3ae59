//! A pool that is disconnected in the background when the future which holds it is dropped.
//!
//! The driver disconnects what has been given back. A connection that was dropped in the middle of a statement, by a
//! body that queries with the driver alone, it can only cut, and the server goes on with the statement. So each
//! connection is asked, when it is opened, how it stands in the server's process list, and what still stands there
//! after all has been disconnected is killed.

use std::collections::HashSet;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder, Pool};
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};

use crate::cancel::plain;
use crate::error::{Error, Problem, Result};
use crate::{CONNECT_LIMIT, DISCONNECT_LIMIT};

/// A connection's id, and which start of which server gave it: a server that was restarted counts from 1 again.
type Entry = (u64, u64);

/// The entry of the connection that asks. `UUID_SHORT()` is made of the server's id, the second at which it started,
/// and 24 bits that count (MySQL's and MariaDB's manuals). When they overflow, after 16 million calls by anybody, the
/// rest changes too: then connections from before are not recognised, and what they run is left alone. Looking into
/// the process list would be simpler, but the server goes through all of it, for each of a thousand connections.
const OWN_ENTRY: &str = "SELECT CONNECTION_ID(), UUID_SHORT() >> 24";

/// A pool, as long as nobody has disconnected it.
pub(crate) struct DisconnectOnDrop {
    pool: Option<Pool>,
    options: Opts,
    opened: Arc<Mutex<Vec<Entry>>>,
    /// Taken here, for the drop may happen where there is no runtime.
    runtime: Handle,
}

impl DisconnectOnDrop {
    pub fn new(options: OptsBuilder) -> Result<DisconnectOnDrop> {
        let runtime = Handle::try_current().map_err(|_| Problem::NoRuntime)?;
        let opened = Arc::new(Mutex::new(Vec::new()));
        let list = opened.clone();
        let options = Opts::from(options.after_connect(move |connection| {
            let list = list.clone();
            Box::pin(async move { note(connection, &list).await })
        }));
        Ok(DisconnectOnDrop {
            pool: Some(Pool::new(options.clone())),
            options,
            opened,
            runtime,
        })
    }

    /// Closes every connection, waiting for those that are out, but not for ever.
    pub async fn disconnect(mut self) -> Result<()> {
        let pool = (*self).clone();
        let disconnected = match timeout(DISCONNECT_LIMIT, pool.disconnect()).await {
            Ok(disconnected) => disconnected.map_err(Error::from),
            Err(_) => Err(Problem::StillOut.into()),
        };
        // Not before: this future too may be dropped part-way. And now there is nothing left to do for the drop;
        // what is still out is somebody's, who is told, and is closed when it comes back.
        self.pool = None;
        disconnected
    }
}

impl Deref for DisconnectOnDrop {
    type Target = Pool;

    fn deref(&self) -> &Pool {
        self.pool.as_ref().expect("only disconnecting takes it")
    }
}

impl Drop for DisconnectOnDrop {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.take() {
            let (options, opened) = (self.options.clone(), self.opened.clone());
            self.runtime.spawn(async move {
                let _ = timeout(DISCONNECT_LIMIT, pool.disconnect()).await;
                let _ = timeout(CONNECT_LIMIT, kill_leftovers(plain(options), &opened)).await;
            });
        }
    }
}

/// Writes down how a new connection will stand in the process list.
async fn note(connection: &mut Conn, opened: &Mutex<Vec<Entry>>) -> mysql_async::Result<()> {
    match connection.query_first::<Entry, _>(OWN_ENTRY).await {
        Ok(entry) => opened
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(entry),
        // A server that does not tell: then nothing of it will be killed.
        Err(mysql_async::Error::Server(_)) => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Kills what is still there, until nothing is.
///
/// A statement is stopped at once, and its connection, which was cut, ends with it. What still stands there after a
/// second is killed whole. Not before: it may be one that has quit, whose last statement the server lists for a moment
/// longer, and a connection that is killed counts as aborted.
async fn kill_leftovers(options: Opts, opened: &Mutex<Vec<Entry>>) -> mysql_async::Result<()> {
    let opened = opened.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut connection = Conn::new(options).await?;
    let begun = Instant::now();
    let now: Option<Entry> = connection.query_first(OWN_ENTRY).await?;
    let of_this_start = opened
        .into_iter()
        .filter(|(_, start)| now.is_some_and(|now| now.1 == *start));
    let ids: HashSet<u64> = of_this_start.map(|(id, _)| id).collect();
    loop {
        let listed: Vec<(u64, bool)> = connection
            .query("SELECT id, info IS NOT NULL FROM information_schema.processlist")
            .await?;
        let mut left = false;
        for (id, runs) in listed.into_iter().filter(|(id, _)| ids.contains(id)) {
            left = true;
            let kill = if begun.elapsed() > Duration::from_secs(1) {
                "KILL"
            } else if runs {
                "KILL QUERY"
            } else {
                continue;
            };
            // An error means that it has ended by itself.
            let _ = connection.query_drop(format!("{kill} {id}")).await;
        }
        if !left {
            return connection.disconnect().await;
        }
        sleep(Duration::from_millis(5)).await;
    }
}
