//! A query that is stopped on the server when its future is dropped.
//!
//! A connection speaks a protocol: after a statement comes its result, to the last row. A future that is dropped in
//! between leaves a connection which nobody can use again, so the driver cuts it; the server counts it as aborted,
//! and runs the statement to its end. So nothing here is dropped in between. Each query runs in a task of its own,
//! which the caller's future only waits for. Dropping that future tells the task to stop. The task then asks the
//! server, over a second connection, to stop the statement (`KILL QUERY`), reads the result to its end as always, and
//! gives the connection back.

use std::pin::pin;
use std::time::Duration;

use mysql_async::consts::StatusFlags;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder, Params, Pool};
use shared::User;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::error::{Problem, Result};
use crate::{CONNECT_LIMIT, row, url};

/// A query that runs in a task. Dropping this stops it, and does not wait.
pub(crate) struct Fetch {
    task: JoinHandle<Result<Vec<User>>>,
    stop: CancellationToken,
    _stop_on_drop: DropGuard,
}

impl Fetch {
    /// Starts the query on a connection of the pool.
    pub fn start(pool: &Pool, statement: &'static str, parameters: impl Into<Params>) -> Fetch {
        let stop = CancellationToken::new();
        let query = fetch(pool.clone(), statement, parameters.into(), stop.clone());
        Fetch {
            task: tokio::spawn(query),
            _stop_on_drop: stop.clone().drop_guard(),
            stop,
        }
    }

    /// Waits until the connection is back in the pool.
    pub async fn outcome(&mut self) -> Result<Vec<User>> {
        match (&mut self.task).await {
            Ok(result) => result,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(Problem::Stopped.into()), // the runtime is shutting down
            },
        }
    }
}

/// Waits for both. When one fails the other is stopped, and waited for all the same.
pub(crate) async fn both(mut one: Fetch, mut other: Fetch) -> Result<(Vec<User>, Vec<User>)> {
    let (stop_one, stop_other) = (one.stop.clone(), other.stop.clone());
    let outcomes = tokio::join!(
        async { one.outcome().await.inspect_err(|_| stop_other.cancel()) },
        async { other.outcome().await.inspect_err(|_| stop_one.cancel()) },
    );
    match outcomes {
        (Ok(one), Ok(other)) => Ok((one, other)),
        // Whichever failed by itself is the reason.
        (Err(one), Err(other)) if one.is_stopped() => Err(other),
        (Err(error), _) | (_, Err(error)) => Err(error),
    }
}

/// The first connection of a pool: in a task, for a greeting is protocol too.
pub(crate) async fn connect(pool: &Pool) -> Result<()> {
    let connecting = pool.get_conn();
    let task = tokio::spawn(timeout(CONNECT_LIMIT, connecting));
    match task.await {
        Ok(Ok(connection)) => {
            // Nobody has used it, so there is nothing to reset.
            connection?.reset_connection(false);
            Ok(())
        }
        Ok(Err(_)) => Err(Problem::NoAnswer.into()),
        Err(_) => Err(Problem::Stopped.into()),
    }
}

async fn fetch(
    pool: Pool,
    statement: &'static str,
    parameters: Params,
    stop: CancellationToken,
) -> Result<Vec<User>> {
    let mut connection = {
        let mut connecting = pin!(pool.get_conn());
        tokio::select! {
            connection = &mut connecting => connection?,
            // This may be the wait for a free connection, or the opening of one, which must not be cut. It takes
            // only a moment; if not, the server hangs, and there is nothing to be polite to.
            () = stop.cancelled() => timeout(CONNECT_LIMIT, connecting).await.map_err(|_| Problem::Stopped)??,
        }
    };
    if stop.is_cancelled() {
        connection.reset_connection(false);
        return Err(Problem::Stopped.into());
    }
    let (options, id) = (connection.opts().clone(), connection.id());

    // Not a select: the query is polled to its end, whatever happens beside it.
    let finished = CancellationToken::new();
    let query = async {
        let result = users(&mut connection, statement, parameters).await;
        finished.cancel();
        result
    };
    let killer = async {
        tokio::select! {
            () = finished.cancelled() => None,
            () = stop.cancelled() => Some(kill_until(&finished, options, id).await),
        }
    };
    let (result, killed) = tokio::join!(query, killer);
    if let Some(has_arrived) = killed {
        if !has_arrived {
            // A KILL that is still on its way would hit the next user's statement.
            let _ = timeout(CONNECT_LIMIT, connection.disconnect()).await;
            return Err(Problem::Stopped.into());
        }
        // A KILL QUERY that came too late waits for the next statement. Let that be one of ours.
        let _ = connection.query_drop("DO 0").await;
        return result.map_err(|_| Problem::Stopped.into());
    }
    if result.is_ok() && !in_transaction(&connection) {
        // A SELECT outside a transaction leaves nothing behind, so the reset, a round trip that also forgets the
        // prepared statements, would be for nothing: three times as many queries a second. (Unless `users` is a view
        // that calls functions which leave something behind. The server does not tell that from a table.)
        connection.reset_connection(false);
    }
    result
}

