//! SQLite's C interface: an auto-extension, a trace, the error log, and SQL functions.
//!
//! All `unsafe` code of the project is in this file.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::mem::transmute;
use std::path::Path;
use std::ptr::null_mut;
use std::sync::{Arc, Once};

use libsqlite3_sys::{
    SQLITE_CONFIG_LOG, SQLITE_OK, SQLITE_UTF8, sqlite3, sqlite3_api_routines,
    sqlite3_auto_extension, sqlite3_config, sqlite3_context, sqlite3_create_function_v2,
    sqlite3_db_filename, sqlite3_errstr, sqlite3_exec, sqlite3_expanded_sql, sqlite3_free,
    sqlite3_result_error, sqlite3_result_int, sqlite3_sql, sqlite3_stmt, sqlite3_stmt_busy,
    sqlite3_trace_v2, sqlite3_user_data, sqlite3_value,
};

use crate::barrier::{self, SqlFunction};
use crate::connection::{OnClosed, Recorded};
use crate::{error_log, recording};

/// Lets views call a function even if SQLite is configured not to trust the schema. (Some versions of the bindings lack
/// it.)
const SQLITE_INNOCUOUS: c_int = 0x20_0000;

/// The events of the trace. (Their type depends on the version of the bindings.)
#[allow(clippy::unnecessary_cast)]
mod trace {
    use std::ffi::c_uint;

    pub const STATEMENT: c_uint = libsqlite3_sys::SQLITE_TRACE_STMT as c_uint;
    pub const ROW: c_uint = libsqlite3_sys::SQLITE_TRACE_ROW as c_uint;
    pub const PROFILE: c_uint = libsqlite3_sys::SQLITE_TRACE_PROFILE as c_uint;
    pub const CLOSE: c_uint = libsqlite3_sys::SQLITE_TRACE_CLOSE as c_uint;
}

type OnOpen =
    unsafe extern "C" fn(*mut sqlite3, *mut *mut c_char, *const sqlite3_api_routines) -> c_int;

/// Asks SQLite to report every connection that this process opens from now on.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the log may be set at any time (SQLite's documentation of SQLITE_CONFIG_LOG), even while other threads
        // are in SQLite: the function and its context are each stored atomically, and the function ignores the context.
        // The function has the type that SQLite calls it with.
        let result = unsafe {
            sqlite3_config(
                SQLITE_CONFIG_LOG,
                on_error as unsafe extern "C" fn(_, _, _),
                null_mut::<c_void>(),
            )
        };
        assert_eq!(
            result, SQLITE_OK,
            "SQLite accepts an error log at any time since its version 3.42"
        );
        // SAFETY: SQLite calls the routine as `OnOpen`; the bindings declare it so, or, in some versions, as a function
        // without arguments, and both are function pointers of C. The routine neither opens nor closes a database, and
        // does not touch the list of auto-extensions.
        #[allow(
            clippy::useless_transmute,
            reason = "the declared type depends on the version of the bindings"
        )]
        let result = unsafe { sqlite3_auto_extension(Some(transmute(on_open as OnOpen))) };
        assert_eq!(
            result, SQLITE_OK,
            "SQLite has memory for one more auto-extension"
        );
    });
}

/// Attaches a new connection to the recording of its file, if there is one.
unsafe extern "C" fn on_open(
    db: *mut sqlite3,
    _: *mut *mut c_char,
    _: *const sqlite3_api_routines,
) -> c_int {
    // SAFETY: SQLite passes an open connection. The name is used only before anything else is done with it.
    let log = unsafe { file(db) }.and_then(recording::of_file);
    let Some(log) = log else {
        return SQLITE_OK;
    };
    if log.is_full() {
        // A number below the current size means the current size (SQLite's documentation of this PRAGMA).
        let limit = c"PRAGMA max_page_count = 1";
        // SAFETY: the connection is open, the SQL is zero-terminated, and there is no callback.
        let result = unsafe { sqlite3_exec(db, limit.as_ptr(), None, null_mut(), null_mut()) };
        if result != SQLITE_OK {
            return result;
        }
    }
    let recorded = Recorded::open(log);

    // A function that is never called. It owns the value whose destructor notes the end: SQLite destroys the functions of
    // a connection last, after its statements, its locks and its file.
    let closed = Box::into_raw(Box::new(OnClosed(recorded.clone())));
    // SAFETY: the connection is open, the name is zero-terminated, and `destroy` frees a box of this type. SQLite calls it
    // once, even if this call fails.
    let mut result = unsafe {
        sqlite3_create_function_v2(
            db,
            c"recorder_is_attached".as_ptr(),
            0,
            SQLITE_UTF8,
            closed.cast(),
            Some(is_attached),
            None,
            None,
            Some(destroy::<OnClosed>),
        )
    };
    for (name, function) in barrier::SQL_FUNCTIONS {
        let data = Box::into_raw(Box::new((recorded.clone(), function)));
        // SAFETY: as above, with a box of the type that `call` reads.
        let registered = unsafe {
            sqlite3_create_function_v2(
                db,
                name.as_ptr(),
                0,
                SQLITE_UTF8 | SQLITE_INNOCUOUS,
                data.cast(),
                Some(call),
                None,
                None,
                Some(destroy::<(Arc<Recorded>, SqlFunction)>),
            )
        };
        result = result.max(registered);
    }
    if result != SQLITE_OK {
        return result;
    }
    let events = trace::STATEMENT | trace::ROW | trace::PROFILE | trace::CLOSE;
    // SAFETY: the connection is open. The context stays valid as long as SQLite may use it: the function
    // `recorder_is_attached` owns a reference to it, and SQLite destroys that function after the last event. (A program
    // that registered a function of that name would end it sooner.)
    unsafe {
        sqlite3_trace_v2(
            db,
            events,
            Some(on_event),
            Arc::as_ptr(&recorded).cast_mut().cast(),
        )
    }
}

