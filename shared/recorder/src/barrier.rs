//! SQL functions of a recorded connection: a barrier, which proves without a clock that queries run at the same time, a
//! failure on purpose, and a rest.
//!
//! | SQL | what it does |
//! | --- | --- |
//! | `barrier()` | waits until as many connections have called it as [`Recording::set_barrier`] says; returns true |
//! | `arrived_first()` | returns whether this connection was the first at the barrier |
//! | `fail()` | fails |
//! | `rest()` | sleeps for a millisecond; returns true |

use std::ffi::CStr;
use std::thread;
use std::time::Duration;

use crate::connection::Recorded;
use crate::recording::{Log, State};
use crate::{Recording, lock};

/// A function that SQL can call on a recorded connection: it takes nothing, and returns a boolean or fails.
pub(crate) type SqlFunction = fn(&Recorded) -> Result<bool, String>;

pub(crate) const SQL_FUNCTIONS: [(&CStr, SqlFunction); 4] = [
    (c"barrier", |connection| {
        wait(&connection.log, connection.number)
    }),
    (c"arrived_first", |connection| {
        let state = lock(&connection.log.state);
        let arrived = state.barrier.as_ref().map(|barrier| &barrier.arrived);
        Ok(arrived.is_some_and(|arrived| arrived.first() == Some(&connection.number)))
    }),
    (c"fail", |_| Err("failed on purpose".to_owned())),
    (c"rest", |_| {
        thread::sleep(Duration::from_millis(1));
        Ok(true)
    }),
];

pub(crate) struct Barrier {
    expected: usize,
    arrived: Vec<usize>,
}

impl Recording {
    /// Makes the SQL function `barrier()`, which every recorded connection has, wait until `connections` of them have
    /// called it. Without a barrier it returns at once. When the [`Deadline`](crate::Deadline) passes it fails, with an error that says how many
    /// arrived.
    pub fn set_barrier(&self, connections: usize) {
        lock(&self.log.state).barrier = Some(Barrier {
            expected: connections,
            arrived: Vec::new(),
        });
        // The waiting connections look again: a barrier for none releases all of them.
        self.log.changed.notify_all();
    }

    /// Completes when that many connections have arrived at the barrier.
    pub async fn arrived(&self, connections: usize) {
        let have_arrived = |state: &State| {
            let barrier = state.barrier.as_ref();
            barrier.is_some_and(|barrier| barrier.arrived.len() >= connections)
        };
        self.log.reached(have_arrived).await;
    }
}

/// The body of `barrier()`.
fn wait(log: &Log, connection: usize) -> Result<bool, String> {
    let mut state = lock(&log.state);
    let Some(barrier) = &mut state.barrier else {
        return Ok(true);
    };
    if !barrier.arrived.contains(&connection) {
        barrier.arrived.push(connection);
        log.notify(state);
        state = lock(&log.state);
    }
    let (state, have_arrived) = log.wait(state, |state| {
        let barrier = state.barrier.as_ref();
        barrier.is_none_or(|barrier| barrier.arrived.len() >= barrier.expected)
    });
    match &state.barrier {
        Some(barrier) if !have_arrived => Err(format!(
            "{} of {} queries arrived at the barrier",
            barrier.arrived.len(),
            barrier.expected
        )),
        _ => Ok(true),
    }
}
