//! The way into SQLite: an auto-extension, a trace, the error log, and a function whose destructor runs when a
//! connection is gone.
//!
//! All `unsafe` of the project stands here.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::path::Path;
use std::ptr::null_mut;
use std::sync::{Arc, Once};

use rusqlite::Connection;
use rusqlite::auto_extension::{init_auto_extension, register_auto_extension};
use rusqlite::ffi::{
    SQLITE_CONFIG_LOG, SQLITE_OK, SQLITE_TRACE_CLOSE, SQLITE_TRACE_PROFILE, SQLITE_TRACE_ROW,
    SQLITE_TRACE_STMT, sqlite3, sqlite3_api_routines, sqlite3_config, sqlite3_db_filename,
    sqlite3_expanded_sql, sqlite3_free, sqlite3_sql, sqlite3_stmt, sqlite3_stmt_busy, sqlite3_trace_v2,
};
use rusqlite::functions::FunctionFlags;

use super::watched::{OnClosed, Watched};
use super::{RUNNING, functions, lock, reason};

/// Asks SQLite to tell of every connection that this process opens from now on.
pub(super) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the log may be set at any time (SQLite's documentation of SQLITE_CONFIG_LOG), also while others are in
        // SQLite: the function and its context are each stored atomically, and with the context, which is null, the
        // function does nothing. The function has the type that goes with it.
        let result = unsafe {
            sqlite3_config(
                SQLITE_CONFIG_LOG,
                on_error as unsafe extern "C" fn(_, _, _),
                null_mut::<c_void>(),
            )
        };
        assert_eq!(
            result, SQLITE_OK,
            "SQLite takes an error log at any time, since its version 3.42"
        );
        // SAFETY: the routine opens no database, closes none, and leaves the list of auto-extensions alone, which is
        // what rusqlite asks of it.
        unsafe { register_auto_extension(on_open) }.expect("SQLite has memory for one more auto-extension");
    });
}

unsafe extern "C" fn on_open(
    db: *mut sqlite3,
    message: *mut *mut c_char,
    _: *const sqlite3_api_routines,
) -> c_int {
    // SAFETY: SQLite passes a connection that is open, and a place for the message. rusqlite borrows the connection
    // for the time of the call, and lets no panic out.
    unsafe { init_auto_extension(db, message, record) }
}

/// Attaches a connection that has just been opened to the recording of its file, if there is one.
fn record(connection: Connection) -> rusqlite::Result<()> {
    let Some(log) = file(&connection).and_then(|path| lock(&RUNNING).get(path).cloned()) else {
        return Ok(());
    };
    let is_full = lock(&log.state).is_full;
    if is_full {
        let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
        connection.query_one(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
    }
    let watched = Watched::open(log);

    // A function that nobody calls, and that owns what announces the end: SQLite destroys the functions of a
    // connection last of all, when its statements, its locks and its file are gone.
    let closed = OnClosed(watched.clone());
    let flags = FunctionFlags::SQLITE_UTF8;
    connection.create_scalar_function("recorder_is_attached", 0, flags, move |_| {
        Ok(closed.0.number as i64)
    })?;
    functions::register(&connection, &watched)?;

    let events = SQLITE_TRACE_STMT | SQLITE_TRACE_ROW | SQLITE_TRACE_PROFILE | SQLITE_TRACE_CLOSE;
    // SAFETY: the connection is open. The context stays valid for as long as SQLite may call back with it: it is kept
    // alive by the function above, which SQLite destroys after the last event. (Code that registered another function
    // under that very name would end it sooner; nothing does, for the name is ours.)
    let result = unsafe {
        sqlite3_trace_v2(
            connection.handle(),
            events,
            Some(on_event),
            Arc::as_ptr(&watched).cast_mut().cast(),
        )
    };
    assert_eq!(result, SQLITE_OK, "SQLite takes a trace on any open connection");
    Ok(())
}

/// The database's file. (rusqlite tells only of one whose name is UTF-8.)
#[cfg(unix)]
fn file(connection: &Connection) -> Option<&Path> {
    use std::os::unix::ffi::OsStrExt;
    // SAFETY: the connection is open, and `main` the name of its first database.
    let name = unsafe { sqlite3_db_filename(connection.handle(), c"main".as_ptr()) };
    // SAFETY: a name is zero-terminated, and there as long as the connection.
    let name = (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) });
    name.map(|name| Path::new(std::ffi::OsStr::from_bytes(name.to_bytes())))
}

/// The database's file.
#[cfg(not(unix))]
fn file(connection: &Connection) -> Option<&Path> {
    connection.path().map(Path::new)
}

unsafe extern "C" fn on_event(
    event: c_uint,
    context: *mut c_void,
    subject: *mut c_void,
    detail: *mut c_void,
) -> c_int {
    // SAFETY: the context is the one that `record` passed, and still alive (see there). Shared between threads it is
    // only ever read; what changes in it is behind locks.
    let watched = unsafe { &*context.cast::<Watched>().cast_const() };
    match event {
        SQLITE_TRACE_STMT => {
            // SAFETY: for this event SQLite passes a statement that is being run, and a text, zero-terminated, for the
            // time of the call.
            let begun = unsafe { texts(subject.cast(), detail.cast()) };
            if let Some((sql, expanded)) = begun {
                watched.begin(subject.addr(), sql, expanded);
            }
        }
        SQLITE_TRACE_ROW => watched.row(subject.addr()),
        SQLITE_TRACE_PROFILE => {
            // SAFETY: for this event SQLite passes a statement that is being stepped, reset or finalized.
            let is_busy = unsafe { sqlite3_stmt_busy(subject.cast()) } != 0;
            watched.end(subject.addr(), is_busy);
        }
        SQLITE_TRACE_CLOSE => watched.closing(),
        _ => {}
    }
    0
}

/// The text of a statement that begins, as it was written and with its parameters in their places. `None` for the
/// program of a trigger: it is told of within the statement that fires it, and then `told` is a comment.
///
/// # Safety
///
/// The statement is alive, and `told` is zero-terminated.
unsafe fn texts(statement: *mut sqlite3_stmt, told: *const c_char) -> Option<(String, String)> {
    // SAFETY: the statement is alive.
    let sql = unsafe { sqlite3_sql(statement) };
    // SAFETY: as this function asks for; and a statement's SQL is zero-terminated, and there as long as the statement.
    if sql.is_null() || unsafe { CStr::from_ptr(told) != CStr::from_ptr(sql) } {
        return None;
    }
    // SAFETY: as above.
    let sql = unsafe { CStr::from_ptr(sql) }.to_string_lossy().into_owned();
    // SAFETY: the statement is alive. What this returns is ours, until it is freed.
    let expanded = unsafe { sqlite3_expanded_sql(statement) };
    if expanded.is_null() {
        return Some((sql.clone(), sql)); // longer than SQLite's limit for a text
    }
    // SAFETY: it is zero-terminated, and not freed yet.
    let text = unsafe { CStr::from_ptr(expanded) }.to_string_lossy().into_owned();
    // SAFETY: it came from SQLite's own allocator, and nothing refers to it any more.
    unsafe { sqlite3_free(expanded.cast()) };
    Some((sql, text))
}

unsafe extern "C" fn on_error(_: *mut c_void, code: c_int, message: *const c_char) {
    // SAFETY: SQLite passes a text, zero-terminated, for the time of the call.
    let message = unsafe { CStr::from_ptr(message) }.to_string_lossy();
    reason::note(code, &message);
}