/// Returns the name of the connection's database file, if it has one.
///
/// # Safety
///
/// The connection is open, and stays open and unchanged as long as the name is used.
unsafe fn file<'c>(db: *mut sqlite3) -> Option<&'c Path> {
    // SAFETY: the connection is open, and `main` is the name of its first database.
    let name = unsafe { sqlite3_db_filename(db, c"main".as_ptr()) };
    // SAFETY: the name is zero-terminated, and lives as long as the connection.
    let name = (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) })?;
    #[cfg(unix)]
    let name = std::os::unix::ffi::OsStrExt::from_bytes(name.to_bytes());
    #[cfg(not(unix))]
    let name = std::ffi::OsStr::new(name.to_str().ok()?);
    Some(Path::new::<std::ffi::OsStr>(name))
}

/// Frees what a function owns.
///
/// # Safety
///
/// `data` came from `Box::<T>::into_raw` and is not used any more.
unsafe extern "C" fn destroy<T>(data: *mut c_void) {
    // SAFETY: as this function asks for.
    drop(unsafe { Box::from_raw(data.cast::<T>()) });
}

/// The body of `recorder_is_attached()`.
unsafe extern "C" fn is_attached(
    context: *mut sqlite3_context,
    _: c_int,
    _: *mut *mut sqlite3_value,
) {
    // SAFETY: SQLite passes the context of this call.
    unsafe { sqlite3_result_int(context, 1) };
}

/// The body of the functions of [`barrier::SQL_FUNCTIONS`].
unsafe extern "C" fn call(context: *mut sqlite3_context, _: c_int, _: *mut *mut sqlite3_value) {
    // SAFETY: SQLite passes the context of this call, and with it the box with which the function was registered, which
    // lives until `destroy`.
    let (recorded, function) =
        unsafe { &*sqlite3_user_data(context).cast::<(Arc<Recorded>, SqlFunction)>() };
    match function(recorded) {
        // SAFETY: the context is the one of this call.
        Ok(value) => unsafe { sqlite3_result_int(context, value.into()) },
        Err(message) => {
            let message = CString::new(message).unwrap_or_default();
            // SAFETY: as above; the message is zero-terminated, and SQLite copies it.
            unsafe { sqlite3_result_error(context, message.as_ptr(), -1) };
        }
    }
}

unsafe extern "C" fn on_event(
    event: c_uint,
    context: *mut c_void,
    subject: *mut c_void,
    detail: *mut c_void,
) -> c_int {
    // SAFETY: the context is the one that `on_open` passed, and is alive (see there). It is shared between threads and only
    // read; what changes in it is behind locks.
    let recorded = unsafe { &*context.cast::<Recorded>().cast_const() };
    match event {
        trace::STATEMENT => {
            // SAFETY: with this event SQLite passes a statement that is running, and a zero-terminated text that lives
            // as long as the call.
            let begun = unsafe { texts(subject.cast(), detail.cast()) };
            if let Some((sql, expanded)) = begun {
                recorded.begin(subject.addr(), sql, expanded);
            }
        }
        trace::ROW => recorded.row(subject.addr()),
        trace::PROFILE => {
            // SAFETY: with this event SQLite passes a statement that is being stepped, reset or finalized.
            let is_busy = unsafe { sqlite3_stmt_busy(subject.cast()) } != 0;
            recorded.end(subject.addr(), is_busy);
        }
        trace::CLOSE => recorded.closing(),
        _ => {}
    }
    0
}

/// Returns the text of a statement that begins, as written and with its parameters filled in. `None` for the program of a
/// trigger, which SQLite reports within the statement that fires it: `reported` is then a comment.
///
/// # Safety
///
/// The statement is alive, and `reported` is zero-terminated.
unsafe fn texts(statement: *mut sqlite3_stmt, reported: *const c_char) -> Option<(String, String)> {
    // SAFETY: the statement is alive.
    let sql = unsafe { sqlite3_sql(statement) };
    // SAFETY: as this function asks for; and a statement's SQL is zero-terminated, and lives as long as the statement.
    if sql.is_null() || unsafe { CStr::from_ptr(reported) != CStr::from_ptr(sql) } {
        return None;
    }
    // SAFETY: as above.
    let sql = unsafe { CStr::from_ptr(sql) }
        .to_string_lossy()
        .into_owned();
    // SAFETY: the statement is alive. The caller owns the result until it frees it.
    let expanded = unsafe { sqlite3_expanded_sql(statement) };
    if expanded.is_null() {
        return Some((sql.clone(), sql)); // longer than SQLite's limit for a string
    }
    // SAFETY: it is zero-terminated, and not freed yet.
    let text = unsafe { CStr::from_ptr(expanded) }
        .to_string_lossy()
        .into_owned();
    // SAFETY: it came from SQLite's allocator, and nothing refers to it any more.
    unsafe { sqlite3_free(expanded.cast()) };
    Some((sql, text))
}

/// Returns SQLite's text for an error code.
pub(crate) fn error_text(code: c_int) -> String {
    // SAFETY: SQLite returns a static, zero-terminated text for every code.
    let text = unsafe { CStr::from_ptr(sqlite3_errstr(code)) };
    text.to_string_lossy().into_owned()
}

unsafe extern "C" fn on_error(_: *mut c_void, code: c_int, message: *const c_char) {
    // SAFETY: SQLite passes a zero-terminated text that lives as long as the call.
    let message = unsafe { CStr::from_ptr(message) }.to_string_lossy();
    error_log::note(code, &message);
}
