//! The questions to a library for SQLite. SQLite itself answers, through the recorder.

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use recorder::Recording;
use recorder::timeline::{Connection, End, Statement, Timeline};
use tokio::runtime::Runtime;

use crate::gate::Gate;
use crate::host::{Host, Outcome, poll_once};
use crate::{Answer, GRACE, LIMIT, Result, caller, could_not_be_asked, runtime, short, within};

/// A library, used as its documentation recommends, with one connection. A clone is another handle to the same connection
/// or pool.
pub trait Library: Clone + Send + Sync + 'static {
    /// Opens what an application keeps: a pool of one connection, or one connection.
    fn open(file: &Path) -> impl Future<Output = Result<Self>> + Send;

    /// Runs a statement that returns one number.
    fn number(&self, sql: &'static str) -> impl Future<Output = Result<i64>> + Send;

    /// Runs a statement that changes rows.
    fn execute(&self, sql: &'static str) -> impl Future<Output = Result<()>> + Send;

    /// Runs two statements in a transaction, with a gate between them, and commits.
    fn transaction(
        &self,
        statements: [&'static str; 2],
        gate: Gate,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Reads rows one at a time, with a gate after the first, and returns their number.
    fn rows(&self, sql: &'static str, gate: Gate) -> impl Future<Output = Result<u64>> + Send;

    /// Closes the connection or the pool.
    fn close(self) -> impl Future<Output = Result<()>> + Send;
}

const TABLES: &str = "
    CREATE TABLE events (name);
    CREATE TABLE parents (id INTEGER PRIMARY KEY);
    CREATE TABLE children (parent REFERENCES parents DEFERRABLE INITIALLY DEFERRED);";

/// A statement that runs until the observer lets it end, with one row at its end. Its connection is the first at the
/// barrier for one, until there is another barrier.
const ENDLESS: &str = "WITH RECURSIVE abandoned(i) AS (SELECT barrier() UNION ALL SELECT i + 1 FROM abandoned WHERE arrived_first()) \
                       SELECT count(*) AS n FROM abandoned";
/// A statement with many rows.
const ROWS: &str = "WITH RECURSIVE abandoned(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM abandoned WHERE i < 100000) \
                    SELECT i AS n FROM abandoned";
const INSERT: &str = "INSERT INTO events VALUES ('abandoned')";
const INSERT_2: &str = "INSERT INTO events VALUES ('abandoned, second')";
/// A commit after it fails, because the parent does not exist.
const ORPHAN: &str = "INSERT INTO children VALUES (1) -- abandoned";
const NEXT: &str = "SELECT count(*) AS n FROM events";
const NEXT_WRITE: &str = "INSERT INTO events VALUES ('next')";

/// Asks a library one question.
pub fn ask<L: Library>(question: &str) -> Answer {
    let observed = Observed::new();
    let host = match question {
        "current" => Host::with_one_thread(),
        _ => Host::start(),
    };
    runtime().block_on(async {
        match question {
            "runtime" => return the_runtime_ends::<L>(host, drop, &observed).await,
            "background" => {
                let end = Runtime::shutdown_background;
                return the_runtime_ends::<L>(host, end, &observed).await;
            }
            _ => {}
        }
        let file = observed.file.clone();
        let opened = host.run(async move { L::open(&file).await }).await;
        let Some(Outcome::Ended(Ok(library))) = opened else {
            panic!("the library does not open the database");
        };
        let asked = Asked {
            library,
            host,
            observed: &observed,
        };
        match question {
            "statement" | "current" => a_statement_runs(asked).await,
            "lock" => it_waits_for_a_lock(asked).await,
            "transaction" => between_two_statements(asked).await,
            "rows" => rows_are_read(asked).await,
            "turn" => it_waits_for_its_turn(asked).await,
            "close" => it_closes(asked).await,
            "panic" => the_body_panics(asked).await,
            "commit" => the_commit_fails(asked).await,
            _ => panic!("unknown question: {question}"),
        }
    })
}

/// A library that is being asked.
struct Asked<'o, L> {
    library: L,
    host: Host,
    observed: &'o Observed,
}

impl<L: Library> Asked<'_, L> {
    /// Runs one of the library's functions on its runtime. Returns `None` if it hangs.
    async fn run<T, F>(&self, function: impl FnOnce(L) -> F) -> Option<Outcome<T>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        self.host.run(function(self.library.clone())).await
    }
}

/// A database that is recorded, with a connection that is not.
struct Observed {
    _folder: tempfile::TempDir,
    file: std::path::PathBuf,
    outside: rusqlite::Connection,
    recording: Recording,
}

impl Observed {
    fn new() -> Observed {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("survey.db");
        let outside = rusqlite::Connection::open(&file).expect("a database");
        outside.execute_batch(TABLES).expect("the tables");
        outside.busy_timeout(Duration::ZERO).expect("a time limit");
        Observed {
            recording: Recording::start(&file),
            _folder: folder,
            file,
            outside,
        }
    }

    /// Returns the number of committed rows whose name begins with this text.
    fn committed(&self, name: &str) -> i64 {
        let sql = "SELECT count(*) FROM events WHERE name LIKE ?1 || '%'";
        self.outside
            .query_one(sql, [name], |row| row.get(0))
            .expect("another connection can read")
    }

    /// Returns whether another program can write to the database now.
    fn is_locked(&self) -> bool {
        self.outside
            .execute_batch("BEGIN IMMEDIATE; ROLLBACK")
            .is_err()
    }

    /// Waits until this holds for the timeline, at most as long as `limit`.
    async fn seen(&self, limit: Duration, holds: impl FnMut(&Timeline) -> bool) -> bool {
        within(limit, self.recording.happened(holds))
            .await
            .is_some()
    }

    /// Makes [`ENDLESS`] run until [`Observed::let_it_end`].
    fn hold_statements(&self) {
        self.recording.set_barrier(1);
    }

    /// Completes when [`ENDLESS`] runs.
    async fn statement_runs(&self) {
        self.recording.arrived(1).await;
    }

    fn let_it_end(&self) {
        self.recording.set_barrier(0);
    }
}

fn is_abandoned(statement: &&Statement) -> bool {
    statement.sql.contains("abandoned")
}

fn abandoned(timeline: &Timeline) -> Option<Statement> {
    timeline.statements().find(is_abandoned).cloned()
}

fn has_begun(timeline: &Timeline) -> bool {
    timeline
        .statements()
        .any(|statement| is_abandoned(&statement))
}

fn has_ended(timeline: &Timeline) -> bool {
    timeline
        .statements()
        .any(|statement| is_abandoned(&statement) && statement.ended.is_some())
}

/// Returns the connection on which the abandoned statement ran.
fn its_connection(timeline: &Timeline) -> Option<(usize, &Connection)> {
    let mut connections = timeline.connections.iter().enumerate();
    connections.find(|(_, connection)| connection.statements.iter().any(|s| is_abandoned(&s)))
}

/// Returns whether the connection on which the abandoned statement ran is closed.
fn is_closed_again(timeline: &Timeline) -> bool {
    its_connection(timeline).is_some_and(|(_, used)| used.closed.is_some())
}

/// Returns the end of the transaction on a connection, if it has been seen.
fn end_of_transaction(connection: &Connection) -> Option<(&'static str, Duration)> {
    let mut ends = connection.statements.iter().filter_map(|statement| {
        let is = |word| statement.sql.trim_start().to_uppercase().starts_with(word);
        let ended = statement.ended.as_ref()?;
        match ended.1 {
            End::Done if is("ROLLBACK") => Some(("rolled back", ended.0)),
            End::Done if is("COMMIT") => Some(("committed", ended.0)),
            _ => None,
        }
    });
    let closed = connection.closed.map(|at| ("rolled back", at));
    ends.next().or(closed)
}

/// Returns how the abandoned statement ended.
fn fate(timeline: &Timeline) -> String {
    let Some(statement) = abandoned(timeline) else {
        return "never runs".to_owned();
    };
    let Some((_, end)) = statement.ended else {
        return "**still runs**".to_owned();
    };
    match end {
        End::Interrupted => "is stopped".to_owned(),
        End::Left => "runs until its next row".to_owned(),
        End::Done => "runs to its end".to_owned(),
        End::Failed(reason) if reason.contains("locked") => "waits until its time limit".to_owned(),
        End::Failed(reason) => format!("fails: {reason}"),
        End::Refused(reason) => format!("is refused: {reason}"),
    }
}

/// Says of a drop what can surprise: `early` is its end while the statement still ran.
fn of_the_drop<T>(early: Option<Outcome<T>>) -> String {
    match early {
        None => ", and **the drop blocks its thread** until then".to_owned(),
        Some(Outcome::Panicked(panic)) => format!(", and **the drop panics**: `{}`", short(&panic)),
        Some(_) => String::new(),
    }
}

/// Lets the next user come, and closes.
async fn afterwards<L: Library>(answer: Answer, asked: Asked<'_, L>) -> Answer {
    let observed = asked.observed;
    let recording = &observed.recording;
    let came = recording.now();
    let next = asked
        .run(async |library: L| library.number(NEXT).await)
        .await;
    let committed = observed.committed("");
    let after = recording.timeline();
    let of_next = after.connections.iter().enumerate().rev().find(|(_, c)| {
        c.statements
            .iter()
            .any(|statement| statement.sql == NEXT && statement.begun >= came)
    });
    let next = match next {
        None => "**hangs**".to_owned(),
        Some(Outcome::Ended(Ok(seen))) if seen != committed => {
            "**sees rows that are not committed**".to_owned()
        }
        Some(Outcome::Ended(Ok(_))) => "sees nothing of it".to_owned(),
        failed => caller(failed),
    };
    let used = its_connection(&after);
    let is_reused = matches!((used, of_next), (Some((used, _)), Some((next, _))) if used == next);
    let connection = if used.is_none() {
        "was not used"
    } else if is_reused {
        "is used again"
    } else if observed.seen(GRACE, is_closed_again).await {
        "is closed"
    } else {
        "**stays open**"
    };
    let write = asked
        .run(async |library: L| library.execute(NEXT_WRITE).await)
        .await;
    let next = match write {
        Some(Outcome::Ended(Ok(()))) if observed.committed("next") == 0 => {
            format!("{next}; **what it writes is not committed**")
        }
        _ => next,
    };
    let Asked { library, host, .. } = asked;
    let closing = host.run(async { library.close().await }).await;
    let is_closed = observed
        .seen(GRACE, |timeline| timeline.open_connections() == 0)
        .await;
    let close = match (closing, is_closed) {
        (None, _) => "**hangs**".to_owned(),
        (Some(Outcome::Ended(Ok(()))), true) => "closes it".to_owned(),
        (Some(Outcome::Ended(Ok(()))), false) => "**leaves a connection open**".to_owned(),
        (failed, _) => caller(failed),
    };
    answer
        .with("the next user", next)
        .with("the connection", connection)
        .with("`close` afterwards", close)
}

async fn a_statement_runs<L: Library>(asked: Asked<'_, L>) -> Answer {
    let observed = asked.observed;
    observed.hold_statements();
    let library = asked.library.clone();
    let mut work = asked
        .host
        .spawn(async move { library.number(ENDLESS).await });
    if let Err(ended) = work.until(observed.statement_runs()).await {
        return could_not_be_asked(ended);
    }
    // The statement cannot reach its end now, and what does not happen now waits for that.
    let (early, _) = tokio::join!(work.dropped(GRACE), observed.seen(GRACE, has_ended));
    observed.let_it_end();
    observed.seen(LIMIT, has_ended).await;
    if early.is_none() {
        work.dropped(LIMIT).await;
    }
    let fate = fate(&observed.recording.timeline()) + &of_the_drop(early);
    afterwards(Answer::new().with("the statement", fate), asked).await
}

async fn it_waits_for_a_lock<L: Library>(asked: Asked<'_, L>) -> Answer {
    let observed = asked.observed;
    let lock = observed.outside.execute_batch("BEGIN IMMEDIATE");
    lock.expect("a lock that no one else has");
    let library = asked.library.clone();
    let mut work = asked
        .host
        .spawn(async move { library.execute(INSERT).await });
    if let Err(ended) = work.until(observed.recording.happened(has_begun)).await {
        return could_not_be_asked(ended);
    }
    let (early, gave_up) = tokio::join!(work.dropped(GRACE), observed.seen(GRACE, has_ended));
    let release = observed.outside.execute_batch("ROLLBACK");
    release.expect("the lock is released");
    observed.seen(LIMIT, has_ended).await;
    if early.is_none() {
        work.dropped(LIMIT).await;
    }
    let end = fate(&observed.recording.timeline());
    let answer = afterwards(Answer::new(), asked).await;
    let fate = match (gave_up, observed.committed("abandoned")) {
        (true, 0) => "stops waiting".to_owned(),
        (false, 1) => {
            "waits until the lock is released, then **is executed and committed**".to_owned()
        }
        (false, 0) => format!("waits until the lock is released, then {end}"),
        (_, committed) => format!("{end}; {committed} rows are committed"),
    };
    let fate = fate + &of_the_drop(early);
    Answer::new().with("the statement", fate).and(answer)
}

async fn between_two_statements<L: Library>(asked: Asked<'_, L>) -> Answer {
    let gate = Gate::closed();
    let work = {
        let (library, gate) = (asked.library.clone(), gate.clone());
        async move { library.transaction([INSERT, INSERT_2], gate).await }
    };
    let mut work = asked.host.spawn(work);
    if let Err(ended) = work.until(gate.arrived()).await {
        return could_not_be_asked(ended);
    }
    work.dropped(LIMIT).await;
    gate.open();
    after_a_transaction(Answer::new(), asked).await
}

/// Returns whether the transaction of the abandoned statement has ended.
fn transaction_has_ended(timeline: &Timeline) -> bool {
    let used = its_connection(timeline);
    used.is_some_and(|(_, used)| end_of_transaction(used).is_some())
}

async fn after_a_transaction<L: Library>(answer: Answer, asked: Asked<'_, L>) -> Answer {
    let observed = asked.observed;
    let by_itself = observed.seen(GRACE, transaction_has_ended).await;
    let locked = if observed.is_locked() {
        ", and **keeps the file locked**"
    } else {
        ""
    };
    // The end of what the program itself does; the next user may do more.
    let timeline = observed.recording.timeline();
    let second = timeline
        .statements()
        .find(|statement| statement.sql == INSERT_2)
        .and_then(|statement| statement.ended.clone());
    let second = match second {
        None => "does not run",
        Some((_, End::Done)) => "**runs**",
        Some((_, End::Interrupted)) => "is stopped",
        Some(_) => "fails",
    };
    let committed = observed.committed("abandoned");
    let transaction = match (by_itself, committed) {
        (_, 1..) => "**is committed**".to_owned(),
        (true, _) => format!("is rolled back{locked}"),
        (false, _) => format!("**stays open**{locked}"),
    };
    let answer = answer
        .with("the second statement", second)
        .with("the transaction", transaction);
    afterwards(answer, asked).await
}

async fn rows_are_read<L: Library>(asked: Asked<'_, L>) -> Answer {
    let observed = asked.observed;
    let gate = Gate::closed();
    let work = {
        let (library, gate) = (asked.library.clone(), gate.clone());
        async move { library.rows(ROWS, gate).await }
    };
    let mut work = asked.host.spawn(work);
    if let Err(ended) = work.until(gate.arrived()).await {
        return could_not_be_asked(ended);
    }
    let before = has_ended(&observed.recording.timeline());
    work.dropped(LIMIT).await;
    gate.open();
    observed.seen(LIMIT, has_ended).await;
    let timeline = observed.recording.timeline();
    let all = abandoned(&timeline).is_some_and(|statement| statement.rows == 100_000);
    let fate = match (all, before) {
        (true, true) => "**all rows are read** before the first is returned".to_owned(),
        (true, false) => "**all rows are read**".to_owned(),
        (false, _) => fate(&timeline),
    };
    afterwards(Answer::new().with("the statement", fate), asked).await
}

async fn it_waits_for_its_turn<L: Library>(asked: Asked<'_, L>) -> Answer {
    let observed = asked.observed;
    let gate = Gate::closed();
    let first = {
        let (library, gate) = (asked.library.clone(), gate.clone());
        async move { library.transaction([NEXT_WRITE, NEXT_WRITE], gate).await }
    };
    let mut first = asked.host.spawn(first);
    if let Err(ended) = first.until(gate.arrived()).await {
        return could_not_be_asked(ended);
    }
    let library = asked.library.clone();
    let mut work = asked
        .host
        .spawn(async move { library.execute(INSERT).await });
    // A library with one connection cannot begin the statement as long as the gate is closed. Any other has this time.
    if let Err(ended) = work.until(observed.seen(GRACE, has_begun)).await {
        return could_not_be_asked(ended);
    }
    let opened = observed.recording.opened_connections();
    work.dropped(LIMIT).await;
    gate.open();
    let first = match within(LIMIT, first.outcome()).await {
        Some(Outcome::Ended(Ok(()))) => "succeeds".to_owned(),
        failed => caller(failed),
    };
    observed.seen(GRACE, has_ended).await;
    let of_others = afterwards(Answer::new(), asked).await;
    // Nothing is open any more, so what has not run by now never will.
    let fate = match observed.committed("abandoned") {
        0 => fate(&observed.recording.timeline()),
        _ => "**is executed and committed** later".to_owned(),
    };
    Answer::new()
        .with("the statement", fate)
        .with("the other user", first)
        .with("connections", opened)
        .and(of_others)
}

async fn it_closes<L: Library>(asked: Asked<'_, L>) -> Answer {
    let observed = asked.observed;
    let first = asked
        .run(async |library: L| library.number(NEXT).await)
        .await;
    assert!(
        matches!(first, Some(Outcome::Ended(Ok(0)))),
        "the library can be used"
    );
    let Asked { library, host, .. } = asked;
    host.run(async { poll_once(library.close()).await }).await;
    let is_closed = observed
        .seen(GRACE, |timeline| timeline.open_connections() == 0)
        .await;
    Answer::new().with("the connection", closed_or_open(is_closed))
}

async fn the_body_panics<L: Library>(asked: Asked<'_, L>) -> Answer {
    let body = async |library: L| {
        library
            .transaction([INSERT, INSERT_2], Gate::panicking())
            .await
    };
    let caller = caller(asked.run(body).await);
    after_a_transaction(Answer::new().with("the caller", caller), asked).await
}

async fn the_commit_fails<L: Library>(asked: Asked<'_, L>) -> Answer {
    let observed = asked.observed;
    let body = async |library: L| library.transaction([INSERT, ORPHAN], Gate::opened()).await;
    let answer = Answer::new().with("the caller", caller(asked.run(body).await));
    let by_itself = observed.seen(GRACE, transaction_has_ended).await;
    let transaction = match (by_itself, observed.is_locked()) {
        (true, false) => "is rolled back",
        (_, true) => "**stays open**, and **keeps the file locked**",
        (false, false) => "**stays open**",
    };
    afterwards(answer.with("the transaction", transaction), asked).await
}

async fn the_runtime_ends<L: Library>(host: Host, end: fn(Runtime), observed: &Observed) -> Answer {
    observed.hold_statements();
    let file = observed.file.clone();
    let _work = host.spawn(async move { L::open(&file).await?.number(ENDLESS).await });
    let runs = within(LIMIT, observed.statement_runs()).await;
    runs.expect("the statement runs");
    let mut end = std::pin::pin!(host.end(end));
    let (early, _) = tokio::join!(within(GRACE, &mut end), observed.seen(GRACE, has_ended));
    observed.let_it_end();
    observed.seen(LIMIT, has_ended).await;
    let is_closed = observed
        .seen(GRACE, |timeline| timeline.open_connections() == 0)
        .await;
    let mut fate = fate(&observed.recording.timeline());
    if early.is_none() {
        let end = within(LIMIT, end).await;
        fate += match end {
            Some(()) => ", and **the end of the runtime waits** until then",
            None => ", and **the end of the runtime hangs**",
        };
    }
    Answer::new()
        .with("the statement", fate)
        .with("the connection", closed_or_open(is_closed))
}

fn closed_or_open(is_closed: bool) -> &'static str {
    if is_closed {
        "is closed"
    } else {
        "**stays open**"
    }
}
