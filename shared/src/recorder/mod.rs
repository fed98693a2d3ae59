//! For tests: sees what is opened, run and closed on a SQLite file, by whatever library in the process does it.
//!
//! The code that is watched takes no part in it. SQLite itself tells of every connection that opens, through an
//! auto-extension, and of every statement, through its trace. That a connection is really gone is NOT told by the
//! trace's event `Closing`, which is the attempt: it comes before SQLite finds a statement that somebody forgot, and
//! then the connection, and its lock, live on. It is told by the destructor of an SQL function that was registered
//! when the connection opened; SQLite runs it last.
//!
//! ```
//! use shared::recorder::{Recording, What};
//!
//! # let folder = tempfile::tempdir().unwrap();
//! # let users_db = folder.path().join("users.db");
//! # shared::sqlite::create_sample(&users_db)?;
//! let recording = Recording::start(&users_db);
//!
//! let connection = shared::sqlite::open(&users_db)?;
//! connection.execute_batch("SELECT 1")?;
//! assert_eq!(recording.open_connections(), 1);
//! drop(connection);
//!
//! let whats: Vec<What> = recording.events().into_iter().map(|event| event.what).collect();
//! assert_eq!(whats[0], What::Opened);
//! assert_eq!(whats[1], What::Begun { statement: 0, sql: "SELECT 1".into() });
//! assert_eq!(whats[2..], [What::Row { statement: 0 }, What::Ended { statement: 0 }, What::Closing, What::Closed]);
//! # Ok::<(), shared::sqlite::Error>(())
//! ```

mod gate;
mod hook;
mod rendezvous;

use std::collections::HashMap;
use std::fmt;
use std::future::poll_fn;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

pub use gate::Gate;
pub use rendezvous::{make_one_fail_and_one_run_on, make_users_meet};

/// How long to wait for what should come at once; only a failure gets there.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Something that happened on a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Which connection of the recording, counted from 0 in the order of their opening.
    pub connection: usize,
    /// When.
    pub at: Instant,
    /// On which thread.
    pub thread: ThreadId,
    /// What.
    pub what: What,
}

/// What happened. Statements are counted from 0 for each connection, in the order in which they began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The connection was opened.
    Opened,
    /// A statement began to run.
    Begun {
        /// Which one.
        statement: usize,
        /// Its text as it was written, placeholders and all.
        sql: String,
    },
    /// A statement was stepped to its next row.
    Row {
        /// Which one.
        statement: usize,
    },
    /// A statement ended: by its last row, by an error, or because it was reset.
    Ended {
        /// Which one.
        statement: usize,
    },
    /// Somebody asked for the connection to be closed.
    Closing,
    /// The connection is gone, and with it its locks and its file descriptor.
    Closed,
}

/// Records every connection to one database file that is opened while this value lives.
pub struct Recording {
    database: PathBuf,
    log: Arc<Log>,
}

/// What the hooks of SQLite write to, from any thread.
#[derive(Default)]
struct Log {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    events: Vec<Event>,
    connections: usize,
    gate: Option<gate::State>,
    meeting: Option<rendezvous::State>,
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
        let log = Arc::<Log>::default();
        let before = lock(&RUNNING).insert(database.clone(), log.clone());
        assert!(
            before.is_none(),
            "{} is being recorded already",
            database.display()
        );
        Recording { database, log }
    }

    /// What has happened so far.
    pub fn events(&self) -> Vec<Event> {
        lock(&self.log.state).events.clone()
    }

    /// How many connections have been opened so far.
    pub fn opened_connections(&self) -> usize {
        lock(&self.log.state).connections
    }

    /// How many connections are open at this moment.
    pub fn open_connections(&self) -> usize {
        lock(&self.log.state).open_connections()
    }

    /// The greatest number of connections that were open at one time.
    pub fn most_open_connections(&self) -> usize {
        let mut open: usize = 0;
        let counts = self.events().into_iter().map(|event| {
            match event.what {
                What::Opened => open += 1,
                What::Closed => open -= 1,
                _ => {}
            }
            open
        });
        counts.max().unwrap_or_default()
    }

    /// Waits until every connection that was opened is gone.
    ///
    /// # Panics
    ///
    /// When one is still open after [`DEADLINE`]; the text lists what happened.
    pub fn wait_until_closed(&self) {
        self.wait_until("every connection is closed", |events| {
            let count = |what| events.iter().filter(|event| event.what == what).count();
            count(What::Opened) == count(What::Closed)
        });
    }

    /// Completes when something holds of the events. It may never: put it beside the work that should bring it about.
    pub async fn happened(&self, mut holds: impl FnMut(&[Event]) -> bool) {
        self.log.reached(|state| holds(&state.events)).await;
    }

    /// Waits until something holds of the events: `what` says what, for the failure's text.
    ///
    /// # Panics
    ///
    /// When it does not hold after [`DEADLINE`]; the text lists what happened.
    pub fn wait_until(&self, what: &str, mut holds: impl FnMut(&[Event]) -> bool) {
        let state = lock(&self.log.state);
        let waited = self
            .log
            .changed
            .wait_timeout_while(state, DEADLINE, |state| !holds(&state.events));
        let (state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        let timed_out = timeout.timed_out();
        drop(state);
        assert!(!timed_out, "waited in vain until {what}\n{self}");
    }
}

/// Lists what happened, an event a line: the connection, and the time since the first event.
impl fmt::Display for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let events = self.events();
        let Some(first) = events.first() else {
            return write!(f, "no connection was opened");
        };
        for Event {
            connection, at, what, ..
        } in &events
        {
            let since = (*at - first.at).as_secs_f64() * 1000.0;
            write!(f, "{since:9.3} ms  connection {connection}: ")?;
            match what {
                What::Opened => writeln!(f, "opened")?,
                What::Begun { statement, sql } => writeln!(f, "statement {statement} began: {sql}")?,
                What::Row { statement } => writeln!(f, "statement {statement} gave a row")?,
                What::Ended { statement } => writeln!(f, "statement {statement} ended")?,
                What::Closing => writeln!(f, "asked to close")?,
                What::Closed => writeln!(f, "closed")?,
            }
        }
        Ok(())
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        lock(&RUNNING).remove(&self.database);
    }
}

impl Log {
    /// Notes an event, and holds the thread where a gate stands.
    fn note(&self, connection: usize, what: What) {
        let mut state = lock(&self.state);
        let number = state.events.len();
        state.events.push(Event {
            connection,
            at: Instant::now(),
            thread: thread::current().id(),
            what,
        });
        let is_at_gate = gate::reach(&mut state, number);
        self.changed.notify_all();
        state.wake();
        if is_at_gate {
            gate::hold(self, state, number);
        }
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

impl State {
    /// Has everybody look again who waits in [`Log::reached`].
    fn wake(&mut self) {
        for waker in self.wakers.drain(..) {
            waker.wake();
        }
    }

    fn open_connections(&self) -> usize {
        let closed = self
            .events
            .iter()
            .filter(|event| event.what == What::Closed)
            .count();
        self.connections - closed
    }
}

/// A test that fails while it holds a lock must not make others fail.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
