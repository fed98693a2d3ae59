//! The questions to a library for SQLite. SQLite itself answers, through the recorder.

use std::future::Future;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

use recorder::Recording;
use recorder::timeline::{Connection, End, Statement, Timeline};

use crate::gate::Gate;
use crate::{Answer, Dropped, GRACE, LIMIT, Result, drop_at, poll_once, runtime, short, within};

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

/// A statement that takes some seconds before its only row.
const LONG: &str = "WITH RECURSIVE abandoned(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM abandoned WHERE i < 4000000) \
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
    if question == "runtime" {
        return the_runtime_ends::<L>(&observed);
    }
    if question == "current" {
        return on_a_runtime_with_one_thread::<L>(&observed);
    }
    runtime().block_on(async {
        let opened = L::open(&observed.file).await;
        let library = opened.expect("the library opens the database");
        match question {
            "statement" => a_statement_runs(library, &observed).await,
            "lock" => it_waits_for_a_lock(library, &observed).await,
            "transaction" => between_two_statements(library, &observed).await,
            "rows" => rows_are_read(library, &observed).await,
            "turn" => it_waits_for_its_turn(library, &observed).await,
            "close" => it_closes(library, &observed).await,
            "panic" => the_body_panics(library, &observed).await,
            "commit" => the_commit_fails(library, &observed).await,
            _ => panic!("unknown question: {question}"),
        }
    })
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

    fn now(&self) -> Duration {
        self.recording.timeline().watched
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

/// Returns what happened to the abandoned statement. `drop` is the time between the beginning and the end of the drop.
fn fate(timeline: &Timeline, drop: &Range<Duration>) -> String {
    let Some(statement) = abandoned(timeline) else {
        return "never runs".to_owned();
    };
    let Some((at, end)) = statement.ended else {
        return "**still runs**".to_owned();
    };
    // A drop that only asks for something to stop takes no time.
    let blocks = at <= drop.end && drop.end - drop.start > GRACE / 4;
    let blocks = if blocks {
        ", and **the drop blocks its thread** until then"
    } else {
        ""
    };
    match end {
        End::Interrupted => format!("is stopped{blocks}"),
        End::Left => format!("runs until its next row{blocks}"),
        End::Done => format!("runs to its end{blocks}"),
        End::Failed(reason) if reason.contains("locked") => {
            format!("waits until its time limit{blocks}")
        }
        End::Failed(reason) => format!("fails: {reason}{blocks}"),
        End::Refused(reason) => format!("is refused: {reason}"),
    }
}

/// Lets the next user come, and closes.
async fn afterwards<L: Library>(answer: Answer, library: L, observed: &Observed) -> Answer {
    let recording = &observed.recording;
    let came = observed.now();
    let next = within(LIMIT, library.number(NEXT)).await;
    let committed = observed.committed("");
    let after = recording.timeline();
    let of_next = after.connections.iter().enumerate().rev().find(|(_, c)| {
        c.statements
            .iter()
            .any(|statement| statement.sql == NEXT && statement.begun >= came)
    });
    let next = match next {
        None => "**hangs**".to_owned(),
        Some(Err(error)) => format!("gets an error: `{}`", short(&error)),
        Some(Ok(seen)) if seen != committed => "**sees rows that are not committed**".to_owned(),
        Some(Ok(_)) => "sees nothing of it".to_owned(),
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
    let write = within(LIMIT, library.execute(NEXT_WRITE)).await;
    let next = match write {
        Some(Ok(())) if observed.committed("next") == 0 => {
            format!("{next}; **what it writes is not committed**")
        }
        _ => next,
    };
    let closing = within(LIMIT, library.close()).await;
    let is_closed = observed
        .seen(GRACE, |timeline| timeline.open_connections() == 0)
        .await;
    let close = match (closing, is_closed) {
        (None, _) => "**hangs**".to_owned(),
        (Some(Err(error)), _) => format!("fails: `{}`", short(&error)),
        (_, true) => "closes it".to_owned(),
        (_, false) => "**leaves a connection open**".to_owned(),
    };
    answer
        .with("the next user", next)
        .with("the connection", connection)
        .with("`close` afterwards", close)
}

async fn a_statement_runs<L: Library>(library: L, observed: &Observed) -> Answer {
    let begun = observed.recording.happened(has_begun);
    let drop = match drop_at(library.number(LONG), begun, || observed.now()).await {
        Dropped::Dropped(took) => took,
        Dropped::Ended(ended) => return could_not_be_asked(ended.map(|_| ())),
    };
    observed.seen(LIMIT, has_ended).await;
    let fate = fate(&observed.recording.timeline(), &drop);
    afterwards(Answer::new().with("the statement", fate), library, observed).await
}

/// Asks what [`a_statement_runs`] asks, on the executor of a `#[tokio::main(flavor = "current_thread")]` or `#[tokio::test]`.
fn on_a_runtime_with_one_thread<L: Library>(observed: &Observed) -> Answer {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().expect("a runtime starts");
    let ask = || {
        runtime.block_on(async {
            let opened = L::open(&observed.file).await;
            let library = opened.expect("the library opens the database");
            a_statement_runs(library, observed).await
        })
    };
    let answer = catch_unwind(AssertUnwindSafe(ask));
    answer.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or(panic.downcast_ref::<String>().cloned());
        let text = text.unwrap_or_default();
        let text = format!("**the drop panics**: `{}`", short(&text));
        Answer::new().with("the statement", text)
    })
}

