//! The questions to a library for MySQL. A temporary MariaDB answers, through its list of processes, its transactions and
//! its counters.

use std::future::Future;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder};
use temp_mariadb::TempServer;
use tokio::time::sleep;

use crate::gate::Gate;
use crate::host::{Host, Outcome, Work, poll_once};
use crate::{Answer, GRACE, LIMIT, Result, caller, could_not_be_asked, runtime, short, within};

/// A library, used as its documentation recommends, with a pool of one connection. A clone is another handle to the same
/// pool.
pub trait Library: Clone + Send + Sync + 'static {
    /// Opens the pool.
    fn open(url: &str) -> impl Future<Output = Result<Self>> + Send;

    /// Runs a query of the table `users`, which runs until the observer lets it end, and returns the number of its rows.
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

/// Each line is a statement. A query of the view `users` runs as long as a connection holds the lock `gate`. The library's user
/// has no right to write to a server that is read-only.
const TABLES: &str = "\
CREATE TABLE events (name VARCHAR(255))
CREATE TABLE people (id BIGINT PRIMARY KEY, name VARCHAR(255), email VARCHAR(255), age INT UNSIGNED)
INSERT INTO people VALUES (1, 'Alice', 'alice@example.com', 40)
CREATE TABLE digits (d BIGINT)
INSERT INTO digits VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)
CREATE SQL SECURITY INVOKER VIEW users AS SELECT id, name, email, age FROM people WHERE 0 = (SELECT SUM(IF(IS_USED_LOCK('gate') IS NULL, 0, SLEEP(0.02))) FROM digits a, digits b, digits c, digits d, digits e)
CREATE USER app@'127.0.0.1' IDENTIFIED BY 'app'
GRANT ALL ON temp.* TO app@'127.0.0.1'";

/// More rows than fit into the buffers between server and client.
const MANY: &str = "CREATE TABLE many AS SELECT a.d AS n, REPEAT('x', 500) AS pad FROM digits a, digits b, digits c, digits d, digits e";
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
    let options = Opts::from_url(&server.url()).expect("a URL");
    let url = format!("mysql://app:app@127.0.0.1:{}/temp", options.tcp_port());
    let host = Host::start();
    runtime().block_on(async {
        let mut observed = Observed::new(options).await;
        if question == "runtime" {
            return the_runtime_ends::<L>(host, url, &mut observed).await;
        }
        let opened = host.run(async move { L::open(&url).await }).await;
        let Some(Outcome::Ended(Ok(library))) = opened else {
            panic!("the library does not open a pool");
        };
        // A pool of one: this is the connection of the question.
        let connection = {
            let library = library.clone();
            host.run(async move { library.number(CONNECTION).await })
        };
        let Some(Outcome::Ended(Ok(connection))) = connection.await else {
            panic!("the library cannot be used");
        };
        observed.connection = connection;
        let asked = Asked {
            library,
            host,
            observed: &mut observed,
        };
        match question {
            "statement" => a_statement_runs(asked).await,
            "lock" => it_waits_for_a_lock(asked).await,
            "transaction" => between_two_statements(asked).await,
            "rows" => rows_are_read(asked).await,
            "turn" => it_waits_for_its_turn(asked).await,
            "close" => it_closes(asked).await,
            "panic" => the_body_panics(asked).await,
            "commit" => the_commit_fails(asked).await,
            "lost" => the_connection_is_lost(asked).await,
            _ => panic!("unknown question: {question}"),
        }
    })
}

/// A library that is being asked.
struct Asked<'o, L> {
    library: L,
    host: Host,
    observed: &'o mut Observed,
}

impl<L: Library> Asked<'_, L> {
    /// Starts one of the library's functions on its runtime.
    fn spawn<T, F>(&self, function: impl FnOnce(L) -> F) -> Work<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        self.host.spawn(function(self.library.clone()))
    }

    /// Runs one of the library's functions on its runtime. Returns `None` if it hangs.
    async fn run<T, F>(&self, function: impl FnOnce(L) -> F) -> Option<Outcome<T>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        self.host.run(function(self.library.clone())).await
    }
}

/// Holds for a connection that runs the statement of the question.
const RUNS: &str =
    "command IN ('Query', 'Execute') AND (info LIKE '%users%' OR info LIKE '%abandoned%')";

/// Holds for every connection of the library.
const ANY: &str = "TRUE";

/// A server, seen over a separate connection of another user.
struct Observed {
    outside: Conn,
    aborted: i64,
    /// The connection of the question, by its number on the server.
    connection: i64,
}

