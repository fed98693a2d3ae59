//! The timeline that a temporary server's logs give: tests of `shared/temp-mariadb/src/log.rs`.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder, Pool};
use recorder::timeline::{Connection, End, Statement, Timeline};
use std::time::{Duration, Instant};
use temp_mariadb::TempServer;
use tokio::runtime::Runtime;
use tokio::task::{JoinHandle, spawn_blocking};

/// Only a test that hangs takes this long.
const DEADLINE: Duration = Duration::from_secs(60);

/// Runs a test on a new runtime. A test that hangs fails.
fn run(test: impl Future<Output = ()>) {
    Runtime::new().unwrap().block_on(async {
        let limited = tokio::time::timeout(DEADLINE, test);
        limited.await.expect("the test hangs");
    });
}

/// Starts a server that records its statements.
async fn start() -> TempServer {
    let start = || {
        TempServer::options()
            .run(shared::schema::mysql_sample())
            .recorded()
            .start()
            .unwrap()
    };
    spawn_blocking(start).await.unwrap()
}

/// Connects by TCP only: the driver would otherwise connect a second time, by the socket.
async fn connect(url: &str) -> Conn {
    let options = OptsBuilder::from_opts(Opts::from_url(url).unwrap()).prefer_socket(false);
    Conn::new(options).await.unwrap()
}

/// Waits until the server's timeline meets a condition.
async fn until(server: &TempServer, what: &str, is_so: impl Fn(&Timeline) -> bool) -> Timeline {
    let begun = Instant::now();
    loop {
        let timeline = server.timeline().unwrap();
        if is_so(&timeline) {
            return timeline;
        }
        assert!(
            begun.elapsed() < DEADLINE,
            "still waiting until {what}: {timeline:#?}"
        );
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Waits until `count` connections have this state in the process list.
async fn until_in_state(admin: &mut Conn, state: &str, count: usize) {
    let begun = Instant::now();
    let query = "SELECT COUNT(*) FROM information_schema.processlist WHERE state = ?";
    while admin.exec_first(query, (state,)).await.unwrap() != Some(count) {
        assert!(
            begun.elapsed() < DEADLINE,
            "still waiting for {count} in '{state}'"
        );
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Runs a statement in a task, and returns the connection.
fn spawn(mut connection: Conn, sql: &'static str) -> JoinHandle<(Conn, mysql_async::Result<()>)> {
    tokio::spawn(async move {
        let result = connection.query_drop(sql).await;
        (connection, result)
    })
}

/// Finds a statement, and the connection that ran it.
fn find<'a>(timeline: &'a Timeline, sql: &str) -> Option<(&'a Connection, &'a Statement)> {
    let mut both = timeline.connections.iter().flat_map(|connection| {
        let statements = connection.statements.iter();
        statements.map(move |statement| (connection, statement))
    });
    both.find(|(_, statement)| statement.sql == sql)
}

fn statement<'a>(timeline: &'a Timeline, sql: &str) -> &'a Statement {
    let found = find(timeline, sql);
    found
        .unwrap_or_else(|| panic!("no {sql:?}: {timeline:#?}"))
        .1
}

fn connection<'a>(timeline: &'a Timeline, sql: &str) -> &'a Connection {
    let found = find(timeline, sql);
    found
        .unwrap_or_else(|| panic!("no {sql:?}: {timeline:#?}"))
        .0
}

fn end(statement: &Statement) -> (Duration, &End) {
    let (at, how) = statement
        .ended
        .as_ref()
        .unwrap_or_else(|| panic!("still runs: {statement:#?}"));
    (*at, how)
}

#[test]
fn two_queries_at_once_overlap() {
    run(async {
        let server = start().await;
        let mut admin = connect(&server.url()).await;
        admin
            .query_drop("DO GET_LOCK('breakpoint', 1000)")
            .await
            .unwrap();
        let [one, other] = [
            "SELECT 'one', GET_LOCK('breakpoint', 1000), RELEASE_LOCK('breakpoint')",
            "SELECT 'other', GET_LOCK('breakpoint', 1000), RELEASE_LOCK('breakpoint')",
        ];
        let both = [
            spawn(connect(&server.url()).await, one),
            spawn(connect(&server.url()).await, other),
        ];
        until_in_state(&mut admin, "User lock", 2).await;

        let timeline = server.timeline().unwrap();
        for sql in [one, other] {
            assert_eq!(
                statement(&timeline, sql).ended,
                None,
                "it waits at the breakpoint"
            );
        }
        admin
            .query_drop("DO RELEASE_LOCK('breakpoint')")
            .await
            .unwrap();
        for query in both {
            query.await.unwrap().1.unwrap();
        }

        let timeline = until(&server, "both have ended", |timeline| {
            [one, other]
                .iter()
                .all(|sql| statement(timeline, sql).ended.is_some())
        })
        .await;
        let [one, other] = [one, other].map(|sql| statement(&timeline, sql));
        assert!(
            one.begun < end(other).0 && other.begun < end(one).0,
            "{timeline:#?}"
        );
        let met = (one.begun.max(other.begun), end(one).0.min(end(other).0));
        // The statements of `admin` overlap with them as well.
        assert!(
            timeline
                .overlaps()
                .iter()
                .any(|(from, to)| *from <= met.0 && met.1 <= *to)
        );
    });
}

