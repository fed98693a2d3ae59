//! Cancels the work of a thread when nothing needs its result any more.
//!
//! A future that is dropped tells nothing to the thread that works for it. So the future owns a [`CancelOnDrop`], the
//! thread has its [`CancelFlag`], and SQLite's hooks read the flag while SQLite works or waits, and before a commit:
//!
//! | SQLite is | the hook | if the flag is set |
//! | --- | --- | --- |
//! | running a statement | the progress handler | the statement fails as interrupted |
//! | waiting for a lock | the busy handler | the wait ends, and the statement fails as busy |
//! | committing a change | the commit hook | the transaction is rolled back |
//!
//! `sqlite3_interrupt` would not be enough: it does nothing between two statements, and it does not end the wait for a
//! lock. The flag stays set.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use shared::sqlite::ErrorKind;

use crate::{Error, Result};

/// Number of SQLite's instructions between two calls of the progress handler. With 1, not even a statement of three
/// instructions runs after the drop. A larger number would save no time: reading 100,000 users takes as long with 1 as with 100.
const PROGRESS_OPS: i32 = 1;

const BUSY_RETRY_DELAY: Duration = Duration::from_millis(5);

/// Gives up after 5 seconds in all, as rusqlite does by default.
const BUSY_RETRIES: i32 = 1000;

/// Cancels the work when it is dropped. Keep it in the future whose drop should cancel.
#[must_use = "dropping it cancels the work"]
pub(crate) struct CancelOnDrop(CancelFlag);

/// Says whether the work is cancelled. Once set, it stays set.
#[derive(Clone, Default)]
pub(crate) struct CancelFlag(Arc<AtomicBool>);

impl CancelOnDrop {
    pub(crate) fn new() -> CancelOnDrop {
        CancelOnDrop(CancelFlag::default())
    }

    pub(crate) fn flag(&self) -> CancelFlag {
        self.0.clone()
    }

    /// Awaits `work`. If it fails first, cancels the rest; if already cancelled, its error becomes `Cancelled`.
    pub(crate) async fn cancel_others_on_error<T>(
        &self,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        work.await.map_err(|error| {
            if self.0.is_cancelled() {
                Error::new(ErrorKind::Cancelled, "query")
            } else {
                self.0.cancel();
                error
            }
        })
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl CancelFlag {
    fn cancel(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Installs the hooks on a connection. Call it on the thread that uses the connection.
    pub(crate) fn attach(&self, connection: &Connection) -> rusqlite::Result<()> {
        // In the first two hooks, `true` stops: the statement is interrupted, the commit becomes a rollback.
        let flag = self.clone();
        connection.progress_handler(PROGRESS_OPS, Some(move || flag.is_cancelled()))?;
        let flag = self.clone();
        connection.commit_hook(Some(move || flag.is_cancelled()))?;
        // In the busy handler, `false` stops: SQLite does not try again.
        FLAG_OF_THIS_THREAD.set(self.clone());
        connection.busy_handler(Some(wait_for_lock))
    }
}

thread_local! {
    /// rusqlite's busy handler is a `fn` pointer, which captures nothing. It can read the flag only from here.
    static FLAG_OF_THIS_THREAD: RefCell<CancelFlag> = RefCell::default();
}

/// Waits a little for another connection's lock. Returns whether SQLite should try again.
fn wait_for_lock(retries: i32) -> bool {
    if FLAG_OF_THIS_THREAD.with_borrow(CancelFlag::is_cancelled) || retries >= BUSY_RETRIES {
        return false;
    }
    thread::sleep(BUSY_RETRY_DELAY);
    true
}