async fn it_waits_for_a_lock<L: Library>(library: L, observed: &Observed) -> Answer {
    let lock = observed.outside.execute_batch("BEGIN IMMEDIATE");
    lock.expect("a lock that no one else has");
    let begun = observed.recording.happened(has_begun);
    let drop = match drop_at(library.execute(INSERT), begun, || observed.now()).await {
        Dropped::Dropped(took) => took,
        Dropped::Ended(ended) => return could_not_be_asked(ended),
    };
    let gave_up = observed.seen(GRACE, has_ended).await;
    let release = observed.outside.execute_batch("ROLLBACK");
    release.expect("the lock is released");
    observed.seen(LIMIT, has_ended).await;
    let fate = fate(&observed.recording.timeline(), &drop);
    let answer = afterwards(Answer::new(), library, observed).await;
    let fate = match (gave_up, observed.committed("abandoned")) {
        (true, 0) if !fate.contains("blocks") => "stops waiting".to_owned(),
        (true, 0) => fate,
        (false, 1) => {
            "waits until the lock is released, then **is executed and committed**".to_owned()
        }
        (false, 0) => format!("waits until the lock is released, then {fate}"),
        (_, committed) => format!("{fate}; {committed} rows are committed"),
    };
    Answer::new().with("the statement", fate).and(answer)
}

async fn between_two_statements<L: Library>(library: L, observed: &Observed) -> Answer {
    let gate = Gate::closed();
    let work = library.transaction([INSERT, INSERT_2], gate.clone());
    let dropped = drop_at(work, gate.arrived(), || observed.now()).await;
    gate.open();
    match dropped {
        Dropped::Ended(ended) => could_not_be_asked(ended),
        Dropped::Dropped(_) => after_a_transaction(Answer::new(), library, observed).await,
    }
}

async fn after_a_transaction<L: Library>(
    answer: Answer,
    library: L,
    observed: &Observed,
) -> Answer {
    let ended = |timeline: &Timeline| {
        let used = its_connection(timeline);
        used.is_some_and(|(_, used)| end_of_transaction(used).is_some())
    };
    let by_itself = observed.seen(GRACE, ended).await;
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
    afterwards(answer, library, observed).await
}

async fn rows_are_read<L: Library>(library: L, observed: &Observed) -> Answer {
    let gate = Gate::closed();
    let work = library.rows(ROWS, gate.clone());
    let dropped = drop_at(work, gate.arrived(), || observed.now()).await;
    gate.open();
    let drop = match dropped {
        Dropped::Dropped(took) => took,
        Dropped::Ended(ended) => return could_not_be_asked(ended.map(|_| ())),
    };
    observed.seen(LIMIT, has_ended).await;
    let timeline = observed.recording.timeline();
    let fate = match abandoned(&timeline) {
        Some(statement) if statement.rows == 100_000 => "**all rows are read**".to_owned(),
        _ => fate(&timeline, &drop),
    };
    afterwards(Answer::new().with("the statement", fate), library, observed).await
}

