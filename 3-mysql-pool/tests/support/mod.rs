//! Shared by the checks: a database with random users on a temporary server, and what the server shows of the
//! solution's connections.
//!
//! The checks of a test binary share one server, because a server takes half a second to start. Each check has its own
//! database there, and its own user, so that the server's logs show which connections belong to which check.
#![allow(dead_code)] // no test target uses all of it

use std::net::TcpListener;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder, Pool};
use mysql_pool::{Result, fetch_concurrently, fetch_older_users, fetch_users, with_pool};
use recorder::timeline::{Timeline, text};
use shared::{User, schema};
use temp_mariadb::TempServer;
use testkit::{Bench, Deadline, check_on, says, users};
use tokio::runtime::{Builder, Runtime};

/// An error of the solution, boxed.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs a check on a new database. The body runs on a new runtime, which is shut down without waiting for its tasks.
pub fn check(hint: &str, body: impl AsyncFnOnce(&Server) + Send + 'static) {
    check_on_a_thread(hint, |server| block_on(body(server)));
}

/// Like [`check`], without a runtime around the body.
pub fn check_on_a_thread(hint: &str, body: impl FnOnce(&Server) + Send + 'static) {
    let on_the_shared_server = |seed| Server::on(&shared_server().url(), None, seed);
    check_on(hint, on_the_shared_server, body);
}

pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    // As a trait object without an output, so that Tokio's executor is compiled once, and not for each check.
    fn on_a_new_runtime(work: Pin<&mut dyn Future<Output = ()>>) {
        let runtime = runtime();
        let outcome = catch_unwind(AssertUnwindSafe(|| runtime.block_on(work)));
        runtime.shutdown_background();
        outcome.unwrap_or_else(|panic| resume_unwind(panic))
    }
    let mut outcome = None;
    on_a_new_runtime(pin!(async { outcome = Some(work.await) }));
    outcome.expect("the work has ended")
}

/// Builds a runtime like that of `#[tokio::main]`, with the same number of threads on every machine.
pub fn runtime() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    let builder = builder.worker_threads(4).enable_all();
    builder.build().expect("a runtime")
}

/// Waits for work of the check itself, outside a runtime.
pub fn outside<T>(work: impl Future<Output = T>) -> T {
    fn on_the_outer_runtime(work: Pin<&mut dyn Future<Output = ()>>) {
        static OUTSIDE: LazyLock<Runtime> = LazyLock::new(runtime);
        OUTSIDE.block_on(work);
    }
    let mut outcome = None;
    on_the_outer_runtime(pin!(async { outcome = Some(work.await) }));
    outcome.expect("the work has ended")
}

/// Returns an error, as a body may do.
pub fn on_purpose<T>() -> Result<T> {
    let error: Failure = "on purpose".into();
    Err(mysql_async::Error::Other(error).into())
}

/// Uses two connections at once; a body for `with_pool`.
pub async fn use_two_connections(pool: &Pool) -> Result<()> {
    let (mut one, other) = (pool.get_conn().await?, pool.get_conn().await?);
    one.query_drop("DO 1").await?;
    drop(other);
    Ok(())
}

/// Runs a body on a runtime that is dropped as soon as `with_pool` has returned. The runtime has one thread, so nothing else
/// runs in between.
pub fn then_drop_the_runtime<T>(
    server: &Server,
    body: impl AsyncFnOnce(&Pool) -> Result<T>,
) -> Result<T> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(with_pool(&server.url, 4, body))
}

/// Waits until no connection is left, and expects that each was closed with `COM_QUIT`.
pub fn expect_disconnected(server: &Server, when: &str) {
    outside(server.until_no_connection_is_left(when));
    let connections = server.timeline().expect("the logs").connections;
    let all_quit = connections.iter().all(|one| one.closing.is_some());
    assert!(all_quit, "expected: `COM_QUIT` on every connection {when}");
}

