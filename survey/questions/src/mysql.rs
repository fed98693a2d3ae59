//! The questions to a library for MySQL. A temporary MariaDB answers, through its list of processes, its transactions and
//! its counters.

use std::future::Future;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder};
use temp_mariadb::TempServer;
use tokio::time::sleep;

use crate::gate::Gate;
use crate::{Answer, Dropped, GRACE, LIMIT, Result, drop_at, poll_once, runtime, short, within};

/// A library, used as its documentation recommends, with a pool of one connection. A clone is another handle to the same
/// pool.
pub trait Library: Clone + Send + Sync + 'static {
    /// Opens the pool.
    fn open(url: &str) -> impl Future<Output = Result<Self>> + Send;

    /// Runs a query of the table `users`, which takes some seconds, and returns the number of its rows.
    fn users(&self) -> impl Future<Output = Result<usize>> + Send;

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

    /// Closes the pool.
    fn close(self) -> impl Future<Output = Result<()>> + Send;
}

/// Each line is a statement. The view `users` takes 6 seconds, and the table `many` has more rows than fit into the buffers
/// between server and client.
const TABLES: &str = "\
CREATE TABLE events (name VARCHAR(255))
CREATE TABLE people (id BIGINT PRIMARY KEY, name VARCHAR(255), email VARCHAR(255), age INT UNSIGNED)
INSERT INTO people VALUES (1, 'Alice', 'alice@example.com', 40)
CREATE SQL SECURITY INVOKER VIEW users AS SELECT id, name, email, age FROM people WHERE SLEEP(6) = 0
CREATE TABLE digits (d BIGINT)
INSERT INTO digits VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)
CREATE TABLE many (n BIGINT, pad VARCHAR(500))
INSERT INTO many SELECT a.d, REPEAT('x', 500) FROM digits a, digits b, digits c, digits d, digits e";

const ROWS: &str = "SELECT n, pad FROM many";
const ALL_ROWS: u64 = 100_000;
const INSERT: &str = "INSERT INTO events VALUES ('abandoned')";
const INSERT_2: &str = "INSERT INTO events VALUES ('abandoned, second')";
const UPDATE: &str = "UPDATE people SET name = 'abandoned' WHERE id = 1";
const NEXT: &str = "SELECT count(*) AS n FROM events";
const NEXT_WRITE: &str = "INSERT INTO events VALUES ('next')";
const CONNECTION: &str = "SELECT CAST(CONNECTION_ID() AS SIGNED) AS n";

/// Asks a library one question.
pub fn ask<L: Library>(question: &str) -> Answer {
    let tables = TABLES.lines().map(str::to_owned);
    let server = TempServer::with(tables).expect("a server starts");
    let url = server.url();
    runtime().block_on(async {
        let mut observed = Observed::new(&url).await;
        if question == "runtime" {
            return the_runtime_ends::<L>(&url, &mut observed).await;
        }
        let opened = L::open(&url).await;
        let library = opened.expect("the library opens a pool");
        // A pool of one: this is the connection of the question.
        let connection = library.number(CONNECTION).await;
        observed.connection = connection.expect("the library can be used");
        match question {
            "statement" => a_statement_runs(library, &mut observed).await,
            "lock" => it_waits_for_a_lock(library, &mut observed).await,
            "transaction" => between_two_statements(library, &mut observed).await,
            "rows" => rows_are_read(library, &mut observed).await,
            "turn" => it_waits_for_its_turn(library, &mut observed).await,
            "close" => it_closes(library, &mut observed).await,
            "panic" => the_body_panics(library, &mut observed).await,
            _ => panic!("unknown question: {question}"),
        }
    })
}

/// A server, seen over a separate connection.
struct Observed {
    outside: Conn,
    begun: Instant,
    aborted: i64,
    /// The connection of the question, by its number on the server.
    connection: i64,
}

impl Observed {
    async fn new(url: &str) -> Observed {
        let options =
            OptsBuilder::from_opts(Opts::from_url(url).expect("a URL")).prefer_socket(false);
        let outside = Conn::new(options).await.expect("a connection");
        let mut observed = Observed {
            outside,
            begun: Instant::now(),
            aborted: 0,
            connection: 0,
        };
        observed.aborted = observed.counter("Aborted_clients").await;
        observed
    }

