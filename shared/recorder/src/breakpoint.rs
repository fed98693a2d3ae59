//! Holds a thread inside SQLite, at a chosen event, until the test releases it.

use std::sync::PoisonError;
use std::thread::{self, ThreadId};

use crate::Recording;
use crate::lock;
use crate::recording::{self, Log};

/// A breakpoint at one event of a recording. The thread at which that event happens waits inside SQLite until this value is
/// dropped.
#[must_use = "the thread goes on when this value is dropped"]
pub struct Breakpoint<'r> {
    log: &'r Log,
}

pub(crate) struct State {
    event: usize,
    set_by: ThreadId,
    is_reached: bool,
}

impl Recording {
    /// Sets a breakpoint at the `number`th event of the recording, counted from 0 over all connections.
    ///
    /// # Panics
    ///
    /// If the recording already has a breakpoint.
    pub fn break_at(&self, number: usize) -> Breakpoint<'_> {
        let breakpoint = State {
            event: number,
            set_by: thread::current().id(),
            is_reached: false,
        };
        let before = lock(&self.log.state).breakpoint.replace(breakpoint);
        assert!(
            before.is_none(),
            "a recording can have one breakpoint at a time"
        );
        Breakpoint { log: &self.log }
    }
}

impl Breakpoint<'_> {
    /// Completes when a thread has arrived. That may never happen: poll it together with the work that should arrive.
    pub async fn reached(&self) {
        let is_reached = |state: &recording::State| {
            let breakpoint = state.breakpoint.as_ref();
            breakpoint.is_some_and(|breakpoint| breakpoint.is_reached)
        };
        self.log.reached(is_reached).await;
    }
}

impl Drop for Breakpoint<'_> {
    fn drop(&mut self) {
        lock(&self.log.state).breakpoint = None;
        self.log.changed.notify_all();
    }
}

/// Notes that the event `number` has happened, and returns whether the thread must be held there.
pub(crate) fn reach(state: &mut recording::State, number: usize) -> bool {
    let Some(breakpoint) = state.breakpoint.as_mut().filter(|set| set.event == number) else {
        return false;
    };
    breakpoint.is_reached = true;
    // A thread cannot wait for itself, so the test's thread passes.
    breakpoint.set_by != thread::current().id()
}

/// Holds the thread at the event `number` until the breakpoint is gone.
pub(crate) fn hold(log: &Log, number: usize) {
    let is_held = |state: &mut recording::State| {
        let breakpoint = state.breakpoint.as_ref();
        breakpoint.is_some_and(|breakpoint| breakpoint.event == number)
    };
    let state = lock(&log.state);
    drop(
        log.changed
            .wait_while(state, is_held)
            .unwrap_or_else(PoisonError::into_inner),
    );
}