/// Returns URLs that do not work, and the words that their errors must contain.
pub fn unusable_urls(server: &Server, password: &str) -> Vec<(String, [String; 4])> {
    let unused = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let unused = unused.expect("a free port").port();
    let (port, user, school) = (server.port, &*server.user, &*server.database);
    let unusable = |port: u16, user: &str, password: &str, database: &str| {
        let url = format!("mysql://{user}:{password}@127.0.0.1:{port}/{database}");
        let words = ["127.0.0.1", &port.to_string(), user, database].map(str::to_owned);
        (url, words)
    };
    vec![
        unusable(port, user, password, school),
        unusable(port, user, &server.password, "no_such_database"),
        unusable(port, "nobody", password, school),
        unusable(unused, "ada", password, "school"),
    ]
}

/// Expects that the password is not in the text of an error or of its sources.
pub fn expect_no_password(error: &(dyn std::error::Error + 'static), password: &str) {
    assert!(
        !says(error, password),
        "expected: an error without the password\nfound: {error}"
    );
}

fn shared_server() -> &'static TempServer {
    static SHARED: LazyLock<std::result::Result<TempServer, temp_mariadb::Error>> =
        LazyLock::new(|| {
            // More connections than any right solution opens.
            let options = TempServer::options().argument("--max-connections=500");
            options.recorded().start()
        });
    SHARED.as_ref().unwrap_or_else(|error| panic!("{error}"))
}

/// The database of one check, the user that the solution connects as, and an administrator's connection.
pub struct Server {
    pub url: String,
    pub port: u16,
    pub user: String,
    pub password: String,
    pub database: String,
    /// The users in the table, in `id` order.
    pub users: Vec<User>,
    /// An age that several users have exactly.
    pub age: u32,
    pub admin: tokio::sync::Mutex<Conn>,
    pub admin_url: String,
    /// The server, if no other check uses it.
    pub own: Option<Mutex<TempServer>>,
}

impl Bench for Server {
    fn saw(&self) -> String {
        let mut timeline = match self.timeline() {
            Ok(timeline) => timeline,
            Err(error) => return error.to_string(),
        };
        let before = timeline.keep_last(6);
        let drawing = text::draw(&timeline, text::MESSAGE_WIDTH, false);
        format!("{drawing}\nconnections before these: {before}")
    }

    fn timeline(&self) -> Option<Timeline> {
        Server::timeline(self).ok()
    }
}

impl Server {
    /// Creates a database on the server with this URL.
    pub fn on(root: &str, own: Option<Mutex<TempServer>>, seed: u64) -> Server {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut random = Rng::with_seed(seed);
        let age = random.u32(20..60);
        let mut users = users::random(&mut random, age);
        let (user, database) = (format!("user_{number}"), format!("school_{number}"));
        let password = format!("{:032x}", random.u128(..));
        let (login, address) = root.rsplit_once('@').expect("a URL with a user");
        let address = address.split('/').next().expect("a host and a port");
        let admin_url = format!("{login}@{address}/{database}");
        let admin = outside(async {
            let mut admin = connect(root).await;
            let statements = format!(
                "CREATE DATABASE {database} CHARACTER SET utf8mb4; \
                 CREATE USER '{user}'@'%' IDENTIFIED BY '{password}'; \
                 GRANT ALL PRIVILEGES ON {database}.* TO '{user}'@'%'; \
                 USE {database}; {}; {}",
                schema::mysql_table("users"),
                schema::mysql_rows(&users)
            );
            admin.query_drop(&statements).await.expect(&statements);
            tokio::sync::Mutex::new(admin)
        });
        users.sort_by_key(|user| user.id);
        Server {
            url: format!("mysql://{user}:{password}@{address}/{database}"),
            port: Opts::from_url(root).expect("a URL").tcp_port(),
            user,
            password,
            database,
            users,
            age,
            admin,
            admin_url,
            own,
        }
    }

