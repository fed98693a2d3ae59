//! Sees what is opened, run and closed on a SQLite file, by whatever library in the process does it.
//!
//! The code that is watched takes no part in it. SQLite itself tells of every connection that opens, through an
//! auto-extension; of every statement, through its trace; and why one failed, through its error log. That a connection
//! is really gone is NOT told by the trace's close, which is the attempt: it comes before SQLite finds a statement that
//! somebody forgot, and then the connection, and its lock, live on. It is told by the destructor of an SQL function that
//! was registered when the connection opened; SQLite runs it last.
//!
//! ```
//! use shared::recorder::Recording;
//! use shared::timeline::End;
//!
//! # let folder = tempfile::tempdir().unwrap();
//! # let users_db = folder.path().join("users.db");
//! # shared::sqlite::create_sample(&users_db)?;
//! let recording = Recording::start(&users_db);
//!
//! let connection = shared::sqlite::open(&users_db)?;
//! connection.query_one("SELECT name FROM users WHERE age > ?1", [70], |_| Ok(()))?;
//! assert_eq!(recording.open_connections(), 1);
//! drop(connection);
//!
//! let timeline = recording.timeline();
//! let connection = &timeline.connections[0];
//! assert!(connection.closing.is_some() && connection.closed.is_some());
//! let statement = &connection.statements[0];
//! assert_eq!(statement.sql, "SELECT name FROM users WHERE age > ?1");
//! assert_eq!(statement.expanded, "SELECT name FROM users WHERE age > 70");
//! let (_, how) = statement.ended.as_ref().unwrap();
//! assert_eq!((statement.rows, how), (1, &End::Done));
//! # Ok::<(), shared::sqlite::Error>(())
//! ```
//!
//! What it cannot see: connections that were open before the recording began; a file that is opened under the name of
//! a hard link, or attached to another; a database in memory; another process. A parameter that holds a zero byte is cut
//! off there. SQL that SQLite did not accept is put down to the connection
//! that the same thread turns to next. A process has one error log: whoever sets another takes the reasons away.

mod functions;
mod gate;
mod hook;
mod reason;
mod watched;

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

use crate::timeline::{Connection, Timeline, text};

pub use crate::deadline::DEADLINE;
pub use gate::Gate;

/// Records every connection to one database file that is opened while this value lives.
///
/// Several can run at the same time in one process, on a file each. What a connection does that was opened under a
/// recording is still heard, and forgotten, when the recording is over.
pub struct Recording {
    database: PathBuf,
    log: Arc<Log>,
}

/// What the hooks of SQLite write to, from any thread.
struct Log {
    begun: Instant,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    timeline: Timeline,
    /// How many events there were: each opening, each row, each beginning and end.
    events: usize,
    threads: HashSet<ThreadId>,
    gate: Option<gate::State>,
    meeting: Option<functions::Meeting>,
    is_full: bool,
    wakers: Vec<Waker>,
}

/// The recordings that are running, by the file's name as SQLite gives it.
static RUNNING: LazyLock<Mutex<HashMap<PathBuf, Arc<Log>>>> = LazyLock::new(Mutex::default);

impl Recording {
    /// Begins to record the connections to a database, which must be there.
    ///
    /// # Panics
    ///
    /// When the file does not exist, or is being recorded already.
    pub fn start(database: impl AsRef<Path>) -> Recording {
        hook::install();
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
            Entry::Occupied(_) => panic!("{} is being recorded already", database.display()),
        }
        Recording { database, log }
    }

    /// What has happened so far.
    pub fn timeline(&self) -> Timeline {
        let state = lock(&self.log.state);
        Timeline {
            watched: self.log.begun.elapsed(),
            ..state.timeline.clone()
        }
    }

    /// How many connections have been opened so far.
    pub fn opened_connections(&self) -> usize {
        lock(&self.log.state).timeline.connections.len()
    }

    /// How many connections are open at this moment.
    pub fn open_connections(&self) -> usize {
        lock(&self.log.state).timeline.open_connections()
    }

    /// The threads on which anything happened.
    pub fn threads(&self) -> HashSet<ThreadId> {
        lock(&self.log.state).threads.clone()
    }

    /// Makes the database as large as it may get: a connection that is opened from now on finds it full when it needs
    /// another page.
    pub fn forbid_growth(&self) {
        lock(&self.log.state).is_full = true;
    }

    /// Waits until every connection that was opened is gone.
    ///
    /// # Panics
    ///
    /// When one is still open after [`DEADLINE`]; the text shows what happened.
    pub fn wait_until_closed(&self) {
        self.wait_until("every connection is closed", |timeline| {
            timeline.open_connections() == 0
        });
    }

    /// Completes when something holds of what happened. It may never: put it beside the work that should bring it
    /// about. `holds` must not ask the recording itself, which stands still while it looks.
    pub async fn happened(&self, mut holds: impl FnMut(&Timeline) -> bool) {
        self.log.reached(|state| holds(&state.timeline)).await;
    }

    /// Waits until something holds of what happened: `what` says what, for the failure's text.
    ///
    /// # Panics
    ///
    /// When it does not hold after [`DEADLINE`]; the text shows what happened.
    pub fn wait_until(&self, what: &str, mut holds: impl FnMut(&Timeline) -> bool) {
        let state = lock(&self.log.state);
        let waited = self
            .log
            .changed
            .wait_timeout_while(state, *DEADLINE, |state| !holds(&state.timeline));
        let (state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        let timed_out = timeout.timed_out();
        drop(state);
        assert!(!timed_out, "waited in vain until {what}\n{self}");
    }
}

/// Draws what happened, as text.
impl fmt::Display for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::draw(&self.timeline(), 100, false))
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        lock(&RUNNING).remove(&self.database);
    }
}

impl Log {
    /// Notes that a connection was opened, and returns its number.
    fn note_opening(&self) -> usize {
        self.event(|timeline, now| {
            timeline.connections.push(Connection {
                opened: now,
                ..Connection::default()
            });
            timeline.connections.len() - 1
        })
    }

    /// Notes an event of a connection: what it changes there, at which time.
    fn note<T>(&self, connection: usize, event: impl FnOnce(&mut Connection, Duration) -> T) -> T {
        self.event(|timeline, now| event(&mut timeline.connections[connection], now))
    }

    /// Notes an event, tells everybody who waits for one, and holds the thread where a gate stands.
    fn event<T>(&self, event: impl FnOnce(&mut Timeline, Duration) -> T) -> T {
        let mut state = lock(&self.state);
        // Read with the lock held, so that the times are in the order of the events.
        let noted = event(&mut state.timeline, self.begun.elapsed());
        state.threads.insert(thread::current().id());
        let number = state.events;
        state.events += 1;
        let is_at_gate = gate::reach(&mut state, number);
        self.tell(state);
        if is_at_gate {
            gate::hold(self, number);
        }
        noted
    }

    /// Has everybody look again who waits for a change of the state.
    fn tell(&self, mut state: MutexGuard<'_, State>) {
        let wakers = mem::take(&mut state.wakers);
        // Let go of first: to wake a task may drop it, and with it a connection that is recorded.
        drop(state);
        self.changed.notify_all();
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Completes when something holds of the state.
    async fn reached(&self, mut holds: impl FnMut(&State) -> bool) {
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

/// A test that fails while it holds a lock must not make others fail.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