#[test]
fn a_statement_that_is_killed_is_interrupted_and_its_connection_goes_on() {
    run(async {
        let server = start().await;
        let mut admin = connect(&server.url()).await;
        let mut victim = connect(&server.url()).await;
        let id = victim.id();
        let sql = "SELECT name FROM users WHERE SLEEP(?)";
        let query = tokio::spawn(async move {
            let result: mysql_async::Result<Vec<String>> = victim.exec(sql, (1000,)).await;
            (victim, result)
        });
        until_in_state(&mut admin, "User sleep", 1).await;
        assert_eq!(statement(&server.timeline().unwrap(), sql).ended, None);
        admin.query_drop(format!("KILL QUERY {id}")).await.unwrap();
        let (mut victim, result) = query.await.unwrap();
        result.unwrap_err();
        victim.query_drop("SELECT 'afterwards'").await.unwrap();
        victim.disconnect().await.unwrap();

        let timeline = until(&server, "it has quit", |timeline| {
            connection(timeline, sql).closed.is_some()
        })
        .await;
        let killed = statement(&timeline, sql);
        assert_eq!(end(killed).1, &End::Interrupted);
        assert_eq!(killed.expanded, "SELECT name FROM users WHERE SLEEP(1000)");
        assert_eq!(
            end(statement(&timeline, "SELECT 'afterwards'")).1,
            &End::Done
        );
        assert_eq!(
            end(statement(&timeline, &format!("KILL QUERY {id}"))).1,
            &End::Done
        );
    });
}

#[test]
fn a_connection_that_is_killed_is_closed_without_a_request() {
    run(async {
        let server = start().await;
        let mut admin = connect(&server.url()).await;
        let [victim, idle] = [connect(&server.url()).await, connect(&server.url()).await];
        let (id, idle_id) = (victim.id(), idle.id());
        let sql = "SELECT name FROM users WHERE SLEEP(1000)";
        let query = spawn(victim, sql);
        until_in_state(&mut admin, "User sleep", 1).await;
        admin.query_drop(format!("KILL {id}")).await.unwrap();
        admin.query_drop(format!("KILL {idle_id}")).await.unwrap();
        query.await.unwrap().1.unwrap_err();
        let mut itself = connect(&server.url()).await;
        itself.query_drop("KILL CONNECTION_ID()").await.unwrap_err();

        let timeline = server.timeline().unwrap();
        assert_eq!(end(statement(&timeline, sql)).1, &End::Interrupted);
        let [own, killed @ ..] = &timeline.connections[..] else {
            panic!("{timeline:#?}")
        };
        assert_eq!(own.closed, None);
        assert_eq!(killed.len(), 3);
        for killed in killed {
            assert_eq!(killed.closing, None);
            assert!(killed.closed.unwrap() <= timeline.watched);
        }
    });
}

/// A failure is known only if the server has the plugin that logs it. Then the log file exists.
#[test]
fn a_statement_that_fails_is_shown_as_failed_if_the_server_logs_it() {
    run(async {
        let server = start().await;
        let mut admin = connect(&server.url()).await;
        let sql = "INSERT INTO users (id, name, email, age) VALUES (?, 'ü\n', ?, 3)";
        admin.exec_drop(sql, (100, "a")).await.unwrap();
        admin.exec_drop(sql, (100, "a")).await.unwrap_err();
        admin.exec_drop(sql, (101, "b")).await.unwrap();
        admin.query_drop("SELECT nonsense\nFROM").await.unwrap_err();
        admin.disconnect().await.unwrap();

        let timeline = server.timeline_when_all_have_left(DEADLINE).unwrap();
        let statements = timeline
            .statements()
            .filter(|statement| statement.sql == sql);
        let ends: Vec<End> = statements
            .map(|statement| end(statement).1.clone())
            .collect();
        let nonsense = end(statement(&timeline, "SELECT nonsense\nFROM")).1;
        if server.folder().join("server/data/sql_errors.log").exists() {
            let failed = End::Failed("Duplicate entry '100' for key 'PRIMARY'".to_owned());
            assert_eq!(ends, [End::Done, failed, End::Done]);
            assert!(matches!(nonsense, End::Failed(message) if message.contains("near ''")));
        } else {
            assert_eq!(ends, [End::Done, End::Done, End::Done]);
        }
    });
}