impl Observed {
    async fn new(options: Opts) -> Observed {
        let options = OptsBuilder::from_opts(options).prefer_socket(false);
        let outside = Conn::new(options).await.expect("a connection");
        let mut observed = Observed {
            outside,
            aborted: 0,
            connection: 0,
        };
        observed.aborted = observed.counter("Aborted_clients").await;
        observed
    }

    async fn run(&mut self, sql: &str) {
        self.outside
            .query_drop(sql)
            .await
            .expect("the server runs it");
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

    /// Returns the number of clients that the server has counted as aborted since the beginning, when none is left.
    async fn aborted_clients(&mut self) -> i64 {
        self.none(LIMIT, ANY).await;
        self.counter("Aborted_clients").await - self.aborted
    }

    /// Returns the number of the library's connections for which this holds.
    async fn connections(&mut self, condition: &str) -> i64 {
        let sql = format!(
            "SELECT count(*) FROM information_schema.processlist WHERE user = 'app' AND {condition}"
        );
        self.number(&sql).await
    }

    /// Waits until the library has no connection for which this holds. Returns false at the limit.
    async fn none(&mut self, limit: Duration, condition: &str) -> bool {
        let begun = Instant::now();
        while self.connections(condition).await > 0 {
            if begun.elapsed() > limit {
                return false;
            }
            sleep(Duration::from_millis(20)).await;
        }
        true
    }

    /// Completes when a connection runs the statement of the question.
    async fn statement_runs(&mut self) {
        while self.connections(RUNS).await == 0 {
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Makes a query of `users` run until [`Observed::let_it_end`].
    async fn hold_statements(&mut self) {
        assert_eq!(self.number("SELECT GET_LOCK('gate', 0)").await, 1);
    }

    async fn let_it_end(&mut self) {
        self.run("DO RELEASE_LOCK('gate')").await;
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

    /// Waits until the connection of the question is idle. Returns false if it does not send anything any more, and is not.
    async fn all_is_sent(&mut self) -> bool {
        let busy = format!(
            "id = {} AND command IN ('Query', 'Execute')",
            self.connection
        );
        let mut sent = self.counter("Bytes_sent").await;
        while !self.none(GRACE, &busy).await {
            // The observer's own answers are some kilobytes.
            let now = self.counter("Bytes_sent").await;
            if now - sent < 1_000_000 {
                return false;
            }
            sent = now;
        }
        true
    }

    async fn committed(&mut self, name: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM events WHERE name LIKE '{name}%'");
        self.number(&sql).await
    }
}

/// Lets the next user come, and closes. Lets a statement that still runs end when the next user waits for it.
async fn afterwards<L: Library>(answer: Answer, asked: Asked<'_, L>) -> Answer {
    let runs = asked.observed.connections(RUNS).await > 0;
    let mut next = asked.spawn(async |library: L| library.number(CONNECTION).await);
    let (first, waited) = if runs {
        let early = within(GRACE, next.outcome()).await;
        let this = format!("id = {}", asked.observed.connection);
        let is_open = asked.observed.connections(&this).await > 0;
        asked.observed.let_it_end().await;
        match early {
            Some(early) if is_open => (Some(early), "does not wait for its end; "),
            Some(early) => (Some(early), ""),
            None => {
                let late = within(LIMIT, next.outcome()).await;
                (late, "waits for its end; ")
            }
        }
    } else {
        (within(LIMIT, next.outcome()).await, "")
    };
    let waited = match asked.observed.no_transaction(GRACE).await {
        true => waited.to_owned(),
        false => format!("{waited}**finds the transaction open**; "),
    };
    let seen = asked
        .run(async |library: L| library.number(NEXT).await)
        .await;
    let committed = asked.observed.committed("").await;
    let next_text = match (&first, seen) {
        (None, _) | (_, None) => "**hangs**".to_owned(),
        (Some(Outcome::Ended(Err(error))), _) => format!("gets an error: `{}`", short(error)),
        (_, Some(Outcome::Ended(Ok(seen)))) if seen != committed => {
            format!("{waited}**sees rows that are not committed**")
        }
        (_, Some(Outcome::Ended(Ok(_)))) => format!("{waited}sees nothing of it"),
        (_, failed) => caller(failed),
    };
    let write = asked
        .run(async |library: L| library.execute(NEXT_WRITE).await)
        .await;
    let next_text = match write {
        Some(Outcome::Ended(Ok(()))) if asked.observed.committed("next").await == 0 => {
            format!("{next_text}; **what it writes is not committed**")
        }
        _ => next_text,
    };
    let Asked {
        library,
        host,
        observed,
    } = asked;
    let this = format!("id = {}", observed.connection);
    let connection = match first {
        Some(Outcome::Ended(Ok(first))) if first == observed.connection => "is used again",
        _ if !observed.none(GRACE, &this).await => "**stays open**",
        _ if waited.starts_with("does not") => {
            "is closed, and the server notices it at the statement's end"
        }
        _ => "is closed",
    };
    let closing = host.run(async { library.close().await }).await;
    let left = !observed.none(GRACE, ANY).await;
    let close = match closing {
        None => "**hangs**".to_owned(),
        Some(Outcome::Ended(Ok(()))) if left => "**leaves a connection open**".to_owned(),
        Some(Outcome::Ended(Ok(()))) => "closes it".to_owned(),
        failed => caller(failed),
    };
    answer
        .with("the next user", next_text)
        .with("the connection", connection)
        .with("`close` afterwards", close)
        .with("aborted clients", observed.aborted_clients().await)
}

/// Waits for the end of a statement that cannot end by itself now. Returns what happens to it.
async fn fate(observed: &mut Observed) -> &'static str {
    if observed.none(GRACE, RUNS).await {
        "is stopped"
    } else {
        "**runs on**"
    }
}

async fn a_statement_runs<L: Library>(asked: Asked<'_, L>) -> Answer {
    asked.observed.hold_statements().await;
    let mut work = asked.spawn(async |library: L| library.users().await);
    if let Err(ended) = work.until(asked.observed.statement_runs()).await {
        return could_not_be_asked(ended);
    }
    work.dropped(LIMIT).await;
    let fate = fate(asked.observed).await;
    afterwards(Answer::new().with("the statement", fate), asked).await
}

async fn it_waits_for_a_lock<L: Library>(asked: Asked<'_, L>) -> Answer {
    let lock = "BEGIN; SELECT id FROM people FOR UPDATE";
    asked.observed.run(lock).await;
    let mut work = asked.spawn(async |library: L| library.execute(UPDATE).await);
    if let Err(ended) = work.until(asked.observed.statement_runs()).await {
        return could_not_be_asked(ended);
    }
    work.dropped(LIMIT).await;
    let gave_up = asked.observed.none(GRACE, RUNS).await;
    asked.observed.run("ROLLBACK").await;
    asked.observed.none(LIMIT, RUNS).await;
    let name = "SELECT count(*) FROM people WHERE name = 'abandoned'";
    let changed = asked.observed.number(name).await;
    let fate = match (gave_up, changed) {
        (true, 0) => "stops waiting",
        (false, 0) => "waits until the lock is released, and changes nothing",
        (true, _) => "**is executed and committed**",
        (false, _) => "waits until the lock is released, then **is executed and committed**",
    };
    afterwards(Answer::new().with("the statement", fate), asked).await
}

async fn between_two_statements<L: Library>(asked: Asked<'_, L>) -> Answer {
    let gate = Gate::closed();
    let mut work = {
        let gate = gate.clone();
        asked.spawn(async move |library: L| library.transaction([INSERT, INSERT_2], gate).await)
    };
    if let Err(ended) = work.until(gate.arrived()).await {
        return could_not_be_asked(ended);
    }
    work.dropped(LIMIT).await;
    gate.open();
    after_a_transaction(Answer::new(), asked).await
}

async fn after_a_transaction<L: Library>(answer: Answer, asked: Asked<'_, L>) -> Answer {
    let by_itself = asked.observed.no_transaction(GRACE).await;
    let transaction = match (by_itself, asked.observed.committed("abandoned").await) {
        (_, 1..) => "**is committed**",
        (true, _) => "is rolled back",
        // If the next user does not end it, `afterwards` says so.
        (false, _) => "**stays open** until the next user comes",
    };
    afterwards(answer.with("the transaction", transaction), asked).await
}

async fn rows_are_read<L: Library>(asked: Asked<'_, L>) -> Answer {
    asked.observed.run(MANY).await;
    let gate = Gate::closed();
    let before = asked.observed.counter("Rows_sent").await;
    let mut work = {
        let gate = gate.clone();
        asked.spawn(async move |library: L| library.rows(ROWS, gate).await)
    };
    if let Err(ended) = work.until(gate.arrived()).await {
        return could_not_be_asked(ended);
    }
    work.dropped(LIMIT).await;
    let by_itself = asked.observed.all_is_sent().await;
    let observed = &mut *asked.observed;
    let others = afterwards(Answer::new(), Asked { observed, ..asked }).await;
    let sent = asked.observed.counter("Rows_sent").await - before;
    let all = u64::try_from(sent).is_ok_and(|sent| sent >= ALL_ROWS);
    let fate = match (by_itself, all) {
        (true, true) => "**all rows are read**",
        (true, false) => "is stopped",
        (false, true) => "waits; the next user **reads the remaining rows**",
        (false, false) => "waits, then is stopped",
    };
    Answer::new().with("the statement", fate).and(others)
}

async fn it_waits_for_its_turn<L: Library>(asked: Asked<'_, L>) -> Answer {
    let gate = Gate::closed();
    let mut first = {
        let gate = gate.clone();
        asked.spawn(async move |library: L| {
            library.transaction([NEXT_WRITE, NEXT_WRITE], gate).await
        })
    };
    if let Err(ended) = first.until(gate.arrived()).await {
        return could_not_be_asked(ended);
    }
    let mut work = asked.spawn(async |library: L| library.execute(INSERT).await);
    // The only connection is taken, so it cannot begin. This is the time to arrive where it waits.
    if let Err(ended) = work.until(sleep(GRACE / 4)).await {
        return could_not_be_asked(ended);
    }
    work.dropped(LIMIT).await;
    gate.open();
    let first = match within(LIMIT, first.outcome()).await {
        Some(Outcome::Ended(Ok(()))) => "succeeds".to_owned(),
        failed => caller(failed),
    };
    let observed = &mut *asked.observed;
    let others = afterwards(Answer::new(), Asked { observed, ..asked }).await;
    // The pool is closed, so what has not run by now never will.
    let fate = match asked.observed.committed("abandoned").await {
        0 => "never runs",
        _ => "**is executed and committed** later",
    };
    Answer::new()
        .with("the statement", fate)
        .with("the other user", first)
        .and(others)
}

async fn it_closes<L: Library>(asked: Asked<'_, L>) -> Answer {
    let Asked {
        library,
        host,
        observed,
    } = asked;
    // Some pools take a connection back in the background, and nothing on the server shows when they have.
    sleep(GRACE / 4).await;
    host.run(async { poll_once(library.close()).await }).await;
    let is_closed = observed.none(GRACE, ANY).await;
    Answer::new()
        .with("the connection", closed_or_open(is_closed))
        .with("aborted clients", observed.aborted_clients().await)
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

/// The server becomes read-only before the commit, as it does when another server takes over.
async fn the_commit_fails<L: Library>(asked: Asked<'_, L>) -> Answer {
    let gate = Gate::closed();
    let mut work = {
        let gate = gate.clone();
        asked.spawn(async move |library: L| library.transaction([INSERT, "DO 0"], gate).await)
    };
    if let Err(ended) = work.until(gate.arrived()).await {
        return could_not_be_asked(ended);
    }
    asked.observed.run("SET GLOBAL read_only = 1").await;
    gate.open();
    let caller = caller(within(LIMIT, work.outcome()).await);
    asked.observed.run("SET GLOBAL read_only = 0").await;
    after_a_transaction(Answer::new().with("the caller", caller), asked).await
}

/// The connection is killed before the second statement, as if the network had failed.
async fn the_connection_is_lost<L: Library>(asked: Asked<'_, L>) -> Answer {
    let gate = Gate::closed();
    let mut work = {
        let gate = gate.clone();
        asked.spawn(async move |library: L| library.transaction([INSERT, INSERT_2], gate).await)
    };
    if let Err(ended) = work.until(gate.arrived()).await {
        return could_not_be_asked(ended);
    }
    let kill = format!("KILL CONNECTION {}", asked.observed.connection);
    asked.observed.run(&kill).await;
    gate.open();
    let caller = caller(within(LIMIT, work.outcome()).await);
    after_a_transaction(Answer::new().with("the caller", caller), asked).await
}

async fn the_runtime_ends<L: Library>(host: Host, url: String, observed: &mut Observed) -> Answer {
    observed.hold_statements().await;
    let mut work = host.spawn(async move { L::open(&url).await?.users().await });
    if let Err(ended) = work.until(observed.statement_runs()).await {
        return could_not_be_asked(ended);
    }
    let waits = within(GRACE, host.end(drop)).await.is_none();
    let fate = fate(observed).await;
    observed.let_it_end().await;
    let is_closed = observed.none(LIMIT, ANY).await;
    Answer::new()
        .with("the statement", fate)
        .with(
            "the end of the runtime",
            if waits { "**waits**" } else { "does not wait" },
        )
        .with("the connection", closed_or_open(is_closed))
        .with("aborted clients", observed.aborted_clients().await)
}

fn closed_or_open(is_closed: bool) -> &'static str {
    if is_closed {
        "is closed"
    } else {
        "**stays open**"
    }
}
