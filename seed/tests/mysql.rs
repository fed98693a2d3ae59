//! The table of a real MariaDB server: filled, left alone, and interrupted.

mod common;

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use common::{Random, made_by, run, seed, send, start, until};
use mysql_async::prelude::{FromRow, Queryable};
use mysql_async::{Conn, Opts, OptsBuilder};
use shared::{User, sample_users};
use temp_mariadb::TempServer;
use tokio::runtime::Runtime;

/// One server for all tests of this file, each of which has a database of its own. It ends with the process.
fn server() -> &'static TempServer {
    static SERVER: OnceLock<TempServer> = OnceLock::new();
    SERVER.get_or_init(|| TempServer::with(shared::schema::mysql_sample()).expect("a server starts"))
}

/// A database, and somebody who looks at it.
struct Database {
    url: String,
    connection: Conn,
    runtime: Runtime,
}

impl Database {
    fn new() -> Database {
        Database::on(server())
    }

    fn on(server: &TempServer) -> Database {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let mut connection = runtime
            .block_on(Conn::new(opts(&server.url())))
            .expect("connects");
        let create = format!("CREATE DATABASE {name}; USE {name}");
        runtime
            .block_on(connection.query_drop(create))
            .expect("may create a database");
        let (server, _) = server
            .url()
            .rsplit_once('/')
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .expect("a URL");
        Database {
            url: format!("{server}/{name}"),
            connection,
            runtime,
        }
    }

    fn seeded(options: &[&str]) -> Database {
        let database = Database::new();
        database.seed(options).well();
        database
    }

    fn seed(&self, options: &[&str]) -> common::Ended {
        seed(&self.url, options)
    }

    #[track_caller]
    fn run(&mut self, sql: &str) {
        self.runtime.block_on(self.connection.query_drop(sql)).expect(sql);
    }

    #[track_caller]
    fn read<T: FromRow + Send + 'static>(&mut self, sql: &str) -> Vec<T> {
        self.runtime.block_on(self.connection.query(sql)).expect(sql)
    }

    fn users(&mut self) -> Vec<User> {
        let rows =
            self.read::<(i64, String, String, u32)>("SELECT id, name, email, age FROM users ORDER BY id");
        rows.into_iter()
            .map(|(id, name, email, age)| User { id, name, email, age })
            .collect()
    }

    fn tables(&mut self) -> BTreeSet<String> {
        self.read("SHOW TABLES").into_iter().collect()
    }

    /// How many users the unfinished table has, also those that are not committed.
    fn unfinished(&mut self) -> u64 {
        self.run("SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED");
        let count = self
            .runtime
            .block_on(self.connection.query_first("SELECT count(*) FROM users_seed_new"));
        count.ok().flatten().unwrap_or(0)
    }

    /// Others' connections to this database.
    fn connections(&mut self) -> u64 {
        let query = "SELECT count(*) FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND ID <> CONNECTION_ID()";
        self.read(query)[0]
    }
}

fn opts(url: &str) -> OptsBuilder {
    OptsBuilder::from_opts(Opts::from_url(url).expect("a URL")).prefer_socket(false)
}

fn only_users() -> BTreeSet<String> {
    BTreeSet::from(["users".to_owned()])
}

#[test]
fn makes_the_same_users_as_in_sqlite() {
    let mut database = Database::new();
    for options in [
        &[][..],
        &["--users", "0"],
        &["--users", "5"],
        &["--users", "2500", "--random-seed", "7"],
    ] {
        let said = database.seed(options).well();
        assert!(said.contains("`users`") && said.lines().count() == 1, "{said}");
        assert_eq!(database.users(), made_by(options));
        assert_eq!(database.tables(), only_users());
    }
    assert_eq!(Database::seeded(&[]).users(), sample_users());
}

#[test]
fn the_table_is_the_one_that_the_schema_says() {
    let mut database = Database::seeded(&[]);
    database.run("RENAME TABLE users TO filled");
    database.run(&shared::schema::mysql_table("users"));
    let definition = |database: &mut Database, table: &str| {
        let (_, text) = database
            .read::<(String, String)>(&format!("SHOW CREATE TABLE {table}"))
            .remove(0);
        text.replace(table, "").replace(" AUTO_INCREMENT=13", "")
    };
    assert_eq!(
        definition(&mut database, "filled"),
        definition(&mut database, "users")
    );
}

