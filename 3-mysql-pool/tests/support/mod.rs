//! What the tests have in common: a server, a database each, and what the server says of its connections.
#![allow(dead_code)] // no file of tests uses all of it

pub mod relay;

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use mysql_async::prelude::{FromRow, Queryable};
use mysql_async::{Conn, Opts, OptsBuilder};
use shared::mariadb::{Options, Throwaway};
use tokio::runtime::Runtime;

/// Only what hangs takes this long.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// The server of all tests of a file that do not need one of their own.
static SERVER: LazyLock<Throwaway> = LazyLock::new(|| start(Throwaway::options()));

fn start(options: Options) -> Throwaway {
    options
        .argument("--max-connections=500")
        .start()
        .unwrap_or_else(|error| panic!("{error}"))
}

/// Runs a test on a runtime of its own; one that hangs fails.
pub fn run<T>(test: impl Future<Output = T>) -> T {
    Runtime::new().unwrap().block_on(async {
        tokio::time::timeout(DEADLINE, test)
            .await
            .expect("the test hangs")
    })
}

/// A database of the test's own, with the sample users, and a connection to look at it from outside.
pub struct Database {
    pub url: String,
    pub admin: Conn,
    name: String,
    server: Option<Throwaway>,
}

/// A connection as the server's process list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    pub id: u64,
    /// What it does: `Sleep`, `Query`, `Execute`.
    pub command: String,
    pub state: String,
    /// The statement that it runs.
    pub statement: String,
}

impl Database {
    /// On the server that the tests of this file share.
    pub async fn create() -> Database {
        Database::on(&SERVER).await
    }

    /// On a server of its own, whose counters count for this test alone.
    pub async fn on_its_own_server() -> Database {
        Database::on_server_with(Throwaway::options()).await
    }

    pub async fn on_server_with(options: Options) -> Database {
        let server = tokio::task::spawn_blocking(|| start(options)).await.unwrap();
        let mut database = Database::on(&server).await;
        database.server = Some(server);
        database
    }

    async fn on(server: &Throwaway) -> Database {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut admin = connect(&server.url()).await;
        admin
            .query_drop(format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"))
            .await
            .unwrap();
        admin
            .query_drop(format!("CREATE TABLE {name}.users LIKE throwaway.users"))
            .await
            .unwrap();
        admin
            .query_drop(format!("INSERT INTO {name}.users SELECT * FROM throwaway.users"))
            .await
            .unwrap();
        let url = format!("{}/{name}", server.url().rsplit_once('/').unwrap().0);
        admin.query_drop(format!("USE {name}")).await.unwrap();
        Database {
            url,
            admin,
            name,
            server: None,
        }
    }

    pub fn server(&mut self) -> &mut Throwaway {
        self.server.as_mut().expect("a server of its own")
    }

    /// The URL, of the same database through another port.
    pub fn url_through(&self, port: u16) -> String {
        let (before, after) = self.url.rsplit_once("@127.0.0.1:").unwrap();
        let (_, path) = after.split_once('/').unwrap();
        format!("{before}@127.0.0.1:{port}/{path}")
    }

    pub fn port(&self) -> u16 {
        Opts::from_url(&self.url).unwrap().tcp_port()
    }

    pub fn password(&self) -> String {
        Opts::from_url(&self.url).unwrap().pass().unwrap().to_owned()
    }

    pub async fn sql(&mut self, statement: &str) {
        self.admin
            .query_drop(statement)
            .await
            .unwrap_or_else(|error| panic!("{statement}: {error}"));
    }

    pub async fn value<T: FromRow + Send + 'static>(&mut self, query: &str) -> T {
        self.admin.query_first(query).await.unwrap().unwrap()
    }

    /// The connections to this database, but for the one that looks; also those which have not said yet to which
    /// database they belong, if the server is this test's own.
    pub async fn processes(&mut self) -> Vec<Process> {
        let everybody = if self.server.is_some() {
            "user <> 'system user'"
        } else {
            "FALSE"
        };
        let query = format!(
            "SELECT id, command, COALESCE(state, ''), COALESCE(info, '') FROM information_schema.processlist \
             WHERE (db = '{}' OR {everybody}) AND id <> CONNECTION_ID() ORDER BY id",
            self.name
        );
        let processes = self
            .admin
            .query_map(query, |(id, command, state, statement)| Process {
                id,
                command,
                state,
                statement,
            });
        processes.await.unwrap()
    }

    /// Waits until the process list is as it should be.
    pub async fn until(&mut self, what: &str, mut is_so: impl FnMut(&[Process]) -> bool) -> Vec<Process> {
        let begun = Instant::now();
        loop {
            let processes = self.processes().await;
            if is_so(&processes) {
                return processes;
            }
            assert!(
                begun.elapsed() < DEADLINE,
                "still waiting until {what}: {processes:#?}"
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// A connection that has just quit may stand in the list a moment longer.
    pub async fn until_nobody_is_left(&mut self) {
        self.until("nobody is left", <[_]>::is_empty).await;
    }

    /// How many connections the server counts as cut instead of closed.
    pub async fn aborted(&mut self) -> u64 {
        let (_, count): (String, u64) = self.value("SHOW GLOBAL STATUS LIKE 'Aborted_clients'").await;
        count
    }

    /// From now on, whoever reads `users` stands still at its first row until he gets the lock of this name: a place
    /// to meet, of which the process list tells who has arrived. Whoever has it passes it on.
    pub async fn gate(&mut self, lock: &str) {
        self.sql("RENAME TABLE users TO people").await;
        self.sql(&format!(
            "CREATE FUNCTION pass_the_gate(value BIGINT) RETURNS BIGINT NOT DETERMINISTIC BEGIN \
             DO GET_LOCK('{lock}', 1000); DO RELEASE_LOCK('{lock}'); RETURN value; END"
        ))
        .await;
        self.sql("CREATE VIEW users AS SELECT pass_the_gate(id) AS id, name, email, age FROM people")
            .await;
    }
}

/// A connection that the server does not count twice.
pub async fn connect(url: &str) -> Conn {
    let options = OptsBuilder::from_opts(Opts::from_url(url).unwrap()).prefer_socket(false);
    Conn::new(options).await.unwrap()
}

/// Whether a process stands at the gate.
pub fn waits_for_a_lock(process: &Process) -> bool {
    process.state == "User lock"
}
