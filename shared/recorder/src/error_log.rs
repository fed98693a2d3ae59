//! SQLite's error log: why a statement failed or was rejected.
//!
//! SQLite writes a line to it just before it traces the end of a statement that failed, on the same thread; the trace does
//! not say that it failed. A line is cut after some 200 bytes, and names no connection.

use std::cell::RefCell;
use std::ffi::c_int;
use std::time::Instant;

use libsqlite3_sys::{SQLITE_INTERRUPT, SQLITE_SCHEMA};

use crate::ffi;
use crate::timeline::End;

thread_local! {
    /// The line that was written last on this thread.
    static LAST: RefCell<Option<Line>> = const { RefCell::new(None) };
}

struct Line {
    at: Instant,
    code: c_int,
    text: String,
}

/// SQL that SQLite has rejected, and why.
pub(crate) struct Rejected {
    pub(crate) at: Instant,
    pub(crate) message: String,
    pub(crate) sql: String,
}

pub(crate) fn note(code: c_int, text: &str) {
    let line = Line {
        at: Instant::now(),
        code,
        text: text.to_owned(),
    };
    // A thread that is ending has no thread-locals any more, and then nothing reads them.
    let _ = LAST.try_with(|last| last.replace(Some(line)));
}

pub(crate) fn forget() {
    let _ = LAST.try_with(|last| last.take());
}

/// The reason why a statement stopped, according to the log.
pub(crate) enum Stop {
    /// It has ended.
    End(End),
    /// A table has changed since it was prepared: SQLite prepares it again and runs it once more.
    Again,
}

/// Returns why the statement with this text stopped, if the log's last line is about it: `statement aborts at 12:
/// interrupted; [SELECT …]`.
pub(crate) fn stop_of(statement: &str) -> Option<Stop> {
    take_if(|line| {
        let message = message_about(statement, abort(&line.text)?)?;
        Some(match line.code & 0xff {
            SQLITE_INTERRUPT => Stop::End(End::Interrupted),
            SQLITE_SCHEMA => Stop::Again,
            _ if message.is_empty() => Stop::End(End::Failed(ffi::error_text(line.code))),
            _ => Stop::End(End::Failed(message.to_owned())),
        })
    })
}

/// Returns what a line says of a statement that stopped, without its place in SQLite's bytecode. `None` for other lines.
fn abort(line: &str) -> Option<&str> {
    match line.strip_prefix("statement aborts at ") {
        Some(rest) => Some(rest.split_once(": ")?.1),
        None => Some(line.strip_prefix("abort at ")?.split_once(" in ")?.1),
    }
}

/// Returns the message of a line that is about this statement: `message; [SQL]`, or, in older versions of SQLite, `[SQL]
/// message` or `[SQL]: message`. It is empty if the line was cut before it. The message and the SQL may contain the
/// separators.
///
/// `None` if the line is about another statement: one that is not recorded may have failed in between on the same thread.
fn message_about<'l>(statement: &str, line: &'l str) -> Option<&'l str> {
    if let Some(sql) = line.strip_prefix('[') {
        if let Some(message) = sql
            .strip_prefix(statement)
            .and_then(|rest| rest.strip_prefix(']'))
        {
            return Some(message.trim_start_matches(':').trim_start());
        }
        if statement.starts_with(sql.trim_end_matches(char::REPLACEMENT_CHARACTER)) {
            return Some("");
        }
    }
    let ends = line.match_indices("; [");
    let mut parts = ends.map(|(at, separator)| (&line[..at], &line[at + separator.len()..]));
    match parts.find(|(_, sql)| is_part_of(sql, statement)) {
        Some((message, _)) => Some(message),
        None if line.contains("; [") => None,
        None => Some(line),
    }
}

/// Returns whether the SQL at the end of a line is this statement's, or its beginning, if the line was cut.
fn is_part_of(sql: &str, statement: &str) -> bool {
    // In a trigger, its name in a comment precedes the statement that fired it.
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

/// Returns the SQL that was rejected, if the log's last line is about that: `no such table: nowhere in "SELECT …"`.
pub(crate) fn rejected() -> Option<Rejected> {
    take_if(|line| {
        if abort(&line.text).is_some() {
            return None;
        }
        let (message, sql) = line.text.split_once(" in \"")?;
        Some(Rejected {
            at: line.at,
            message: message.to_owned(),
            sql: sql.strip_suffix('"').unwrap_or(sql).to_owned(),
        })
    })
}

/// Reads the last line, and forgets it if `read` found something.
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