    async fn number(&mut self, sql: &str) -> i64 {
        let number: Option<i64> = self.outside.query_first(sql).await.expect("an answer");
        number.expect("a row")
    }

    async fn counter(&mut self, name: &str) -> i64 {
        let sql = format!("SHOW GLOBAL STATUS LIKE '{name}'");
        let row: Option<(String, i64)> = self.outside.query_first(sql).await.expect("an answer");
        row.expect("a row").1
    }

    /// Returns the number of other connections for which this holds.
    async fn others(&mut self, condition: &str) -> i64 {
        let sql = format!(
            "SELECT count(*) FROM information_schema.processlist \
             WHERE user = 'temp' AND id <> CONNECTION_ID() AND {condition}"
        );
        self.number(&sql).await
    }

    /// Waits until no other connection is left for which this holds. Returns false at the limit.
    async fn none(&mut self, limit: Duration, condition: &str) -> bool {
        let begun = Instant::now();
        while self.others(condition).await > 0 {
            if begun.elapsed() > limit {
                return false;
            }
            sleep(Duration::from_millis(20)).await;
        }
        true
    }

    async fn runs(&mut self) -> bool {
        self.others(RUNS).await > 0
    }

    /// Waits until the connection of the question has no transaction. Returns false at the limit.
    async fn no_transaction(&mut self, limit: Duration) -> bool {
        let sql = format!(
            "SELECT count(*) FROM information_schema.innodb_trx WHERE trx_mysql_thread_id = {}",
            self.connection
        );
        let begun = Instant::now();
        while self.number(&sql).await > 0 {
            if begun.elapsed() > limit {
                return false;
            }
            // The server does not refresh this table if it was read within the last 100 ms.
            sleep(Duration::from_millis(150)).await;
        }
        true
    }

    async fn committed(&mut self, name: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM events WHERE name LIKE '{name}%'");
        self.number(&sql).await
    }

    fn clock(&self) -> impl Fn() -> Duration + use<> {
        let begun = self.begun;
        move || begun.elapsed()
    }
}

/// Holds for a connection that runs the statement of the question.
const RUNS: &str =
    "command IN ('Query', 'Execute') AND (info LIKE '%users%' OR info LIKE '%abandoned%')";

