//! Stopping SQLite from outside, when nobody waits for the result any more.
//!
//! `sqlite3_interrupt` alone is not enough. It stops the statements that are running at that moment and does nothing
//! between two of them (SQLite's documentation), and it does not end the wait for somebody else's lock. So there is a
//! flag, which stays set, and SQLite looks at it wherever it spends time:
//!
//! | where SQLite is | who looks | what happens |
//! | --- | --- | --- |
//! | running a statement | the progress handler, at each jump of its bytecode | the statement is interrupted |
//! | waiting for a lock | the busy handler, every 5 ms | the wait ends, and the statement fails as busy |
//! | about to prepare a statement | the authorizer | it is refused; except `ROLLBACK`, which cleans up |
//!
//! The interrupt comes on top: it is quicker where a single step takes long.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::hooks::{AuthAction, AuthContext, Authorization, TransactionOperation};
use rusqlite::{Connection, ErrorCode, InterruptHandle};
use shared::sqlite::Problem;

use crate::{Error, Result};

/// At every step, so that not even a prepared statement of three steps gets through. Reading 100,000 users, in a release
/// build, takes as long with 1 as with 100, within the noise.
pub(crate) const STEPS_BETWEEN_LOOKS: i32 = 1;
const BETWEEN_TRIES: Duration = Duration::from_millis(5);
/// 5 seconds in all: as long as rusqlite waits by default.
const TRIES: i32 = 1000;

/// Stops all that watches it, when it is dropped: let the future own it whose drop should do that.
#[must_use = "dropping it stops the work"]
pub(crate) struct StopOnDrop(Stop);

/// The flag, and the connections to be interrupted.
#[derive(Clone, Default)]
pub(crate) struct Stop(Arc<Shared>);

#[derive(Default)]
struct Shared {
    told: AtomicBool,
    // A lock of the standard library: it is held for a few instructions, and never across an await.
    running: Mutex<Vec<Option<InterruptHandle>>>,
}

impl StopOnDrop {
    pub(crate) fn new() -> Self {
        StopOnDrop(Stop::default())
    }

    pub(crate) fn handle(&self) -> Stop {
        self.0.clone()
    }

    /// Passes the outcome of a piece of work on; where it is an error, stops the others first.
    pub(crate) async fn at_an_error<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let outcome = work.await;
        if outcome.is_err() {
            self.0.tell();
        }
        outcome
    }
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.tell();
    }
}

impl Stop {
    pub(crate) fn is_told(&self) -> bool {
        self.0.told.load(Ordering::SeqCst)
    }

    fn tell(&self) {
        // The flag first: a connection that registers itself after the loop below sees it.
        self.0.told.store(true, Ordering::SeqCst);
        for connection in self.running().iter().flatten() {
            connection.interrupt();
        }
    }

    /// Watches over the work on a connection, until the returned guard is dropped.
    ///
    /// # Errors
    ///
    /// When the flag is set already.
    pub(crate) fn watch(&self, connection: &Connection) -> Result<Watch> {
        let stop = self.clone();
        connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(move || stop.is_told()))?;
        let stop = self.clone();
        connection.authorizer(Some(move |context: AuthContext<'_>| stop.authorize(context)))?;
        WORKING_FOR.set(Some(self.clone()));
        connection.busy_handler(Some(wait_for_lock))?;

        let mut running = self.running();
        running.push(Some(connection.get_interrupt_handle()));
        let watch = Watch {
            stop: self.clone(),
            index: running.len() - 1,
        };
        drop(running);
        if self.is_told() {
            return Err(Error::new(Problem::Cancelled, "query"));
        }
        Ok(watch)
    }

    /// Where the work failed because it was told to stop, says so: SQLite calls that interrupted, not authorized or busy,
    /// according to where it was. An error of any other kind is the work's own, and stays.
    pub(crate) fn explain<T>(&self, worked: Result<T>) -> Result<T> {
        worked.map_err(|error| match error.sqlite_code() {
            Some(
                ErrorCode::OperationInterrupted
                | ErrorCode::AuthorizationForStatementDenied
                | ErrorCode::DatabaseBusy,
            ) if self.is_told() => Error::new(Problem::Cancelled, "query"),
            _ => error,
        })
    }

    fn authorize(&self, context: AuthContext<'_>) -> Authorization {
        let cleans_up = matches!(
            context.action,
            AuthAction::Transaction {
                operation: TransactionOperation::Rollback
            }
        );
        if self.is_told() && !cleans_up {
            Authorization::Deny
        } else {
            Authorization::Allow
        }
    }

    fn running(&self) -> MutexGuard<'_, Vec<Option<InterruptHandle>>> {
        // Nothing that holds the lock can leave the list half-changed, so a poisoned one is as good.
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// While it lives, its connection can be interrupted. Drop it before the connection is closed: closing may take a
/// while, and an interrupt would wait for it.
pub(crate) struct Watch {
    stop: Stop,
    index: usize,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.running()[self.index] = None;
        WORKING_FOR.set(None);
    }
}

thread_local! {
    /// Whom this thread works for: rusqlite's busy handler is a plain function, which has no other way to know.
    static WORKING_FOR: RefCell<Option<Stop>> = const { RefCell::new(None) };
}

/// Whether to try again to get a lock that somebody else holds.
fn wait_for_lock(tries: i32) -> bool {
    let is_told = WORKING_FOR.with_borrow(|stop| stop.as_ref().is_some_and(Stop::is_told));
    if is_told || tries >= TRIES {
        return false;
    }
    std::thread::sleep(BETWEEN_TRIES);
    true
}

/// The outcome of two pieces of work that stop each other at an error: the one that was stopped says only that, and
/// the other has the reason.
pub(crate) fn both<A, B>(outcomes: (Result<A>, Result<B>)) -> Result<(A, B)> {
    match outcomes {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (Err(stopped), Err(reason)) if stopped.is_cancelled() => Err(reason),
        (Err(error), _) | (_, Err(error)) => Err(error),
    }
}
