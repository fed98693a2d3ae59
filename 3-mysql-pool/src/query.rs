//! A query that runs in its own Tokio task, and is cancelled when its future is dropped.
//!
//! A MySQL connection answers a statement with rows, and cannot be used again before the last one has been read. If a
//! future is dropped before that, the driver can only cut the connection. So the query runs in a Tokio task, and the
//! caller's future only waits for that task. Dropping that future cancels the query:
//!
//! 1. [`Query`] is dropped, which cancels the task's [`CancellationToken`].
//! 2. The task asks the [`Killer`] to stop the statement on the server, and keeps reading.
//! 3. The statement ends, with an error or with its last row. The connection returns to the pool intact.

use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::Arc;

use mysql_async::consts::StatusFlags;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Params, Pool};
use shared::User;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::error::{ErrorKind, Result};
use crate::kill::{Killer, Target};
use crate::proof::Name;
use crate::{CONNECT_TIMEOUT, row};

/// A query in a Tokio task. Cancels it when dropped, without waiting.
pub(crate) struct Query {
    task: JoinHandle<Result<Vec<User>>>,
    cancel: CancellationToken,
    _cancel_on_drop: DropGuard,
}

impl Query {
    /// Starts the query on a connection of the pool.
    pub fn start(pool: &Pool, sql: &'static str, parameters: impl Into<Params>) -> Query {
        let cancel = CancellationToken::new();
        let task = run(pool.clone(), sql, parameters.into(), cancel.clone());
        Query {
            task: tokio::spawn(task),
            _cancel_on_drop: cancel.clone().drop_guard(),
            cancel,
        }
    }

    /// Waits for the result. Returns after the connection is back in the pool.
    pub async fn users(&mut self) -> Result<Vec<User>> {
        match (&mut self.task).await {
            Ok(result) => result,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                Err(_) => Err(ErrorKind::Cancelled.into()), // the runtime is shutting down
            },
        }
    }
}

/// Waits for both queries. If one fails, cancels the other and waits for its end.
pub(crate) async fn both(mut one: Query, mut other: Query) -> Result<(Vec<User>, Vec<User>)> {
    let (cancel_one, cancel_other) = (one.cancel.clone(), other.cancel.clone());
    let outcomes = tokio::join!(
        async { one.users().await.inspect_err(|_| cancel_other.cancel()) },
        async { other.users().await.inspect_err(|_| cancel_one.cancel()) },
    );
    match outcomes {
        (Ok(one), Ok(other)) => Ok((one, other)),
        // Return the error that came first, not the cancellation that followed from it.
        (Err(one), Err(other)) if one.is_cancelled() => Err(other),
        (Err(error), _) | (_, Err(error)) => Err(error),
    }
}

/// Runs the query; the body of the Tokio task.
async fn run(
    pool: Pool,
    sql: &'static str,
    parameters: Params,
    cancel: CancellationToken,
) -> Result<Vec<User>> {
    let mut connection = {
        let mut connecting = pin!(pool.get_conn());
        tokio::select! {
            connection = &mut connecting => connection?,
            // A connection that is being opened must not be dropped either: the server would count it as aborted.
            () = cancel.cancelled() => timeout(CONNECT_TIMEOUT, connecting).await.map_err(|_| ErrorKind::Cancelled)??,
        }
    };
    if cancel.is_cancelled() {
        connection.reset_connection(false);
        return Err(ErrorKind::Cancelled.into());
    }
    let options = connection.opts().clone();
    let name = Name::take(connection.id());
    let sql = name.mark(sql);

    let mut query = Box::pin(users(&mut connection, &sql, parameters));
    tokio::select! {
        result = &mut query => {
            drop(query);
            if result.is_ok() && !in_transaction(&connection) {
                // A SELECT leaves nothing behind, so skip the reset. It costs two round trips, and the session's
                // prepared statements.
                connection.reset_connection(false);
            }
            return result;
        }
        () = cancel.cancelled() => {}
    }

    let killer = Killer::of(&pool);
    let target = Arc::new(Target::new(name, options));
    let has_ended = tokio::select! {
        biased; // no KILL for a query that has just ended
        _ = &mut query => true,
        () = killer.stop(&target) => false,
    };
    drop(query);
    if !has_ended {
        killer.cut(connection);
    } else if target.end().await {
        // A KILL that came too late stops the next statement on that connection. Let it be this one.
        let _ = connection.query_drop("DO 0").await;
    } else {
        // A KILL was not answered. It could still arrive, and stop the next user's statement.
        let _ = timeout(CONNECT_TIMEOUT, connection.disconnect()).await;
    }
    Err(ErrorKind::Cancelled.into())
}

/// With `autocommit` off, a SELECT opens a transaction.
fn in_transaction(connection: &Conn) -> bool {
    connection.last_ok_packet().is_none_or(|ok| {
        ok.status_flags()
            .contains(StatusFlags::SERVER_STATUS_IN_TRANS)
    })
}

/// Reads the result to its last row, even after a row that does not fit.
async fn users(connection: &mut Conn, sql: &str, parameters: Params) -> Result<Vec<User>> {
    let mut users = Ok(Vec::new());
    let mut number = 0;
    let mut result = connection.exec_iter(sql, parameters).await?;
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
