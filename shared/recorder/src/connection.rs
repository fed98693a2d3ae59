//! The record of one connection.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::error_log::{self, Rejected, Stop};
use crate::lock;
use crate::recording::Log;
use crate::timeline::{End, Statement};

/// A connection that is recorded.
pub(crate) struct Recorded {
    pub(crate) number: usize,
    pub(crate) log: Arc<Log>,
    /// The statements that are running: the index of each, by its address.
    running: Mutex<HashMap<usize, usize>>,
}

/// Notes that the connection is closed when it is dropped.
pub(crate) struct OnClosed(pub(crate) Arc<Recorded>);

impl Drop for OnClosed {
    fn drop(&mut self) {
        let Recorded { number, log, .. } = &*self.0;
        log.note(*number, |connection, now| connection.closed = Some(now));
    }
}

impl Recorded {
    pub(crate) fn open(log: Arc<Log>) -> Arc<Recorded> {
        error_log::forget(); // an earlier line on this thread is about another connection
        Arc::new(Recorded {
            number: log.note_opening(),
            log,
            running: Mutex::default(),
        })
    }

    pub(crate) fn begin(&self, address: usize, sql: String, expanded: String) {
        self.note_rejected();
        let index = self.log.note(self.number, |connection, now| {
            connection.statements.push(Statement {
                sql,
                expanded,
                begun: now,
                rows: 0,
                ended: None,
            });
            connection.statements.len() - 1
        });
        lock(&self.running).insert(address, index);
    }

    pub(crate) fn row(&self, address: usize) {
        // No lock is held while the event is noted, because a breakpoint may hold the thread there.
        let index = lock(&self.running).get(&address).copied();
        if let Some(index) = index {
            self.log.note(self.number, |connection, _| {
                connection.statements[index].rows += 1
            });
        }
    }

    /// Notes the end of a statement; `is_busy` says that SQLite has not run it to its end.
    pub(crate) fn end(&self, address: usize, is_busy: bool) {
        let Some(index) = lock(&self.running).remove(&address) else {
            return;
        };
        let runs_again = self.log.note(self.number, |connection, now| {
            let statement = &mut connection.statements[index];
            let how = match error_log::stop_of(&statement.sql) {
                Some(Stop::Again) => return true,
                Some(Stop::End(how)) => how,
                None if !is_busy => End::Done,
                // A statement that cannot begin because another connection holds a lock may be tried again. SQLite does
                // not write that to its log.
                None if is_commit(&statement.sql) => {
                    End::Failed("a lock, or a rule checked last".to_owned())
                }
                None if statement.rows == 0 => End::Failed("database is locked".to_owned()),
                None => End::Left,
            };
            statement.ended = Some((now, how));
            false
        });
        if runs_again {
            // SQLite does not report the beginning a second time.
            lock(&self.running).insert(address, index);
        }
    }

    pub(crate) fn closing(&self) {
        self.note_rejected();
        self.log.note(self.number, |connection, now| {
            connection.closing = Some(now)
        });
    }

    /// Adds SQL that SQLite has rejected. SQLite reports it only in its error log, without the connection, so it is taken
    /// to be the one that this thread uses next.
    fn note_rejected(&self) {
        let Some(Rejected { at, message, sql }) = error_log::rejected() else {
            return;
        };
        self.log.note(self.number, |connection, _| {
            let at = at
                .saturating_duration_since(self.log.begun)
                .max(connection.opened);
            let ended = Some((at, End::Refused(message)));
            let running = connection
                .statements
                .last_mut()
                .filter(|last| last.ended.is_none());
            match running.filter(|last| last.sql.starts_with(&sql)) {
                // SQLite prepared it again to run it once more, and rejected it.
                Some(last) => last.ended = ended,
                None => connection.statements.push(Statement {
                    expanded: sql.clone(),
                    sql,
                    begun: at,
                    rows: 0,
                    ended,
                }),
            }
        });
    }
}

/// Returns whether the statement ends a transaction. It can also fail because of a constraint that is deferred to the
/// commit, which SQLite does not write to its log.
fn is_commit(sql: &str) -> bool {
    let word = sql
        .trim_start()
        .split(|c: char| !c.is_ascii_alphabetic())
        .next();
    word.is_some_and(|word| {
        ["COMMIT", "END", "RELEASE"]
            .iter()
            .any(|commit| word.eq_ignore_ascii_case(commit))
    })
}
