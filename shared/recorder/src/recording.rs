//! A recording of one database file.

use std::collections::HashSet;
use std::collections::hash_map::{Entry, HashMap};
use std::fmt;
use std::future::poll_fn;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use crate::barrier::Barrier;
use crate::timeline::{Connection, Timeline, text};
use crate::{Deadline, breakpoint, deadline, ffi, lock};

/// Records every connection to one database file that is opened while this value lives.
///
/// Several recordings can run in one process at the same time, each of another file. What a connection does after its
/// recording was dropped is ignored.
pub struct Recording {
    database: PathBuf,
    pub(crate) log: Arc<Log>,
}

/// The log that SQLite's callbacks write to, from any thread.
pub(crate) struct Log {
    pub(crate) begun: Instant,
    pub(crate) state: Mutex<State>,
    pub(crate) changed: Condvar,
}

#[derive(Default)]
pub(crate) struct State {
    timeline: Timeline,
    /// The number of events so far: each opening, each row, each beginning and end.
    events: usize,
    threads: HashSet<ThreadId>,
    pub(crate) breakpoint: Option<breakpoint::State>,
    pub(crate) barrier: Option<Barrier>,
    is_full: bool,
    wakers: Vec<Waker>,
}

/// The recordings that are running, by the file's name as SQLite gives it.
static RUNNING: LazyLock<Mutex<HashMap<PathBuf, Arc<Log>>>> = LazyLock::new(Mutex::default);

/// Returns the log of the recording of a file, if there is one.
pub(crate) fn of_file(path: &Path) -> Option<Arc<Log>> {
    lock(&RUNNING).get(path).cloned()
}

impl Recording {
    /// Starts to record the connections to a database file.
    ///
    /// # Panics
    ///
    /// If the file does not exist or is already being recorded.
    pub fn start(database: impl AsRef<Path>) -> Recording {
        ffi::install();
        let database = database
            .as_ref()
            .canonicalize()
            .expect("only a file that exists can be recorded");
        let log = Arc::new(Log {
            begun: Instant::now(),
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        match lock(&RUNNING).entry(database.clone()) {
            Entry::Vacant(place) => drop(place.insert(log.clone())),
            Entry::Occupied(_) => panic!("{} is already being recorded", database.display()),
        }
        Recording { database, log }
    }

    /// Returns what has happened so far.
    pub fn timeline(&self) -> Timeline {
        let state = lock(&self.log.state);
        Timeline {
            watched: self.log.begun.elapsed(),
            ..state.timeline.clone()
        }
    }

    /// Returns the number of connections that have been opened so far.
    pub fn opened_connections(&self) -> usize {
        lock(&self.log.state).timeline.connections.len()
    }

    /// Returns the number of connections that are open now.
    pub fn open_connections(&self) -> usize {
        lock(&self.log.state).timeline.open_connections()
    }

    /// Returns the threads on which anything happened.
    pub fn threads(&self) -> HashSet<ThreadId> {
        lock(&self.log.state).threads.clone()
    }

    /// Makes the database full: a connection that is opened from now on fails when it needs another page.
    pub fn forbid_growth(&self) {
        lock(&self.log.state).is_full = true;
    }

    /// Waits until every connection that was opened is closed. Blocks the thread.
    ///
    /// # Panics
    ///
    /// If one is still open when the [`Deadline`] passes. The message shows the timeline.
    pub fn wait_until_closed(&self) {
        self.wait_until("every connection is closed", |timeline| {
            timeline.open_connections() == 0
        });
    }

    /// Completes when `holds` returns true for the timeline. That may never happen: poll it together with the work that
    /// should make it true. `holds` must not call the recording, which is locked during the call.
    pub async fn happened(&self, mut holds: impl FnMut(&Timeline) -> bool) {
        self.log.reached(|state| holds(&state.timeline)).await;
    }

    /// Waits until `holds` returns true for the timeline. Blocks the thread. `what` completes the failure's message
    /// "gave up waiting until …".
    ///
    /// # Panics
    ///
    /// If it does not hold when the [`Deadline`] passes. The message shows the timeline.
    pub fn wait_until(&self, what: &str, mut holds: impl FnMut(&Timeline) -> bool) {
        let state = lock(&self.log.state);
        let (state, happened) = self.log.wait(state, |state| holds(&state.timeline));
        drop(state);
        assert!(happened, "gave up waiting until {what}\n{self}");
    }
}

/// Draws the timeline as text.
impl fmt::Display for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::draw(&self.timeline(), text::MESSAGE_WIDTH, false))
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        lock(&RUNNING).remove(&self.database);
    }
}

impl Log {
    /// Returns whether the database must not grow.
    pub(crate) fn is_full(&self) -> bool {
        lock(&self.state).is_full
    }

    /// Notes that a connection was opened, and returns its number.
    pub(crate) fn note_opening(&self) -> usize {
        self.event(|timeline, now| {
            timeline.connections.push(Connection {
                opened: now,
                ..Connection::default()
            });
            timeline.connections.len() - 1
        })
    }

    /// Applies an event to a connection, and passes it the time.
    pub(crate) fn note<T>(
        &self,
        connection: usize,
        event: impl FnOnce(&mut Connection, Duration) -> T,
    ) -> T {
        self.event(|timeline, now| event(&mut timeline.connections[connection], now))
    }

    /// Notes an event, notifies all that wait for one, and holds the thread if there is a breakpoint.
    fn event<T>(&self, event: impl FnOnce(&mut Timeline, Duration) -> T) -> T {
        let mut state = lock(&self.state);
        // Read with the lock held, so that the times are in the order of the events.
        let noted = event(&mut state.timeline, self.begun.elapsed());
        state.threads.insert(thread::current().id());
        let number = state.events;
        state.events += 1;
        let is_held = breakpoint::reach(&mut state, number);
        self.notify(state);
        if is_held {
            breakpoint::hold(self, number);
        }
        noted
    }

    /// Wakes all that wait for a change of the state.
    pub(crate) fn notify(&self, mut state: MutexGuard<'_, State>) {
        let wakers = mem::take(&mut state.wakers);
        // Unlocked first: waking a task may drop it, and with it a recorded connection.
        drop(state);
        self.changed.notify_all();
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Waits until `holds` returns true for the state, and returns whether it did before the deadline.
    pub(crate) fn wait<'l>(
        &'l self,
        mut state: MutexGuard<'l, State>,
        mut holds: impl FnMut(&State) -> bool,
    ) -> (MutexGuard<'l, State>, bool) {
        let deadline = Deadline::start();
        loop {
            let waiting = |state: &mut State| !holds(state);
            let waited = self
                .changed
                .wait_timeout_while(state, deadline::INTERVAL, waiting);
            let timed_out;
            (state, timed_out) = waited.unwrap_or_else(PoisonError::into_inner);
            let timed_out = timed_out.timed_out();
            if !timed_out || deadline.has_passed() {
                return (state, !timed_out);
            }
        }
    }

    /// Completes when `holds` returns true for the state.
    pub(crate) async fn reached(&self, mut holds: impl FnMut(&State) -> bool) {
        poll_fn(|context| {
            let mut state = lock(&self.state);
            if holds(&state) {
                return Poll::Ready(());
            }
            state.wakers.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}