#[test]
fn running_it_twice_changes_nothing() {
    let mut database = Database::seeded(&["--users", "100"]);
    let identity = "SELECT TABLE_ID FROM information_schema.INNODB_SYS_TABLES \
                    WHERE NAME = CONCAT(DATABASE(), '/users')";
    let before: Vec<u64> = database.read(identity);
    assert!(
        database
            .seed(&["--users", "100"])
            .well()
            .contains("nothing was changed")
    );
    assert_eq!(database.read::<u64>(identity), before);
    assert_eq!(database.tables(), only_users());
    database.seed(&["--users", "100", "--force"]).well();
    assert_ne!(database.read::<u64>(identity), before);
}

#[test]
fn takes_the_temporary_servers_own_users_for_a_seeding_and_replaces_them() {
    // A server of its own: other tests look at what this one replaces.
    let server = TempServer::with(shared::schema::mysql_sample()).expect("a server starts");
    assert!(seed(server.url(), &[]).well().contains("nothing was changed"));
    seed(server.url(), &["--users", "20"]).well();
}

#[test]
fn what_no_seeding_made_is_left_alone_unless_forced() {
    for (change, named) in [
        (
            "INSERT INTO users VALUES (14, 'Ada', 'ada@example.com', 36)",
            "the user with id 14",
        ),
        (
            "INSERT INTO users VALUES (-1, 'Ada', 'ada@example.com', 36)",
            "the user with id -1",
        ),
        (
            "UPDATE users SET name = 'Ada' WHERE id = 13",
            "the user with id 13",
        ),
        ("ALTER TABLE users ADD COLUMN phone TEXT", "it has another shape"),
        ("ALTER TABLE users DROP INDEX email", "it has another shape"),
        (
            "DROP TABLE users; CREATE TABLE users (id TEXT)",
            "it has another shape",
        ),
        (
            "CREATE TRIGGER t BEFORE DELETE ON users FOR EACH ROW SET @x = 1",
            "the trigger `t`",
        ),
    ] {
        let mut database = Database::seeded(&["--users", "13"]);
        database.run(change);
        let before: Vec<mysql_async::Row> = database.read("SELECT * FROM users");
        let error = database.seed(&["--users", "20"]).badly();
        assert!(error.contains(named) && error.contains("--force"), "{error}");
        let after: Vec<mysql_async::Row> = database.read("SELECT * FROM users");
        assert_eq!(format!("{before:?}"), format!("{after:?}"));
        assert_eq!(database.tables(), only_users());

        database.seed(&["--users", "20", "--force"]).well();
        assert_eq!(database.users(), made_by(&["--users", "20"]));
        assert_eq!(database.tables(), only_users());
    }
}

#[test]
fn a_view_and_a_table_that_another_refers_to_are_left_alone_even_when_forced() {
    let mut database = Database::seeded(&[]);
    database.run("CREATE TABLE orders (user BIGINT, FOREIGN KEY (user) REFERENCES users (id))");
    for force in [&[][..], &["--force"]] {
        let error = database.seed(&[&["--users", "20"], force].concat()).badly();
        assert!(
            error.contains(".orders` refers to it by a foreign key"),
            "{error}"
        );
    }
    assert_eq!(database.users(), sample_users());

    database
        .run("DROP TABLE orders; RENAME TABLE users TO people; CREATE VIEW users AS SELECT * FROM people");
    for force in [&[][..], &["--force"]] {
        assert!(database.seed(force).badly().contains("it is a VIEW"));
    }
    assert_eq!(database.users(), sample_users());
}

#[test]
fn the_rest_of_the_database_is_not_touched_and_no_hindrance() {
    let mut database = Database::new();
    database.run("CREATE TABLE orders (id INT PRIMARY KEY); INSERT INTO orders VALUES (7)");
    database.seed(&[]).well();
    database.seed(&["--users", "20"]).well();
    assert_eq!(database.read::<i32>("SELECT id FROM orders"), [7]);
    assert_eq!(
        database.tables(),
        BTreeSet::from(["orders".to_owned(), "users".to_owned()])
    );
}

