//! Telling work to stop that runs somewhere else, on either driver.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{ErrorCode, InterruptHandle};
use shared::sqlite::ErrorKind;

use crate::{Error, Result};

/// How many steps SQLite makes between two looks at the flag: one, so that not even a prepared statement of three steps
/// gets through. Reading 100,000 users, in a release build, takes as long with 1 as with 100, within the noise.
pub(crate) const STEPS_BETWEEN_LOOKS: i32 = 1;

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

    /// Where the work failed because it was told to stop, says so: SQLite calls that interrupted, busy, or a constraint of
    /// the commit hook, according to where it was. An error of any other kind is the work's own, and stays.
    pub(crate) fn explain<T>(&self, worked: Result<T>) -> Result<T> {
        worked.map_err(|error| match error.sqlite_code() {
            Some(
                ErrorCode::OperationInterrupted
                | ErrorCode::DatabaseBusy
                | ErrorCode::ConstraintViolation,
            ) if self.is_told() => Error::new(ErrorKind::Cancelled, "query"),
            _ => error,
        })
    }

    /// The connections to be interrupted; one that is done leaves its place empty.
    pub(crate) fn running(&self) -> MutexGuard<'_, Vec<Option<InterruptHandle>>> {
        // Nothing that holds the lock can leave the list half-changed, so a poisoned one is as good.
        self.0
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
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
