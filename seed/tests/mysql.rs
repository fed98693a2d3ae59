//! The table of a real MariaDB server: filled, left alone, and interrupted.

mod common;
#[path = "common/relay.rs"]
mod relay;

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use common::{Random, made_by, run, seed, send, start, until};
use mysql_async::prelude::{FromRow, Queryable};
use mysql_async::{Conn, Opts, OptsBuilder};
use relay::Relay;
use shared::{User, sample_users};
use temp_mariadb::TempServer;
use tokio::runtime::Runtime;

/// One server for all tests of this file, each of which has a separate database. It ends with the process.
fn server() -> &'static TempServer {
    static SERVER: OnceLock<TempServer> = OnceLock::new();
    SERVER
        .get_or_init(|| TempServer::with(shared::schema::mysql_sample()).expect("a server starts"))
}

/// A database, and a connection that inspects it.
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

    /// Returns the same database with a user who sees nothing else.
    fn url_of_a_user(&mut self) -> String {
        let name = self.read::<String>("SELECT DATABASE()").remove(0);
        self.run(&format!(
            "CREATE OR REPLACE USER {name}@'%' IDENTIFIED BY 'secret'"
        ));
        self.run(&format!("GRANT ALL ON {name}.* TO {name}@'%'"));
        let (_, address) = self.url.split_once('@').expect("a URL with a user");
        format!("mysql://{name}:secret@{address}")
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
        self.runtime
            .block_on(self.connection.query_drop(sql))
            .expect(sql);
    }

    #[track_caller]
    fn read<T: FromRow + Send + 'static>(&mut self, sql: &str) -> Vec<T> {
        self.runtime
            .block_on(self.connection.query(sql))
            .expect(sql)
    }

    fn users(&mut self) -> Vec<User> {
        let rows = self.read::<(i64, String, String, u32)>(
            "SELECT id, name, email, age FROM users ORDER BY id",
        );
        rows.into_iter()
            .map(|(id, name, email, age)| User {
                id,
                name,
                email,
                age,
            })
            .collect()
    }

    fn tables(&mut self) -> BTreeSet<String> {
        self.read("SHOW TABLES").into_iter().collect()
    }

    /// Returns how many users the unfinished table has (in a cluster, its name ends with a number), including those that are not committed.
    fn unfinished(&mut self) -> u64 {
        self.run("SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED");
        let tables = self.tables();
        let is_unfinished = |name: &&String| name.starts_with("users_seed_new");
        let Some(table) = tables.iter().find(is_unfinished) else {
            return 0;
        };
        let count = format!("SELECT count(*) FROM {table}");
        let count = self.runtime.block_on(self.connection.query_first(count));
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
        assert!(
            said.contains("`users`") && said.lines().count() == 1,
            "{said}"
        );
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
    // A separate server: other tests inspect what this one replaces.
    let server = TempServer::with(shared::schema::mysql_sample()).expect("a server starts");
    assert!(
        seed(server.url(), &[])
            .well()
            .contains("nothing was changed")
    );
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
        (
            "ALTER TABLE users ADD COLUMN phone TEXT",
            "its columns or indices differ from those that seed creates",
        ),
        (
            "ALTER TABLE users DROP INDEX email",
            "its columns or indices differ from those that seed creates",
        ),
        (
            "DROP TABLE users; CREATE TABLE users (id TEXT)",
            "its columns or indices differ from those that seed creates",
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
        assert!(
            error.contains(named) && error.contains("--force"),
            "{error}"
        );
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
        assert!(
            database
                .seed(force)
                .badly()
                .contains("is not a table but a VIEW")
        );
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
fn what_an_interrupted_run_left_is_removed_unless_it_may_be_needed() {
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

    // A row that another client wrote just before the renaming.
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
fn a_foreign_table_under_a_name_that_a_run_needs_is_left_alone() {
    let mut database = Database::new();
    database.run("CREATE TABLE users_seed_new (note TEXT)");
    database.run("INSERT INTO users_seed_new VALUES ('mine')");
    let error = database.seed(&[]).badly();
    assert!(error.contains("users_seed_new"), "{error}");
    assert_eq!(
        database.read::<String>("SELECT note FROM users_seed_new"),
        ["mine"]
    );
    assert_eq!(
        database.tables(),
        BTreeSet::from(["users_seed_new".to_owned()])
    );
    database.seed(&["--force"]).well();
    assert_eq!(database.tables(), only_users());
}

#[test]
fn an_ipv6_address_in_brackets_is_an_address() {
    let error = seed("mysql://ada:pa55word@[::1]:1/somewhere", &[]).badly();
    assert!(
        error.contains("::1") && !error.contains("lookup"),
        "{error}"
    );
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
        assert!(
            found == old || found == new,
            "{} users of neither",
            found.len()
        );

        database.seed(&options).well();
        assert!(database.users() == new);
        assert_eq!(database.tables(), only_users());
    }
    assert!(in_the_middle > 0);
}

#[test]
fn a_signal_leaves_the_old_table_nothing_beside_it_and_no_connection() {
    // A separate server, because it counts the aborted connections of all its clients.
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
fn a_table_that_another_client_locks_is_an_error_after_a_wait_and_left_alone() {
    let mut database = Database::seeded(&[]);
    database.run("LOCK TABLES users READ");
    let error = database.seed(&["--users", "20"]).badly();
    assert!(error.contains("for more than 5 seconds"), "{error}");
    database.run("UNLOCK TABLES");
    assert_eq!(database.tables(), only_users());
    assert_eq!(database.users(), sample_users());
}

/// Settings that a server's configuration or `init_connect` can change, each with a value that is not the default.
const HOSTILE: [&str; 14] = [
    "character_set_client = latin1",
    "character_set_connection = latin1",
    "character_set_results = latin1",
    "sql_select_limit = 12",
    "max_join_size = 1",
    "sql_big_selects = 0",
    "autocommit = 0",
    "completion_type = 'RELEASE'",
    "sql_mode = 'ORACLE,NO_BACKSLASH_ESCAPES,EMPTY_STRING_IS_NULL'",
    "foreign_key_checks = 0",
    "default_storage_engine = MEMORY",
    "max_statement_time = 50",
    "tx_isolation = 'READ-UNCOMMITTED'",
    "tx_read_only = 1",
];

/// Whatever the server sets, the same table is made, known as a seeding's, and left alone when it holds a user's row.
fn expect_the_same_table(database: &mut Database) {
    database.run("SET NAMES utf8mb4, sql_select_limit = 18446744073709551615");
    let url = database.url_of_a_user();
    seed(&url, &["--users", "20"]).well();
    assert_eq!(database.users(), made_by(&["--users", "20"]));
    assert!(
        seed(&url, &["--users", "20"])
            .well()
            .contains("nothing was changed")
    );
    seed(&url, &[]).well();
    let accent: Vec<String> = database.read("SELECT HEX(name) FROM users WHERE id = 9");
    assert_eq!(accent, ["496EC3A973205065C3B161"]);
    let engine = "SELECT ENGINE FROM information_schema.TABLES WHERE TABLE_NAME = 'users' AND TABLE_SCHEMA = DATABASE()";
    assert_eq!(database.read::<String>(engine), ["InnoDB"]);

    database.run("INSERT INTO users VALUES (99, 'Ada', 'ada@example.com', 36)");
    let error = seed(&url, &["--users", "20"]).badly();
    assert!(error.contains("the user with id 99"), "{error}");
    assert_eq!(database.users().len(), 13);
    assert_eq!(database.tables(), only_users());

    // Where foreign keys are not enforced, nothing hinders the exchange, and the key refers to nothing.
    let name = database.read::<String>("SELECT DATABASE()").remove(0);
    database.run(&format!(
        "CREATE DATABASE hidden; SET foreign_key_checks = 1; \
         CREATE TABLE hidden.orders (user BIGINT, FOREIGN KEY (user) REFERENCES {name}.users (id))"
    ));
    let error = seed(&url, &["--force"]).badly();
    assert!(error.contains("foreign key"), "{error}");
    assert_eq!(database.users().len(), 13);
}

#[test]
fn a_servers_settings_change_nothing() {
    let options = TempServer::options()
        .run(shared::schema::mysql_sample())
        .argument("--skip-character-set-client-handshake")
        .argument("--character-set-server=latin1")
        .argument("--log-bin=log")
        .argument("--binlog-format=STATEMENT");
    let server = options.start().expect("a server starts");
    let mut database = Database::on(&server);
    for setting in HOSTILE
        .iter()
        .filter(|setting| !setting.starts_with("character_set"))
    {
        database.run(&format!("SET GLOBAL {setting}"));
    }
    expect_the_same_table(&mut database);
}

#[test]
fn what_a_server_runs_for_each_connection_changes_nothing() {
    let hostile = HOSTILE.join(", ");
    let options = TempServer::options()
        .run(shared::schema::mysql_sample())
        .argument(format!("--init-connect=SET {hostile}"));
    let server = options.start().expect("a server starts");
    expect_the_same_table(&mut Database::on(&server));
}

#[test]
fn a_database_whose_name_has_an_accent_is_found_whatever_the_character_set() {
    let options = TempServer::options()
        .run(shared::schema::mysql_sample())
        .argument("--skip-character-set-client-handshake");
    let server = options.start().expect("a server starts");
    let mut database = Database::on(&server);
    database.run("SET NAMES utf8mb4");
    database.run("CREATE DATABASE `schöl`; USE `schöl`");
    let (address, _) = database.url.rsplit_once('/').expect("a URL");
    seed(format!("{address}/sch%C3%B6l"), &[]).well();
    assert_eq!(database.users(), sample_users());
}

/// The exchange leads the key to the table that was replaced, which cannot be dropped then.
#[test]
fn a_foreign_key_that_the_user_cannot_see_is_found_and_nothing_changes() {
    let mut database = Database::seeded(&["--users", "13"]);
    let url = database.url_of_a_user();
    let name = database.read::<String>("SELECT DATABASE()").remove(0);
    database.run(&format!(
        "CREATE DATABASE hidden_{name}; \
         CREATE TABLE hidden_{name}.orders (user BIGINT, FOREIGN KEY (user) REFERENCES {name}.users (id)); \
         INSERT INTO hidden_{name}.orders VALUES (13)"
    ));
    let definition = format!("SHOW CREATE TABLE hidden_{name}.orders");
    let refers = format!("REFERENCES `{name}`.`users` ");
    for options in [
        &["--users", "20"][..],
        &["--force"],
        &["--force"],
        &["--users", "20"],
    ] {
        let error = seed(&url, options).badly();
        assert!(
            error.contains("was not changed") && error.contains("foreign key"),
            "{error}"
        );
        assert_eq!(database.users(), made_by(&["--users", "13"]));
        assert_eq!(database.tables(), only_users());
        let (_, orders) = database.read::<(String, String)>(&definition).remove(0);
        assert!(orders.contains(&refers), "{orders}");
    }

    // A run that was killed after the exchange. The key has followed the old table.
    database.run(&shared::schema::mysql_table("another"));
    database.run("RENAME TABLE users TO users_seed_old, another TO users");
    seed(&url, &["--force"]).badly();
    assert_eq!(database.users(), made_by(&["--users", "13"]));
    assert_eq!(database.tables(), only_users());

    // And the new table has got a row since.
    database.run(&shared::schema::mysql_table("another"));
    database.run("RENAME TABLE users TO users_seed_old, another TO users");
    database.run("INSERT INTO users VALUES (99, 'Ada', 'ada@example.com', 36)");
    let error = seed(&url, &["--force"]).badly();
    assert!(
        error.contains("id 99") && error.contains("`users_seed_old`"),
        "{error}"
    );
    assert_eq!(database.users().len(), 1);
    assert_eq!(
        database.read::<u64>("SELECT count(*) FROM users_seed_old"),
        [13]
    );

    database.run(&format!("DROP DATABASE hidden_{name}"));
    seed(&url, &["--force"]).well();
    assert_eq!(database.tables(), only_users());
}

/// The connection is lost between the exchange and the end.
#[test]
fn what_cannot_be_undone_is_told_and_the_next_run_clears_it_up() {
    let mut database = Database::seeded(&["--users", "13"]);
    let relay = Relay::start(server().port(), |query| match query {
        "DROP TABLE IF EXISTS users_seed_old" => None,
        other => Some(other.to_owned()),
    });
    let error = seed(relay.url(&database.url), &["--users", "20"]).badly();
    assert!(
        error.contains("it holds the new users") && error.contains("`users_seed_old`"),
        "{error}"
    );
    assert!(!error.contains("was not changed"), "{error}");
    assert_eq!(database.users(), made_by(&["--users", "20"]));
    assert!(database.tables().contains("users_seed_old"));
    assert!(
        database
            .seed(&["--users", "20"])
            .well()
            .contains("nothing was changed")
    );
    assert_eq!(database.tables(), only_users());
}

/// A node of a cluster, of which there are two: neither knows the other's `GET_LOCK`.
fn node(change: fn(&str) -> Option<String>) -> Relay {
    Relay::start(server().port(), change)
}

fn on_node_one(query: &str) -> Option<String> {
    Some(match query {
        "SHOW GLOBAL STATUS LIKE 'wsrep_cluster_size'" => {
            "SELECT 'wsrep_cluster_size', '2'".to_owned()
        }
        other => other.replace("@@wsrep_node_name", "'one'"),
    })
}

fn on_node_two(query: &str) -> Option<String> {
    on_node_one(query).map(|query| {
        query
            .replace("'one'", "'two'")
            .replace("GET_LOCK(CONCAT('seed ',", "GET_LOCK(CONCAT('node ',")
    })
}

#[test]
fn a_second_run_on_another_node_says_that_another_is_at_work_and_disturbs_nothing() {
    let mut database = Database::seeded(&[]);
    let (one, two) = (node(on_node_one), node(on_node_two));
    let first = start(one.url(&database.url), &["--users", "100000000"]);
    until("the new table grows", || database.unfinished() > 0);
    let error = seed(two.url(&database.url), &["--users", "20"]).badly();
    assert!(error.contains("another run of seed"), "{error}");
    let so_far = database.unfinished();
    until("the first run goes on", || database.unfinished() > so_far);
    send("-INT", &first);
    let output = first.wait_with_output().expect("ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.starts_with("error: stopped by a signal"), "{said}");
    assert_eq!(database.users(), sample_users());
    assert_eq!(database.tables(), only_users());
}

#[test]
fn a_second_run_on_another_node_waits_for_a_first_that_ends_soon_and_takes_over_from_one_that_is_gone()
 {
    let mut database = Database::seeded(&[]);
    let (one, two) = (node(on_node_one), node(on_node_two));
    let mut first = start(one.url(&database.url), &["--users", "100000000"]);
    until("the new table grows", || database.unfinished() > 0);
    first.kill().expect("may");
    first.wait().expect("ends");
    assert!(database.tables().contains("users_seed_lock"));
    // On the same node the first run is known to be gone.
    seed(one.url(&database.url), &["--users", "20"]).well();
    assert_eq!(database.users(), made_by(&["--users", "20"]));
    assert_eq!(database.tables(), only_users());

    let mut first = start(one.url(&database.url), &["--users", "100000000"]);
    until("the new table grows", || database.unfinished() > 0);
    first.kill().expect("may");
    first.wait().expect("ends");
    let waiting = start(two.url(&database.url), &["--users", "30"]);
    let output = waiting.wait_with_output().expect("ends");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(database.users(), made_by(&["--users", "30"]));
    assert_eq!(database.tables(), only_users());
}

/// It was stopped for longer than the others wait, and goes on.
#[test]
fn a_run_that_was_taken_over_inserts_nothing_any_more_and_says_so() {
    let mut database = Database::seeded(&[]);
    let (one, two) = (node(on_node_one), node(on_node_two));
    let first = start(
        one.url(&database.url),
        &["--users", "100000000", "--random-seed", "5"],
    );
    until("the new table grows", || database.unfinished() > 0);
    send("-STOP", &first);
    let mut other = start(two.url(&database.url), &["--users", "100000000"]);
    let owner = "SELECT node FROM users_seed_lock";
    until("the other run takes over", || {
        other.try_wait().expect("can be asked").is_some()
            || database.read::<String>(owner) == ["two"]
    });
    send("-CONT", &first);
    let output = first.wait_with_output().expect("ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("another run of seed has taken over"),
        "{said}"
    );
    until("the other run goes on", || database.unfinished() > 0);
    send("-INT", &other);
    other.wait().expect("ends");
    assert_eq!(database.users(), sample_users());
    assert_eq!(database.tables(), only_users());
}

#[test]
fn a_foreign_table_under_the_name_of_the_clusters_lock_is_left_alone() {
    let mut database = Database::seeded(&[]);
    database.run("CREATE TABLE users_seed_lock (note TEXT)");
    let one = node(on_node_one);
    let error = seed(one.url(&database.url), &["--users", "20", "--force"]).badly();
    assert!(error.contains("`users_seed_lock`"), "{error}");
    assert_eq!(database.users(), sample_users());
    database.run("DROP TABLE users_seed_lock");
}

/// In a cluster, a transaction that another node has overtaken ends with the error of a deadlock. Here it is one.
#[test]
fn a_run_that_another_client_overtakes_says_so() {
    let mut database = Database::seeded(&[]);
    database.run("CREATE TABLE heavy (id BIGINT PRIMARY KEY)");
    let first = start(&database.url, &["--users", "100000000"]);
    until("the new table grows", || database.unfinished() > 0);
    // Of two that wait for each other, the server ends the one that has changed less.
    database.run("START TRANSACTION; INSERT INTO heavy SELECT seq FROM seq_1_to_300000");
    // In the middle of a statement of the run's, which inserts a thousand users.
    let last: u64 = database.read("SELECT max(id) FROM users_seed_new")[0];
    let next = (last / 1000 + 20) * 1000 + 500;
    let insert = |id: u64| format!("INSERT INTO users_seed_new VALUES ({id}, 'x', 'x{id}', 1)");
    database.run(&insert(next));
    let waits = "SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'";
    until("the run waits for that row", || {
        database.read::<(String, u64)>(waits)[0].1 > 0
    });
    database.run(&insert(next - 1));
    database.run("ROLLBACK");
    let output = first.wait_with_output().expect("ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("probably another run of seed"), "{said}");
    assert!(
        said.contains("\nhelp: wait until it has finished"),
        "{said}"
    );
    assert_eq!(database.users(), sample_users());
    database.run("DROP TABLE heavy");
    database.seed(&["--users", "20"]).well();
    assert_eq!(database.tables(), only_users());
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
    assert!(database.seed(&[]).badly().contains("another run of seed"));
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
        for part in [
            expected,
            "127.0.0.1",
            &port.to_string(),
            "`ada`",
            "`somewhere`",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
        assert!(!error.contains("pa55word"), "{error}");
    }
    let mut database = Database::new();
    let url = database.url_of_a_user();
    let user = database.read::<String>("SELECT DATABASE()").remove(0);
    database.run(&format!("ALTER USER {user}@'%' REQUIRE SSL"));
    let error = seed(url, &[]).badly();
    assert!(
        error.contains("help: check the user, the password"),
        "{error}"
    );
    assert!(error.contains("`?require_ssl=true`"), "{error}");

    let error = seed(format!("{host}/no_such_database"), &[]).badly();
    assert!(
        error.contains("Unknown database 'no_such_database'"),
        "{error}"
    );

    // A program without `--database` takes no database from the environment.
    let place = common::Place::new();
    run(common::command()
        .env("DATABASE_URL", server().url())
        .current_dir(place.folder()))
    .well();
    place.holds_the_database_alone();
}