async fn it_waits_for_its_turn<L: Library>(library: L, observed: &Observed) -> Answer {
    let gate = Gate::closed();
    let first = {
        let (library, gate) = (library.clone(), gate.clone());
        tokio::spawn(async move { library.transaction([NEXT_WRITE, NEXT_WRITE], gate).await })
    };
    gate.arrived().await;
    // Long enough for it to arrive where it waits.
    let dropped = drop_at(
        library.execute(INSERT),
        tokio::time::sleep(GRACE / 4),
        || observed.now(),
    )
    .await;
    let opened = observed.recording.opened_connections();
    gate.open();
    if let Dropped::Ended(ended) = dropped {
        let _ = first.await;
        return could_not_be_asked(ended);
    }
    let first = match within(LIMIT, first).await {
        Some(Ok(Ok(()))) => "succeeds",
        _ => "**fails**",
    };
    observed.seen(GRACE, has_ended).await;
    let fate = match observed.committed("abandoned") {
        0 => "never runs",
        _ => "**is executed and committed** later",
    };
    let answer = Answer::new()
        .with("the statement", fate)
        .with("the other user", first)
        .with("connections", opened);
    afterwards(answer, library, observed).await
}

async fn it_closes<L: Library>(library: L, observed: &Observed) -> Answer {
    let first = within(LIMIT, library.number(NEXT)).await;
    assert!(matches!(first, Some(Ok(0))), "the library can be used");
    poll_once(library.close()).await;
    let is_closed = observed
        .seen(GRACE, |timeline| timeline.open_connections() == 0)
        .await;
    let connection = if is_closed {
        "is closed"
    } else {
        "**stays open**"
    };
    Answer::new().with("the connection", connection)
}

async fn the_body_panics<L: Library>(library: L, observed: &Observed) -> Answer {
    let body = {
        let library = library.clone();
        tokio::spawn(async move {
            library
                .transaction([INSERT, INSERT_2], Gate::panicking())
                .await
        })
    };
    let caller = match within(LIMIT, body).await {
        None => "**waits forever**".to_owned(),
        Some(Ok(Ok(()))) => "**gets no error**".to_owned(),
        Some(Ok(Err(error))) => format!("gets an error: `{}`", short(&error)),
        Some(Err(panic)) if panic.is_panic() => "gets the panic".to_owned(),
        Some(Err(_)) => "is cancelled".to_owned(),
    };
    after_a_transaction(Answer::new().with("the caller", caller), library, observed).await
}

async fn the_commit_fails<L: Library>(library: L, observed: &Observed) -> Answer {
    let body = library.transaction([INSERT, ORPHAN], Gate::opened());
    let caller = match within(LIMIT, body).await {
        None => "**waits forever**".to_owned(),
        Some(Ok(())) => "**gets no error**".to_owned(),
        Some(Err(error)) => format!("gets an error: `{}`", short(&error)),
    };
    let answer = Answer::new().with("the caller", caller);
    let ended = |timeline: &Timeline| {
        let used = its_connection(timeline);
        used.is_some_and(|(_, used)| end_of_transaction(used).is_some())
    };
    let by_itself = observed.seen(GRACE, ended).await;
    let transaction = match (by_itself, observed.is_locked()) {
        (true, false) => "is rolled back",
        (_, true) => "**stays open**, and **keeps the file locked**",
        (false, false) => "**stays open**",
    };
    afterwards(
        answer.with("the transaction", transaction),
        library,
        observed,
    )
    .await
}

fn the_runtime_ends<L: Library>(observed: &Observed) -> Answer {
    let runtime = runtime();
    let file = observed.file.clone();
    runtime.spawn(async move {
        let library = L::open(&file)
            .await
            .expect("the library opens the database");
        let _ = library.number(LONG).await;
    });
    observed
        .recording
        .wait_until("the statement runs", has_begun);
    let begun = observed.now();
    drop(runtime);
    let drop = begun..observed.now();
    let is_closed = self::runtime().block_on(async {
        observed.seen(LIMIT, has_ended).await;
        observed
            .seen(GRACE, |timeline| timeline.open_connections() == 0)
            .await
    });
    let timeline = observed.recording.timeline();
    let fate = fate(&timeline, &drop);
    Answer::new()
        .with(
            "the statement",
            fate.replace("the drop blocks its thread", "the end of the runtime waits"),
        )
        .with(
            "the connection",
            if is_closed {
                "is closed"
            } else {
                "**stays open**"
            },
        )
}

/// The work ended before the moment of the question.
fn could_not_be_asked(ended: Result<()>) -> Answer {
    let text = match ended {
        Ok(()) => "ends before that moment".to_owned(),
        Err(error) => format!("fails: `{}`", short(&error)),
    };
    Answer::new().with("the statement", text)
}