#[test]
fn a_prepared_statement_is_shown_as_written_and_with_its_parameters() {
    run(async {
        let server = start().await;
        let mut admin = connect(&server.url()).await;
        let sql = "SELECT ? AS 'why?',\n ?, ?, ? -- ü 😀 \\ \"";
        let text = "it's \"so\": \\ ü 😀 \r\n\t % ? \0 end, ";
        let parameters = (text, Option::<i64>::None, -7, 1.5e-20);
        let row: (String, Option<i64>, i64, f64) =
            admin.exec_first(sql, parameters).await.unwrap().unwrap();
        assert_eq!(row, (text.to_owned(), None, -7, 1.5e-20));
        admin
            .query_drop("SELECT 'plain', 'ü 😀 \\\\ \" \r\n\t \0'")
            .await
            .unwrap();

        let timeline = until(&server, "it has ended", |timeline| {
            find(timeline, sql).is_some()
        })
        .await;
        let prepared = statement(&timeline, sql);
        assert_eq!(end(prepared).1, &End::Done);
        // The server reads the same values from it.
        let row: (String, Option<i64>, i64, f64) = admin
            .query_first(&prepared.expanded)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(row, (text.to_owned(), None, -7, 1.5e-20));
        statement(&timeline, "SELECT 'plain', 'ü 😀 \\\\ \" \r\n\t \0'");
    });
}

#[test]
fn a_connection_that_quits_is_closed_by_request() {
    run(async {
        let server = start().await;
        let mut closing = connect(&server.url()).await;
        closing.query_drop("SELECT 'quits'").await.unwrap();
        closing.disconnect().await.unwrap();

        let timeline = server.timeline_when_all_have_left(DEADLINE).unwrap();
        let closed = connection(&timeline, "SELECT 'quits'");
        assert!(closed.closed.is_some());
        assert_eq!(closed.closing, closed.closed);
        assert!(end(statement(&timeline, "SELECT 'quits'")).0 <= closed.closed.unwrap());
    });
}

#[test]
fn a_connection_that_is_cut_is_closed_without_a_request() {
    run(async {
        let begun = Instant::now();
        let server = start().await;
        let mut rude = connect(&server.url()).await;
        rude.query_drop("SELECT 'rude'").await.unwrap();
        drop(rude); // the driver closes the socket

        let timeline = server.timeline_when_all_have_left(DEADLINE).unwrap();
        let cut = connection(&timeline, "SELECT 'rude'");
        assert_eq!(cut.closing, None);
        assert!(end(statement(&timeline, "SELECT 'rude'")).0 <= cut.closed.unwrap());
        assert!(cut.closed.unwrap() <= timeline.watched);
        // The server's clock is ours, in every time zone.
        assert!(timeline.watched < begun.elapsed());
    });
}

/// The server runs the statement to its end before it notices that the client is gone.
#[test]
fn a_connection_that_is_cut_in_the_middle_of_a_statement_is_waited_for() {
    run(async {
        let server = start().await;
        let mut admin = connect(&server.url()).await;
        let sql = "SELECT SLEEP(0.5)";
        let query = spawn(connect(&server.url()).await, sql);
        until_in_state(&mut admin, "User sleep", 1).await;
        query.abort();
        assert!(query.await.unwrap_err().is_cancelled());
        admin.disconnect().await.unwrap();

        let timeline = server.timeline_when_all_have_left(DEADLINE).unwrap();
        let cut = connection(&timeline, sql);
        assert_eq!(cut.closing, None);
        assert_eq!(end(statement(&timeline, sql)).1, &End::Done);
        assert!(end(statement(&timeline, sql)).0 <= cut.closed.unwrap());
    });
}

#[test]
fn a_connection_that_is_not_closed_is_open() {
    run(async {
        let server = start().await;
        let mut open = connect(&server.url()).await;
        open.query_drop("SELECT 'open'").await.unwrap();
        connect(&server.url()).await.disconnect().await.unwrap();

        let timeline = until(&server, "the other has left", |timeline| {
            timeline.open_connections() == 1
        })
        .await;
        let still = connection(&timeline, "SELECT 'open'");
        assert_eq!((still.closing, still.closed), (None, None));
        assert_eq!(timeline.most_open_connections(), 2);
        // It waits no longer than the limit.
        let timeline = server.timeline_when_all_have_left(Duration::ZERO).unwrap();
        assert_eq!(timeline.open_connections(), 1);
        drop(open);
    });
}

