//! Stopping SQLite from outside, when nobody waits for the result any more.
//!
//! `sqlite3_interrupt` alone is not enough. It stops the statements that are running at that moment and does nothing
//! between two of them (SQLite's documentation), and it does not end the wait for somebody else's lock. So there is a
//! flag, which stays set (in `stop.rs`), and SQLite looks at it wherever it spends time:
//!
//! | where SQLite is | who looks | what happens |
//! | --- | --- | --- |
//! | running a statement | the progress handler, at each jump of its bytecode and at its end | the statement is interrupted |
//! | waiting for a lock | the busy handler, every 5 ms | the wait ends, and the statement fails as busy |
//! | committing a change | the commit hook | the transaction is rolled back |
//!
//! (An authorizer could refuse statements before they run. But rusqlite's panics when a table or a column has a name that
//! is not UTF-8.)
//!
//! The interrupt comes on top: it is quicker where a single step takes long.

use std::cell::RefCell;
use std::time::Duration;

use rusqlite::Connection;
use shared::sqlite::ErrorKind;

use crate::stop::{STEPS_BETWEEN_LOOKS, Stop};
use crate::{Error, Result};

const BETWEEN_TRIES: Duration = Duration::from_millis(5);
/// 5 seconds in all: as long as rusqlite waits by default.
const TRIES: i32 = 1000;

impl Stop {
    /// Watches over the work on a connection, until the returned guard is dropped.
    ///
    /// # Errors
    ///
    /// When the flag is set already.
    pub(crate) fn watch(&self, connection: &Connection) -> Result<Watch> {
        let stop = self.clone();
        connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(move || stop.is_told()))?;
        let stop = self.clone();
        connection.commit_hook(Some(move || stop.is_told()))?;
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
            return Err(Error::new(ErrorKind::Cancelled, "query"));
        }
        Ok(watch)
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
