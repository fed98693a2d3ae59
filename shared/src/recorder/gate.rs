//! Holds a thread inside SQLite, at a chosen event, until the test lets it go.

use std::future::poll_fn;
use std::sync::{MutexGuard, PoisonError};
use std::task::Poll;

use super::{Log, Recording, lock};

/// Stands at one event of a recording: the thread that comes there waits inside SQLite until the gate is dropped.
#[must_use = "the gate opens when it is dropped"]
pub struct Gate<'r> {
    log: &'r Log,
}

pub(super) struct State {
    at: usize,
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
        poll_fn(|context| {
            let mut state = lock(&self.log.state);
            if state.gate.as_ref().is_some_and(|gate| gate.is_reached) {
                return Poll::Ready(());
            }
            state.wakers.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

impl Drop for Gate<'_> {
    fn drop(&mut self) {
        lock(&self.log.state).gate = None;
        self.log.changed.notify_all();
    }
}

/// Holds the thread that has noted the event `number`, if the gate stands there.
pub(super) fn hold<'l>(
    log: &'l Log,
    mut state: MutexGuard<'l, super::State>,
    number: usize,
) -> MutexGuard<'l, super::State> {
    let Some(gate) = state.gate.as_mut().filter(|gate| gate.at == number) else {
        return state;
    };
    gate.is_reached = true;
    for waker in state.wakers.drain(..) {
        waker.wake();
    }
    let is_held = |state: &mut super::State| state.gate.as_ref().is_some_and(|gate| gate.at == number);
    log.changed
        .wait_while(state, is_held)
        .unwrap_or_else(PoisonError::into_inner)
}