#[test]
fn rows_are_counted() {
    run(async {
        let server = start().await;
        let mut admin = connect(&server.url()).await;
        let queries = [
            ("SELECT id FROM users", 12),
            ("SELECT id FROM users LIMIT 5", 5),
            ("DELETE FROM users", 0),
        ];
        for (sql, _) in queries {
            admin.query_drop(sql).await.unwrap();
        }
        admin
            .query_drop("SELECT 'a;'; SELECT 'b' UNION SELECT 'c'; DO 0")
            .await
            .unwrap();
        admin.disconnect().await.unwrap();

        let timeline = server.timeline_when_all_have_left(DEADLINE).unwrap();
        for (sql, rows) in queries {
            assert_eq!(statement(&timeline, sql).rows, rows, "{sql}");
        }
        // Several statements in one string are listed one by one.
        for (sql, rows) in [
            ("SELECT 'a;'", 1),
            ("SELECT 'b' UNION SELECT 'c'", 2),
            ("DO 0", 0),
        ] {
            assert_eq!(statement(&timeline, sql).rows, rows, "{sql}");
        }
    });
}

#[test]
fn all_connections_are_closed_after_a_pool() {
    run(async {
        let server = start().await;
        let options =
            OptsBuilder::from_opts(Opts::from_url(&server.url()).unwrap()).prefer_socket(false);
        let pool = Pool::new(options);
        let (mut one, mut other) = tokio::try_join!(pool.get_conn(), pool.get_conn()).unwrap();
        let users: Vec<String> = one.query("SELECT name FROM users").await.unwrap();
        let sql = "SELECT name FROM users WHERE age > ?";
        let older: Vec<String> = other.exec(sql, (40,)).await.unwrap();
        drop((one, other));
        pool.disconnect().await.unwrap();

        let timeline = server.timeline_when_all_have_left(DEADLINE).unwrap();
        assert_eq!(
            (timeline.connections.len(), timeline.open_connections()),
            (2, 0)
        );
        assert!(
            timeline
                .connections
                .iter()
                .all(|connection| connection.closing.is_some())
        );
        let rows = |sql| usize::try_from(statement(&timeline, sql).rows).unwrap();
        assert_eq!(
            (rows("SELECT name FROM users"), rows(sql)),
            (users.len(), older.len())
        );
        assert!(
            timeline
                .statements()
                .all(|statement| end(statement).1 == &End::Done)
        );
    });
}

#[test]
fn a_server_that_is_restarted_has_a_new_timeline() {
    run(async {
        let mut server = start().await;
        let mut before = connect(&server.url()).await;
        before.query_drop("SELECT 'before'").await.unwrap();
        let mut server = spawn_blocking(move || {
            server.kill().unwrap();
            server.restart().unwrap();
            server
        })
        .await
        .unwrap();
        assert_eq!(server.timeline().unwrap(), Timeline::default());
        let mut after = connect(&server.url()).await;
        after.query_drop("SELECT 'after'").await.unwrap();
        after.disconnect().await.unwrap();
        let timeline = server.timeline_when_all_have_left(DEADLINE).unwrap();
        assert_eq!(timeline.connections.len(), 1);
        statement(&timeline, "SELECT 'after'");
        server.kill().unwrap();
    });
}

#[test]
fn the_timeline_of_a_user_has_the_connections_of_that_user_alone() {
    run(async {
        let server = start().await;
        let mut temp = connect(&server.url()).await;
        // The one name is the end of the other.
        let users = "CREATE USER 'ada'@'%'; CREATE USER 'my_ada'@'%'";
        temp.query_drop(users).await.unwrap();
        let database = server.url().rsplit_once('@').unwrap().1.to_owned();
        for user in ["ada", "my_ada", "my_ada"] {
            let address = database.split('/').next().unwrap();
            let mut other = connect(&format!("mysql://{user}@{address}/")).await;
            other.query_drop("DO 1").await.unwrap();
            other.disconnect().await.unwrap();
        }
        until(&server, "four connections are recorded", |timeline| {
            timeline.connections.len() == 4
        })
        .await;
        for (user, connections) in [("temp", 1), ("ada", 1), ("my_ada", 2), ("da", 0)] {
            let timeline = server.timeline_of(user).unwrap();
            assert_eq!(timeline.connections.len(), connections, "{user}");
        }
    });
}