    /// Returns the URL with another port.
    pub fn url_through(&self, port: u16) -> String {
        let ports = [self.port, port].map(|port| format!("@127.0.0.1:{port}/"));
        self.url.replace(&ports[0], &ports[1])
    }

    /// Returns the users who are older than `age`, in `id` order.
    pub fn older_than(&self, age: u32) -> Vec<User> {
        let mut users = self.users.clone();
        users.retain(|user| user.age > age);
        users
    }

    // Each of these uses a new pool.
    pub async fn fetch_users(&self) -> Result<Vec<User>> {
        with_pool(&self.url, 2, async |pool| fetch_users(pool).await).await
    }

    pub async fn fetch_older_users(&self, age: u32) -> Result<Vec<User>> {
        let fetch = async |pool: &_| fetch_older_users(pool, age).await;
        with_pool(&self.url, 2, fetch).await
    }

    pub async fn fetch_concurrently(&self, age: u32) -> Result<(Vec<User>, Vec<User>)> {
        let fetch = async |pool: &_| fetch_concurrently(pool, age).await;
        with_pool(&self.url, 2, fetch).await
    }

    pub async fn fetch_all_lists(&self, age: u32) -> Result<[Vec<User>; 4]> {
        let (users, older_users) = self.fetch_concurrently(age).await?;
        let (all, older) = (
            self.fetch_users().await?,
            self.fetch_older_users(age).await?,
        );
        Ok([all, older, users, older_users])
    }

    /// Runs a statement, or several, as the administrator.
    pub async fn sql(&self, statement: &str) {
        let ran = self.admin.lock().await.query_drop(statement).await;
        ran.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }

    /// Replaces the table by one with its columns in another order, and with more columns.
    pub async fn change_the_columns(&self) {
        self.sql(
            "RENAME TABLE users TO old; \
             CREATE TABLE users (more DATE, age INT UNSIGNED, email TEXT, note BLOB, name TEXT, id BIGINT) \
             CHARACTER SET utf8mb4; \
             INSERT INTO users (id, name, email, age) SELECT id, name, email, age FROM old ORDER BY id",
        )
        .await;
    }

    /// Makes a table with this value in one row. Returns the user of that row, who is older than 0.
    pub async fn put(&self, column: &str, of_type: &str, value: &str) -> User {
        let user = self.older_than(0).swap_remove(0);
        self.sql(&format!(
            "CREATE TABLE IF NOT EXISTS originals SELECT * FROM users; \
             DROP TABLE users; CREATE TABLE users SELECT * FROM originals; \
             ALTER TABLE users MODIFY {column} {of_type} NULL; \
             UPDATE users SET {column} = {value} WHERE id = {}",
            user.id
        ))
        .await;
        user
    }

    /// Deletes all users but four, and returns these in `id` order. Each row is a packet, and a check that stops at every
    /// packet would otherwise stop at two hundred equal ones.
    pub async fn keep_a_few(&self) -> &[User] {
        let few = &self.users[..4];
        self.sql(&format!("DELETE FROM users WHERE id > {}", few[3].id))
            .await;
        few
    }

    /// Waits while 20 connections open and close, one after the other, so that work that is about to start has time to. If
    /// this is too short, a wrong solution may pass; a right one never fails.
    pub async fn open_and_close_other_connections(&self) {
        for _ in 0..20 {
            let other = connect(&self.admin_url).await;
            other.disconnect().await.expect("a clean end");
        }
    }

    /// Returns the timeline of the solution's connections so far, from the server's logs.
    pub fn timeline(&self) -> std::result::Result<Timeline, temp_mariadb::Error> {
        match &self.own {
            Some(_) => self.own().timeline_of(&self.user),
            None => shared_server().timeline_of(&self.user),
        }
    }