/// A future that completes when this holds for another connection of the server.
async fn other_has(url: String, condition: &'static str) {
    let options = OptsBuilder::from_opts(Opts::from_url(&url).expect("a URL")).prefer_socket(false);
    let mut watcher = Conn::new(options).await.expect("a connection");
    loop {
        let sql = format!(
            "SELECT count(*) FROM information_schema.processlist WHERE user = 'temp' AND id <> CONNECTION_ID() AND {condition}"
        );
        let number: Option<i64> = watcher.query_first(sql).await.expect("an answer");
        if number.is_some_and(|number| number > 0) {
            let _ = watcher.disconnect().await;
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
}

impl Observed {
    fn url(&self) -> String {
        let options = self.outside.opts();
        format!(
            "mysql://{}:{}@127.0.0.1:{}/temp",
            options.user().unwrap_or_default(),
            options.pass().unwrap_or_default(),
            options.tcp_port()
        )
    }
}

/// Lets the next user come, and closes.
async fn afterwards<L: Library>(answer: Answer, library: L, observed: &mut Observed) -> Answer {
    let ran = observed.runs().await;
    let next = within(LIMIT, library.number(CONNECTION)).await;
    let runs = observed.runs().await;
    let seen = within(LIMIT, library.number(NEXT)).await;
    let committed = observed.committed("").await;
    let waited = match (ran, runs) {
        (true, false) => "waits for its end; ",
        (true, true) => "does not wait; ",
        (false, _) => "",
    };
    let next_text = match (&next, seen) {
        (None, _) | (_, None) => "**hangs**".to_owned(),
        (Some(Err(error)), _) => format!("gets an error: `{}`", short(error)),
        (_, Some(Err(error))) => format!("gets an error: `{}`", short(&error)),
        (_, Some(Ok(seen))) if seen != committed => {
            format!("{waited}**sees rows that are not committed**")
        }
        _ => format!("{waited}sees nothing of it"),
    };
    let write = within(LIMIT, library.execute(NEXT_WRITE)).await;
    let next_text = match write {
        Some(Ok(())) if observed.committed("next").await == 0 => {
            format!("{next_text}; **what it writes is not committed**")
        }
        _ => next_text,
    };
    let this = format!("id = {}", observed.connection);
    let connection = match next {
        Some(Ok(next)) if next == observed.connection => "is used again",
        _ if observed.none(GRACE, &this).await => "is closed",
        _ if observed.none(LIMIT, &this).await => "is closed later",
        _ => "**stays open**",
    };
    let closing = within(LIMIT, library.close()).await;
    let left = !observed.none(GRACE, "TRUE").await;
    let close = match closing {
        None => "**hangs**".to_owned(),
        Some(Err(error)) => format!("fails: `{}`", short(&error)),
        Some(Ok(())) if left => "**leaves a connection open**".to_owned(),
        Some(Ok(())) => "closes it".to_owned(),
    };
    observed.none(LIMIT, "TRUE").await;
    let aborted = observed.counter("Aborted_clients").await - observed.aborted;
    answer
        .with("the next user", next_text)
        .with("the connection", connection)
        .with("`close` afterwards", close)
        .with("aborted clients", aborted)
}

/// Returns what happens to a statement that was running when its future was dropped.
async fn fate(observed: &mut Observed) -> &'static str {
    if observed.none(GRACE, RUNS).await {
        "is stopped"
    } else {
        "**runs on**"
    }
}

async fn a_statement_runs<L: Library>(library: L, observed: &mut Observed) -> Answer {
    let runs = other_has(observed.url(), RUNS);
    let dropped = drop_at(library.users(), runs, observed.clock()).await;
    if let Dropped::Ended(ended) = dropped {
        return could_not_be_asked(ended.map(|_| ()));
    }
    let fate = fate(observed).await;
    afterwards(Answer::new().with("the statement", fate), library, observed).await
}

async fn it_waits_for_a_lock<L: Library>(library: L, observed: &mut Observed) -> Answer {
    let lock = "BEGIN; SELECT id FROM people FOR UPDATE";
    observed.outside.query_drop(lock).await.expect("a lock");
    let runs = other_has(observed.url(), RUNS);
    let dropped = drop_at(library.execute(UPDATE), runs, observed.clock()).await;
    if let Dropped::Ended(ended) = dropped {
        return could_not_be_asked(ended);
    }
    let gave_up = observed.none(GRACE, RUNS).await;
    let release = observed.outside.query_drop("ROLLBACK").await;
    release.expect("the lock is released");
    observed.none(LIMIT, RUNS).await;
    let name = "SELECT count(*) FROM people WHERE name = 'abandoned'";
    let changed = observed.number(name).await;
    let fate = match (gave_up, changed) {
        (true, 0) => "stops waiting",
        (false, 0) => "waits until the lock is released, and changes nothing",
        (true, _) => "**is executed and committed**",
        (false, _) => "waits until the lock is released, then **is executed and committed**",
    };
    afterwards(Answer::new().with("the statement", fate), library, observed).await
}

async fn between_two_statements<L: Library>(library: L, observed: &mut Observed) -> Answer {
    let gate = Gate::closed();
    let work = library.transaction([INSERT, INSERT_2], gate.clone());
    let dropped = drop_at(work, gate.arrived(), observed.clock()).await;
    gate.open();
    match dropped {
        Dropped::Ended(ended) => could_not_be_asked(ended),
        Dropped::Dropped(_) => after_a_transaction(Answer::new(), library, observed).await,
    }
}

async fn after_a_transaction<L: Library>(
    answer: Answer,
    library: L,
    observed: &mut Observed,
) -> Answer {
    let by_itself = observed.no_transaction(GRACE).await;
    let transaction = match (by_itself, observed.committed("abandoned").await) {
        (_, 1..) => "**is committed**",
        (true, _) => "is rolled back",
        (false, _) => "**stays open** until the next user comes",
    };
    let answer = answer.with("the transaction", transaction);
    afterwards(answer, library, observed).await
}

async fn rows_are_read<L: Library>(library: L, observed: &mut Observed) -> Answer {
    let gate = Gate::closed();
    let before = observed.counter("Rows_sent").await;
    let work = library.rows(ROWS, gate.clone());
    let dropped = drop_at(work, gate.arrived(), observed.clock()).await;
    if let Dropped::Ended(ended) = dropped {
        return could_not_be_asked(ended.map(|_| ()));
    }
    let connection = observed.connection;
    let busy = format!("id = {connection} AND command IN ('Query', 'Execute')");
    let ended = observed.none(GRACE, &busy).await;
    let answer = afterwards(Answer::new(), library, observed).await;
    let sent = observed.counter("Rows_sent").await - before;
    let all = u64::try_from(sent).is_ok_and(|sent| sent >= ALL_ROWS);
    let fate = match (ended, all) {
        (true, true) => "**all rows are read**",
        (true, false) => "is stopped",
        (false, true) => "waits; the next user **reads the remaining rows**",
        (false, false) => "waits, then is stopped",
    };
    Answer::new().with("the statement", fate).and(answer)
}

async fn it_waits_for_its_turn<L: Library>(library: L, observed: &mut Observed) -> Answer {
    let gate = Gate::closed();
    let first = {
        let (library, gate) = (library.clone(), gate.clone());
        tokio::spawn(async move { library.transaction([NEXT_WRITE, NEXT_WRITE], gate).await })
    };
    gate.arrived().await;
    // Long enough for it to arrive where it waits.
    let work = library.execute(INSERT);
    let dropped = drop_at(work, sleep(GRACE / 4), observed.clock()).await;
    gate.open();
    if let Dropped::Ended(ended) = dropped {
        let _ = first.await;
        return could_not_be_asked(ended);
    }
    let first = match within(LIMIT, first).await {
        Some(Ok(Ok(()))) => "succeeds",
        _ => "**fails**",
    };
    observed.none(GRACE, RUNS).await;
    let fate = match observed.committed("abandoned").await {
        0 => "never runs",
        _ => "**is executed and committed** later",
    };
    let answer = Answer::new()
        .with("the statement", fate)
        .with("the other user", first);
    afterwards(answer, library, observed).await
}

async fn it_closes<L: Library>(library: L, observed: &mut Observed) -> Answer {
    poll_once(library.close()).await;
    let is_closed = observed.none(GRACE, "TRUE").await;
    let aborted = observed.counter("Aborted_clients").await - observed.aborted;
    Answer::new()
        .with(
            "the connection",
            if is_closed {
                "is closed"
            } else {
                "**stays open**"
            },
        )
        .with("aborted clients", aborted)
}

async fn the_body_panics<L: Library>(library: L, observed: &mut Observed) -> Answer {
    let body = {
        let library = library.clone();
        tokio::spawn(async move {
            let gate = Gate::panicking();
            library.transaction([INSERT, INSERT_2], gate).await
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

async fn the_runtime_ends<L: Library>(url: &str, observed: &mut Observed) -> Answer {
    let runtime = runtime();
    let work = {
        let url = url.to_owned();
        async move {
            let library = L::open(&url).await.expect("the library opens a pool");
            let _ = library.users().await;
        }
    };
    runtime.spawn(work);
    other_has(url.to_owned(), RUNS).await;
    // A runtime must not be dropped in asynchronous code.
    let end = tokio::task::spawn_blocking(move || drop(runtime));
    let waits = within(GRACE, end).await.is_none();
    let fate = fate(observed).await;
    let is_closed = observed.none(LIMIT, "TRUE").await;
    let aborted = observed.counter("Aborted_clients").await - observed.aborted;
    Answer::new()
        .with("the statement", fate)
        .with(
            "the end of the runtime",
            if waits { "waits" } else { "does not wait" },
        )
        .with(
            "the connection",
            if is_closed {
                "is closed"
            } else {
                "**stays open**"
            },
        )
        .with("aborted clients", aborted)
}

/// The work ended before the moment of the question.
fn could_not_be_asked(ended: Result<()>) -> Answer {
    let text = match ended {
        Ok(()) => "ends before that moment".to_owned(),
        Err(error) => format!("fails: `{}`", short(&error)),
    };
    Answer::new().with("the statement", text)
}
