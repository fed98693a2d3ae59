//! What is noted of one connection.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::reason::{self, Reason, Stop};
use super::{Log, lock};
use crate::timeline::{End, Statement};

/// A connection under observation.
pub(super) struct Watched {
    pub(super) number: usize,
    pub(super) log: Arc<Log>,
    /// The statements that are running: the index of each, by its address.
    running: Mutex<HashMap<usize, usize>>,
}

/// Notes, when it is dropped, that the connection is gone.
pub(super) struct OnClosed(pub(super) Arc<Watched>);

impl Drop for OnClosed {
    fn drop(&mut self) {
        let Watched { number, log, .. } = &*self.0;
        log.note(*number, |connection, now| connection.closed = Some(now));
    }
}

impl Watched {
    pub(super) fn open(log: Arc<Log>) -> Arc<Watched> {
        reason::forget(); // what went wrong on this thread before was another connection's
        Arc::new(Watched {
            number: log.note_opening(),
            log,
            running: Mutex::default(),
        })
    }

    pub(super) fn begin(&self, address: usize, sql: String, expanded: String) {
        self.note_refused();
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

    pub(super) fn row(&self, address: usize) {
        // No lock is held while the event is noted, for it may be held at a gate.
        let index = lock(&self.running).get(&address).copied();
        if let Some(index) = index {
            self.log.note(self.number, |connection, _| {
                connection.statements[index].rows += 1
            });
        }
    }

    /// `is_busy`: SQLite has not brought the statement to its end.
    pub(super) fn end(&self, address: usize, is_busy: bool) {
        let Some(index) = lock(&self.running).remove(&address) else {
            return;
        };
        let runs_again = self.log.note(self.number, |connection, now| {
            let statement = &mut connection.statements[index];
            let how = match reason::of_the_stop_of(&statement.sql) {
                Some(Stop::Again) => return true,
                Some(Stop::End(how)) => how,
                None if !is_busy => End::Done,
                // A statement that cannot begin, because somebody else holds a lock, stays as it was and may be tried
                // again; SQLite does not write that to its log.
                None if is_commit(&statement.sql) => End::Failed("a lock, or a rule checked last".to_owned()),
                None if statement.rows == 0 => End::Failed("database is locked".to_owned()),
                None => End::Left,
            };
            statement.ended = Some((now, how));
            false
        });
        if runs_again {
            // SQLite does not tell of the beginning a second time.
            lock(&self.running).insert(address, index);
        }
    }

    pub(super) fn closing(&self) {
        self.note_refused();
        self.log
            .note(self.number, |connection, now| connection.closing = Some(now));
    }

    /// Of SQL that was not accepted SQLite tells only in its log, and there without the connection: it was the one, in
    /// all likelihood, that this thread uses next.
    fn note_refused(&self) {
        let Some(Reason { at, message, sql }) = reason::of_a_refusal() else {
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
                // One that was to be run once more, and is not accepted any more.
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

/// Whether it may also have failed for a rule that is deferred to the commit, which SQLite does not write to its log.
fn is_commit(sql: &str) -> bool {
    let word = sql.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next();
    word.is_some_and(|word| {
        ["COMMIT", "END", "RELEASE"]
            .iter()
            .any(|commit| word.eq_ignore_ascii_case(commit))
    })
}