    /// Returns the server, if no other check uses it.
    pub fn own(&self) -> MutexGuard<'_, TempServer> {
        let own = self.own.as_ref().expect("a server of this check alone");
        own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the solution's connections in the server's process list.
    pub async fn processes(&self) -> Vec<Process> {
        // On a server that only this check uses, include connections that have not logged in yet.
        let nameless = self.own.as_ref().map_or("", |_| "unauthenticated user");
        let query = format!(
            "SELECT id, command, COALESCE(state, ''), COALESCE(info, '') FROM information_schema.processlist \
             WHERE user IN ('{}', '{nameless}') ORDER BY id",
            self.user
        );
        let mut admin = self.admin.lock().await;
        let processes = admin.query_map(query, |(id, command, state, statement)| Process {
            id,
            command,
            state,
            statement,
        });
        processes.await.expect("the process list")
    }

    /// Waits until the process list meets a condition, and returns it. Panics when the deadline passes first.
    pub async fn until(
        &self,
        expected: &str,
        mut is_met: impl FnMut(&[Process]) -> bool,
    ) -> Vec<Process> {
        let deadline = Deadline::start();
        let mut pause = Duration::from_millis(1);
        loop {
            let processes = self.processes().await;
            if is_met(&processes) {
                return processes;
            }
            assert!(
                !deadline.has_passed(),
                "expected: {expected}\nfound: in the server's process list {processes:?}"
            );
            // The server sends no event, so ask again, but less and less often: a process that asks all the time is never idle.
            tokio::time::sleep(pause).await;
            pause = (2 * pause).min(Duration::from_millis(100));
        }
    }

    /// Waits until no connection is left. The list may show one for a moment after it has quit.
    pub async fn until_no_connection_is_left(&self, when: &str) {
        let expected = format!("no connection left {when}");
        self.until(&expected, <[_]>::is_empty).await;
    }

    /// From now on, every query of `users` waits at its first row until the breakpoint is released. The process list shows
    /// which connections wait there.
    ///
    /// The function and the view have the invoker's rights, because the process list names a connection after the user
    /// whose rights it uses at that moment.
    pub async fn set_breakpoint(&self) {
        let lock = format!("{}.breakpoint", self.user);
        self.sql(&format!(
            "DO GET_LOCK('{lock}', 0); \
             RENAME TABLE users TO people; \
             CREATE FUNCTION wait_there(value BIGINT) RETURNS BIGINT NOT DETERMINISTIC SQL SECURITY INVOKER BEGIN \
             DO GET_LOCK('{lock}', 1000); DO RELEASE_LOCK('{lock}'); RETURN value; END; \
             CREATE SQL SECURITY INVOKER VIEW users AS SELECT wait_there(id) AS id, name, email, age FROM people"
        ))
        .await;
    }

    /// Lets every query go on: those that wait, and those that come later.
    pub async fn release_breakpoint(&self) {
        self.sql(&format!("DO RELEASE_LOCK('{}.breakpoint')", self.user))
            .await;
    }

    /// Waits until `count` connections wait at the breakpoint.
    pub async fn until_at_breakpoint(&self, expected: &str, count: usize) -> Vec<Process> {
        let waiting = |list: &[Process]| list.iter().filter(|one| one.is_at_breakpoint()).count();
        self.until(expected, |list| waiting(list) == count).await
    }
}

/// A connection in the server's process list.
#[derive(Debug, Clone)]
pub struct Process {
    pub id: u64,
    /// `Sleep`, `Query` or `Execute`.
    pub command: String,
    pub state: String,
    /// The statement that it runs.
    pub statement: String,
}

impl Process {
    pub fn is_at_breakpoint(&self) -> bool {
        self.state == "User lock"
    }
}

/// Connects by TCP only: the driver would otherwise connect a second time, by the socket.
pub async fn connect(url: &str) -> Conn {
    let options = OptsBuilder::from_opts(Opts::from_url(url).expect("a URL"));
    let connection = Conn::new(options.prefer_socket(false)).await;
    connection.expect("one more connection")
}
