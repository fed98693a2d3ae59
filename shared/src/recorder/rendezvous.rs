//! A meeting of queries inside SQLite: proof, without a clock, that they run at the same time.

use std::path::Path;
use std::sync::PoisonError;

use super::{DEADLINE, Log, Recording, lock};
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
    }
}

/// Makes a view of the table `users`, which calls `meet()` before it gives its rows.
///
/// # Panics
///
/// When the database has no table `users`.
pub fn make_users_meet(database: &Path) {
    let connection = sqlite::open(database).expect("a database");
    connection
        .execute_batch(
            "ALTER TABLE users RENAME TO people;
             CREATE VIEW users AS SELECT * FROM people WHERE meet();",
        )
        .expect("a table `users`, and no `people`");
}

/// The body of `meet()`.
pub(super) fn meet(log: &Log, connection: usize) -> rusqlite::Result<bool> {
    let mut state = lock(&log.state);
    let Some(meeting) = &mut state.meeting else {
        return Ok(true);
    };
    if !meeting.arrived.contains(&connection) {
        meeting.arrived.push(connection);
        log.changed.notify_all();
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