/// With `autocommit` off a mere SELECT begins a transaction.
fn in_transaction(connection: &Conn) -> bool {
    connection
        .last_ok_packet()
        .is_none_or(|ok| ok.status_flags().contains(StatusFlags::SERVER_STATUS_IN_TRANS))
}

async fn users(connection: &mut Conn, statement: &str, parameters: Params) -> Result<Vec<User>> {
    let mut users = Ok(Vec::new());
    let mut number = 0;
    let mut result = connection.exec_iter(statement, parameters).await?;
    let columns = row::Columns::of(result.columns_ref());
    result
        .for_each(|row| {
            number += 1;
            if let Ok(list) = &mut users {
                match columns.user(row, number) {
                    Ok(user) => list.push(user),
                    Err(error) => users = Err(error),
                }
            }
        })
        .await?;
    result.drop_result().await?;
    users
}

/// Stops what the connection `id` runs, until it has finished.
///
/// Once may be too early: the server may not have read the statement yet. And it may have no room for one more
/// connection now. So this tries again. When the server does not let us, the query runs to its end.
///
/// Returns whether the server has answered each KILL that was sent.
async fn kill_until(finished: &CancellationToken, options: Opts, id: u32) -> bool {
    // One at a time in the whole program: however many queries are dropped at once, the server sees one connection
    // more than the pools'. It is for the server's sake, so whoever waits too long for his turn goes without: it may
    // be held on a runtime that nobody drives any more.
    static ONE_AT_A_TIME: Semaphore = Semaphore::const_new(1);
    const PATIENCE: Duration = Duration::from_secs(1);

    let options = plain(options);
    let mut pause = Duration::from_millis(2);
    let mut has_arrived = true;
    while !finished.is_cancelled() {
        {
            let _turn = timeout(PATIENCE, ONE_AT_A_TIME.acquire()).await;
            if finished.is_cancelled() {
                break;
            }
            if let Ok(Ok(connection)) = timeout(CONNECT_LIMIT, Conn::new(options.clone())).await {
                let killed = timeout(CONNECT_LIMIT, kill_query(connection, id)).await;
                // That it may not, or that there is no such connection any more, is an answer, too.
                has_arrived &= matches!(killed, Ok(Ok(()) | Err(mysql_async::Error::Server(_))));
            }
        }
        let _ = timeout(pause, finished.cancelled()).await;
        pause = (pause * 2).min(Duration::from_secs(1));
    }
    has_arrived
}

/// One attempt, over a connection of its own that quits politely.
async fn kill_query(mut connection: Conn, id: u32) -> mysql_async::Result<()> {
    let killed = connection.query_drop(format!("KILL QUERY {id}")).await;
    connection.disconnect().await?;
    killed
}

/// The same server and user, without what the pool adds to each of its connections.
pub(crate) fn plain(options: Opts) -> Opts {
    let host = url::host(&options).to_owned();
    OptsBuilder::from_opts(options)
        .ip_or_hostname(host)
        .prefer_socket(false)
        .init(Vec::<String>::new())
        .setup(Vec::<String>::new())
        .after_connect(|_| Box::pin(async { Ok(()) }))
        .into()
}
