//! What a recorded connection can call in SQL: a meeting of queries, which proves without a clock that they run at the
//! same time, and a failure on purpose.
//!
//! | SQL | what it does |
//! | --- | --- |
//! | `meet()` | waits until as many connections have called it as [`Recording::meeting_of`] says; is true |
//! | `came_first()` | whether this connection was the first to come to the meeting |
//! | `fail()` | fails |

use std::sync::{Arc, PoisonError};

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

use super::watched::Watched;
use super::{DEADLINE, Log, Recording, State, lock};

pub(super) struct Meeting {
    expected: usize,
    arrived: Vec<usize>,
}

impl Recording {
    /// Makes the SQL function `meet()`, which every recorded connection has, wait until `connections` of them have
    /// called it. Without a meeting it returns at once. It is true; and after [`DEADLINE`] it is an error that says how
    /// many came.
    pub fn meeting_of(&self, connections: usize) {
        lock(&self.log.state).meeting = Some(Meeting {
            expected: connections,
            arrived: Vec::new(),
        });
        // Those who wait look again: a meeting of none lets everybody go.
        self.log.changed.notify_all();
    }

    /// Completes when that many connections wait at the meeting.
    pub async fn arrived(&self, connections: usize) {
        let have_come = |state: &State| {
            state
                .meeting
                .as_ref()
                .is_some_and(|meeting| meeting.arrived.len() >= connections)
        };
        self.log.reached(have_come).await;
    }
}

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
        log.tell(state);
        state = lock(&log.state);
    }
    let is_waiting = |state: &mut State| {
        state
            .meeting
            .as_ref()
            .is_some_and(|meeting| meeting.arrived.len() < meeting.expected)
    };
    let waited = log.changed.wait_timeout_while(state, *DEADLINE, is_waiting);
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
