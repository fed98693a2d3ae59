//! The way into SQLite: an auto-extension, a trace, and a function whose destructor runs when a connection is gone.
//!
//! All `unsafe` of the project stands here.
#![allow(unsafe_code)]

use std::collections::HashMap;
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::path::Path;
use std::sync::{Arc, Mutex, Once};

use rusqlite::Connection;
use rusqlite::auto_extension::{init_auto_extension, register_auto_extension};
use rusqlite::ffi::{
    SQLITE_OK, SQLITE_TRACE_CLOSE, SQLITE_TRACE_PROFILE, SQLITE_TRACE_ROW, SQLITE_TRACE_STMT, sqlite3,
    sqlite3_api_routines, sqlite3_sql, sqlite3_trace_v2,
};
use rusqlite::functions::FunctionFlags;

use super::{Log, RUNNING, What, lock, rendezvous};

/// Asks SQLite to tell of every connection that this process opens from now on.
pub(super) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
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
    let Some(log) = connection
        .path()
        .and_then(|path| lock(&RUNNING).get(Path::new(path)).cloned())
    else {
        return Ok(());
    };
    let number = {
        let mut state = lock(&log.state);
        state.connections += 1;
        state.connections - 1
    };
    let watched = Arc::new(Watched {
        number,
        log,
        statements: Mutex::default(),
    });

    // A function that nobody calls, and that owns what announces the end: SQLite destroys the functions of a
    // connection last of all, when its statements, its locks and its file are gone.
    let closed = OnClosed(watched.clone());
    let flags = FunctionFlags::SQLITE_UTF8;
    connection.create_scalar_function("recorder_is_attached", 0, flags, move |_| {
        Ok(closed.0.number as i64)
    })?;
    watched.log.note(number, What::Opened);
    rendezvous::register(&connection, &watched)?;

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

/// A connection under observation.
pub(super) struct Watched {
    pub(super) number: usize,
    pub(super) log: Arc<Log>,
    statements: Mutex<Statements>,
}

/// The statements that are running, by their address, and how many there have been.
#[derive(Default)]
struct Statements {
    running: HashMap<usize, usize>,
    count: usize,
}

struct OnClosed(Arc<Watched>);

impl Drop for OnClosed {
    fn drop(&mut self) {
        self.0.log.note(self.0.number, What::Closed);
    }
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
    // The subject is the connection at SQLITE_TRACE_CLOSE, else the statement, of which only the address matters.
    let statement = subject.addr();
    let what = match event {
        SQLITE_TRACE_STMT => {
            // SAFETY: for this event SQLite passes a text, zero-terminated, for the time of the call.
            let text = unsafe { CStr::from_ptr(detail.cast::<c_char>().cast_const()) };
            // SAFETY: the subject is a statement that is being run.
            let sql = unsafe { sqlite3_sql(subject.cast()) };
            if sql.is_null() {
                return 0;
            }
            // SAFETY: a statement's SQL is zero-terminated, and there as long as the statement.
            let sql = unsafe { CStr::from_ptr(sql) };
            // A trigger's program is told of within the statement that fires it, and its text is a comment.
            (text == sql).then(|| watched.begin(statement, &sql.to_string_lossy()))
        }
        SQLITE_TRACE_ROW => watched
            .running(statement)
            .map(|statement| What::Row { statement }),
        SQLITE_TRACE_PROFILE => watched.end(statement).map(|statement| What::Ended { statement }),
        SQLITE_TRACE_CLOSE => Some(What::Closing),
        _ => None,
    };
    if let Some(what) = what {
        watched.log.note(watched.number, what);
    }
    0
}

impl Watched {
    fn begin(&self, address: usize, sql: &str) -> What {
        let mut statements = lock(&self.statements);
        let statement = statements.count;
        statements.count += 1;
        statements.running.insert(address, statement);
        What::Begun {
            statement,
            sql: sql.to_owned(),
        }
    }

    fn running(&self, address: usize) -> Option<usize> {
        lock(&self.statements).running.get(&address).copied()
    }

    fn end(&self, address: usize) -> Option<usize> {
        lock(&self.statements).running.remove(&address)
    }
}