#[test]
fn what_an_interrupted_run_left_is_cleared_up_but_not_if_somebody_could_miss_it() {
    let mut database = Database::seeded(&[]);
    let schema = shared::schema::mysql_table;
    database.run(&format!(
        "{}; {}",
        schema("users_seed_new"),
        schema("users_seed_old")
    ));
    database.run("INSERT INTO users_seed_old VALUES (1, 'Alice Walker', 'alice@example.com', 30)");
    database.seed(&["--users", "20"]).well();
    assert_eq!(database.tables(), only_users());

    // A row that somebody wrote in the moment before the renaming.
    database.run(&schema("users_seed_old"));
    database.run("INSERT INTO users_seed_old VALUES (14, 'Ada', 'ada@example.com', 36)");
    let error = database.seed(&[]).badly();
    assert!(
        error.contains("the user with id 14 (in the table `users_seed_old`)"),
        "{error}"
    );
    assert_eq!(database.read::<i64>("SELECT id FROM users_seed_old"), [14]);
    assert_eq!(database.users().len(), 20);
    database.seed(&["--force"]).well();
    assert_eq!(database.tables(), only_users());

    // A server that died between two renamings of one statement.
    database.run("RENAME TABLE users TO users_seed_old");
    assert!(database.seed(&[]).well().contains("nothing was changed"));
    assert_eq!(database.tables(), only_users());
}

#[test]
fn somebody_elses_table_under_a_name_that_a_run_needs_is_left_alone() {
    let mut database = Database::new();
    database.run("CREATE TABLE users_seed_new (note TEXT)");
    database.run("INSERT INTO users_seed_new VALUES ('mine')");
    let error = database.seed(&[]).badly();
    assert!(error.contains("users_seed_new"), "{error}");
    assert_eq!(
        database.read::<String>("SELECT note FROM users_seed_new"),
        ["mine"]
    );
    assert_eq!(database.tables(), BTreeSet::from(["users_seed_new".to_owned()]));
    database.seed(&["--force"]).well();
    assert_eq!(database.tables(), only_users());
}

#[test]
fn an_ipv6_address_in_brackets_is_an_address() {
    let error = seed("mysql://ada:pa55word@[::1]:1/somewhere", &[]).badly();
    assert!(error.contains("::1") && !error.contains("lookup"), "{error}");
}

#[test]
fn a_password_that_is_not_encoded_is_not_shown() {
    for url in [
        "mysql://ada:1/hunter2@localhost/school",
        "mysql://ada:1?hunter2@localhost/school",
        "mysql://ada:1#hunter2@localhost/school",
        "mysql://ada:3306/hun@ter2/school",
        "ada:hunter2@localhost",
    ] {
        let outcome = run(common::command()
            .args(["--database", url])
            .current_dir(tempfile::tempdir().unwrap().path()));
        let printed = format!("{outcome:?}");
        assert!(
            !printed.contains("hunter2") && !printed.contains("ter2/"),
            "{url}: {printed}"
        );
    }
}

#[test]
fn a_row_that_is_written_while_the_new_table_is_filled_is_not_lost() {
    let mut database = Database::seeded(&[]);
    let mut program = start(&database.url, &["--users", "20000"]);
    until("the new table grows", || database.unfinished() > 0);
    database.run("INSERT INTO users VALUES (99, 'Ada', 'ada@example.com', 36)");
    assert_eq!(program.wait().expect("ends").code(), Some(1));
    assert_eq!(database.users().last().map(|user| user.id), Some(99));
    assert_eq!(database.users().len(), 13);
    assert_eq!(database.tables(), only_users());
}

#[test]
fn killed_at_any_moment_is_the_old_table_or_the_new_one() {
    let options = ["--users", "12000", "--random-seed", "2"];
    let (old, new) = (made_by(&["--users", "500"]), made_by(&options));
    let mut random = Random::new();
    let mut in_the_middle = 0;
    for _ in 0..12 {
        let mut database = Database::seeded(&["--users", "500"]);
        let mut program = start(&database.url, &options);
        let enough = random.below(12_500);
        let mut ended = false;
        until("the new table grows", || {
            ended = program.try_wait().expect("can be asked").is_some();
            ended || database.unfinished() >= enough
        });
        program.kill().expect("may");
        program.wait().expect("ends");
        in_the_middle += u32::from(database.tables() != only_users());
        let found = database.users();
        assert!(found == old || found == new, "{} users of neither", found.len());

        database.seed(&options).well();
        assert!(database.users() == new);
        assert_eq!(database.tables(), only_users());
    }
    assert!(in_the_middle > 0);
}

