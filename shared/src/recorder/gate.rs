//! Holds a thread inside SQLite, at a chosen event, until the test lets it go.

use std::sync::PoisonError;
use std::thread::{self, ThreadId};

use super::{Log, Recording, lock};

/// Stands at one event of a recording: the thread that comes there waits inside SQLite until the gate is dropped.
#[must_use = "the gate opens when it is dropped"]
pub struct Gate<'r> {
    log: &'r Log,
}

pub(super) struct State {
    at: usize,
    opened_by: ThreadId,
    is_reached: bool,
}

impl Recording {
    /// Sets a gate at the event that will be the `number`th of the recording, counted from 0 over all connections.
    ///
    /// # Panics
    ///
    /// When the recording has a gate already.
    pub fn gate_at(&self, number: usize) -> Gate<'_> {
        let gate = State {
            at: number,
            opened_by: thread::current().id(),
            is_reached: false,
        };
        let before = lock(&self.log.state).gate.replace(gate);
        assert!(before.is_none(), "one gate at a time");
        Gate { log: &self.log }
    }
}

impl Gate<'_> {
    /// Completes when a thread stands at the gate. It may never: put it beside the work that should come there.
    pub async fn reached(&self) {
        self.log
            .reached(|state| state.gate.as_ref().is_some_and(|gate| gate.is_reached))
            .await;
    }
}

impl Drop for Gate<'_> {
    fn drop(&mut self) {
        lock(&self.log.state).gate = None;
        self.log.changed.notify_all();
    }
}

/// Notes that the event `number` has happened, and tells whether the thread is to be held there.
pub(super) fn reach(state: &mut super::State, number: usize) -> bool {
    let Some(gate) = state.gate.as_mut().filter(|gate| gate.at == number) else {
        return false;
    };
    gate.is_reached = true;
    // A thread cannot wait for itself: work that is done on the test's own thread only passes.
    gate.opened_by != thread::current().id()
}

/// Holds the thread that has noted the event `number` until the gate there is gone.
pub(super) fn hold(log: &Log, number: usize) {
    let state = lock(&log.state);
    let is_held = |state: &mut super::State| state.gate.as_ref().is_some_and(|gate| gate.at == number);
    drop(
        log.changed
            .wait_while(state, is_held)
            .unwrap_or_else(PoisonError::into_inner),
    );
}
