//! Why a statement failed, or was not accepted: SQLite's error log, read.
//!
//! SQLite writes there, on the same thread, just before it tells of the end of a statement that failed; and does not say
//! then that it failed. A line is cut after some 200 bytes, and names no connection.

use std::cell::RefCell;
use std::ffi::c_int;
use std::time::Instant;

use rusqlite::ffi::{SQLITE_INTERRUPT, SQLITE_SCHEMA};

use crate::timeline::End;

thread_local! {
    /// What was written last, on this thread.
    static LAST: RefCell<Option<Line>> = const { RefCell::new(None) };
}

struct Line {
    at: Instant,
    code: c_int,
    text: String,
}

/// SQL that was not accepted, and why.
pub(super) struct Reason {
    pub(super) at: Instant,
    pub(super) message: String,
    pub(super) sql: String,
}

pub(super) fn note(code: c_int, text: &str) {
    let line = Line {
        at: Instant::now(),
        code,
        text: text.to_owned(),
    };
    // A thread that is ending has no thread-locals any more; and then nobody asks, either.
    let _ = LAST.try_with(|last| last.replace(Some(line)));
}

pub(super) fn forget() {
    let _ = LAST.try_with(|last| last.take());
}

/// What the log says of a statement that has stopped.
pub(super) enum Stop {
    /// It will not go on.
    End(End),
    /// The table has changed since it was prepared: SQLite prepares it anew, and runs it once more.
    Again,
}

/// Why the statement with this text stopped, if the log's last line is about it: `statement aborts at 12: interrupted;
/// [SELECT …]`.
pub(super) fn of_the_stop_of(statement: &str) -> Option<Stop> {
    take_if(|line| {
        let (_, told) = line.text.strip_prefix("statement aborts at ")?.split_once(": ")?;
        // One that has nothing to do with a recording may have failed in between, on the same thread. The message
        // itself may hold what separates it from the SQL, and a line that was cut may have lost it.
        let mut ends = told
            .match_indices("; [")
            .map(|(at, mark)| (&told[..at], &told[at + mark.len()..]));
        let message = match ends.find(|(_, sql)| is_part_of(sql, statement)) {
            Some((message, _)) => message,
            None if told.contains("; [") => return None,
            None => told,
        };
        Some(match line.code & 0xff {
            SQLITE_INTERRUPT => Stop::End(End::Interrupted),
            SQLITE_SCHEMA => Stop::Again,
            _ => Stop::End(End::Failed(message.to_owned())),
        })
    })
}

/// Whether the SQL at the end of a line is this statement's, or as much of it as there was room for.
fn is_part_of(sql: &str, statement: &str) -> bool {
    // Within a trigger: its name in a comment, then the statement that fired it.
    let sql = sql
        .strip_prefix("/* ")
        .and_then(|sql| Some(sql.split_once(" */ ")?.1))
        .unwrap_or(sql);
    let sql = sql
        .strip_suffix(']')
        .unwrap_or(sql)
        .trim_end_matches(char::REPLACEMENT_CHARACTER);
    statement.starts_with(sql)
}

/// The SQL that was not accepted, if the log's last line is about that: `no such table: nowhere in "SELECT …"`.
pub(super) fn of_a_refusal() -> Option<Reason> {
    take_if(|line| {
        if line.text.starts_with("statement aborts at ") {
            return None;
        }
        let (message, sql) = line.text.split_once(" in \"")?;
        Some(Reason {
            at: line.at,
            message: message.to_owned(),
            sql: sql.strip_suffix('"').unwrap_or(sql).to_owned(),
        })
    })
}

/// Reads the last line, and forgets it if that gave something.
fn take_if<T>(read: impl FnOnce(&Line) -> Option<T>) -> Option<T> {
    let taken = LAST.try_with(|last| {
        let mut last = last.borrow_mut();
        let found = read(last.as_ref()?);
        if found.is_some() {
            *last = None;
        }
        found
    });
    taken.ok().flatten()
}