#[test]
fn a_signal_leaves_the_old_table_nothing_beside_it_and_no_connection() {
    // A server of its own, for it counts the rude goodbyes of all its clients.
    let server = TempServer::with(shared::schema::mysql_sample()).expect("a server starts");
    let mut database = Database::on(&server);
    let aborted = "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS \
                   WHERE VARIABLE_NAME IN ('ABORTED_CLIENTS', 'ABORTED_CONNECTS')";
    database.seed(&[]).well();
    database.run("CREATE TABLE orders (user BIGINT, FOREIGN KEY (user) REFERENCES users (id))");
    database.seed(&["--users", "20"]).badly();
    database.run("DROP TABLE orders");
    for signal in ["-INT", "-TERM"] {
        let program = start(&database.url, &["--users", "100000000"]);
        until("the new table grows", || database.unfinished() > 0);
        send(signal, &program);
        let output = program.wait_with_output().expect("ends");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.starts_with("error: stopped by a signal"), "{said}");
        assert_eq!(database.tables(), only_users());
        assert_eq!(database.users(), sample_users());
    }
    until("the connections are gone", || database.connections() == 0);
    assert_eq!(database.read::<String>(aborted), ["0", "0"]);
}

#[test]
fn a_table_that_somebody_else_locks_is_an_error_after_a_wait_and_left_alone() {
    let mut database = Database::seeded(&[]);
    database.run("LOCK TABLES users READ");
    let error = database.seed(&["--users", "20"]).badly();
    assert!(error.contains("within 5 seconds"), "{error}");
    database.run("UNLOCK TABLES");
    assert_eq!(database.tables(), only_users());
    assert_eq!(database.users(), sample_users());
}

#[test]
fn a_second_run_at_the_same_time_waits_for_the_first() {
    let mut database = Database::new();
    let runs: Vec<_> = (0..4)
        .map(|seed| {
            start(
                &database.url,
                &["--users", "2000", "--random-seed", &seed.to_string()],
            )
        })
        .collect();
    for run in runs {
        let output = run.wait_with_output().expect("ends");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    assert_eq!(database.users().len(), 2000);
    assert_eq!(database.tables(), only_users());

    database.run("SELECT GET_LOCK(CONCAT('seed ', MD5(DATABASE())), 0)");
    assert!(database.seed(&[]).badly().contains("another seeding is at work"));
}

#[test]
fn a_server_that_cannot_be_used_is_named_with_everything_but_the_password() {
    let (host, _) = server()
        .url()
        .rsplit_once('/')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .expect("a URL");
    // Accepts, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent_port = silent.local_addr().expect("an address").port();
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port");
    let closed_port = closed.local_addr().expect("an address").port();
    drop(closed);
    let port = server().port();
    for (url, port, expected) in [
        (
            format!("mysql://ada:pa55word@127.0.0.1:{port}/somewhere"),
            port,
            "Access denied",
        ),
        (
            format!("mysql://ada:pa55word@127.0.0.1:{silent_port}/somewhere"),
            silent_port,
            "no answer within 4 seconds",
        ),
        (
            format!("mysql://ada:pa55word@127.0.0.1:{closed_port}/somewhere"),
            closed_port,
            "refused",
        ),
    ] {
        let error = seed(url, &[]).badly();
        for part in [expected, "127.0.0.1", &port.to_string(), "`ada`", "`somewhere`"] {
            assert!(error.contains(part), "{part}: {error}");
        }
        assert!(!error.contains("pa55word"), "{error}");
    }
    let error = seed(format!("{host}/no_such_database"), &[]).badly();
    assert!(error.contains("Unknown database 'no_such_database'"), "{error}");

    // A program that nobody told of a database takes none from its surroundings.
    let place = common::Place::new();
    run(common::command()
        .env("DATABASE_URL", server().url())
        .current_dir(place.folder()))
    .well();
    place.holds_the_database_alone();
}
