//! A meeting of queries inside SQLite: proof, without a clock, that they run at the same time.

use std::path::Path;
use std::sync::{Arc, PoisonError};

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

use super::hook::Watched;
use super::{DEADLINE, Log, Recording, lock};
use crate::fixture::ENDLESS;
use crate::sqlite;

pub(super) struct State {
    expected: usize,
    arrived: Vec<usize>,
}

impl Recording {
    /// Makes the SQL function `meet()`, which every recorded connection has, wait until `connections` of them have
    /// called it. Without a meeting it returns at once. It is true; and after [`DEADLINE`] it is an error that says how
    /// many came.
    pub fn meeting_of(&self, connections: usize) {
        lock(&self.log.state).meeting = Some(State {
            expected: connections,
            arrived: Vec::new(),
        });
        // Those who wait look again: a meeting of none lets everybody go.
        self.log.changed.notify_all();
    }

    /// Completes when that many connections wait at the meeting.
    pub async fn arrived(&self, connections: usize) {
        let have_come = |state: &super::State| {
            state
                .meeting
                .as_ref()
                .is_some_and(|meeting| meeting.arrived.len() >= connections)
        };
        self.log.reached(have_come).await;
    }
}

/// Makes a view of the table `users`, which calls `meet()` before it gives its rows.
///
/// # Panics
///
/// When the database has no table `users`.
pub fn make_users_meet(database: &Path) {
    make_view(database, "meet()");
}

/// Makes a view of the table `users` on which two queries meet; the first to come fails, and the other runs until it is
/// stopped.
///
/// # Panics
///
/// When the database has no table `users`.
pub fn make_one_fail_and_one_run_on(database: &Path) {
    // SQLite evaluates only the branch of a CASE that is taken.
    make_view(
        database,
        &format!("CASE WHEN meet() AND came_first() THEN fail() ELSE ({ENDLESS}) > 0 END"),
    );
}

fn make_view(database: &Path, condition: &str) {
    let connection = sqlite::open(database).expect("a database");
    connection
        .execute_batch(&format!(
            "ALTER TABLE users RENAME TO people;
             CREATE VIEW users AS SELECT * FROM people WHERE {condition}"
        ))
        .expect("a table `users`, and no `people`");
}

/// The functions of SQL that a recorded connection has.
pub(super) fn register(connection: &Connection, watched: &Arc<Watched>) -> rusqlite::Result<()> {
    // Innocuous, or a view could not call them where SQLite is told not to trust the schema.
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_INNOCUOUS;
    let guest = watched.clone();
    connection.create_scalar_function("meet", 0, flags, move |_| meet(&guest.log, guest.number))?;
    let guest = watched.clone();
    connection.create_scalar_function("came_first", 0, flags, move |_| {
        let state = lock(&guest.log.state);
        Ok(state
            .meeting
            .as_ref()
            .is_some_and(|meeting| meeting.arrived.first() == Some(&guest.number)))
    })?;
    connection.create_scalar_function("fail", 0, flags, |_| -> rusqlite::Result<bool> {
        Err(rusqlite::Error::UserFunctionError("failed on purpose".into()))
    })
}

/// The body of `meet()`.
fn meet(log: &Log, connection: usize) -> rusqlite::Result<bool> {
    let mut state = lock(&log.state);
    let Some(meeting) = &mut state.meeting else {
        return Ok(true);
    };
    if !meeting.arrived.contains(&connection) {
        meeting.arrived.push(connection);
        log.changed.notify_all();
        state.wake();
    }
    let is_waiting = |state: &mut super::State| {
        state
            .meeting
            .as_ref()
            .is_some_and(|meeting| meeting.arrived.len() < meeting.expected)
    };
    let waited = log.changed.wait_timeout_while(state, DEADLINE, is_waiting);
    let (state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
    match &state.meeting {
        Some(meeting) if timeout.timed_out() => {
            let text = format!(
                "of {} queries that should meet, {} came",
                meeting.expected,
                meeting.arrived.len()
            );
            Err(rusqlite::Error::UserFunctionError(text.into()))
        }
        _ => Ok(true),
    }
}
