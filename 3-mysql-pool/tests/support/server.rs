//! A database with random users on a temporary server, and an administrator's connection to it.
//!
//! The checks of a test binary share one server, because a server takes half a second to start. Each check has its own
//! database there, and its own user, so that the server's logs show which connections belong to which check.

mod breakpoint;
mod processes;

use std::env;
use std::pin::{Pin, pin};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use fastrand::Rng;
use mysql_async::prelude::{FromRow, Queryable};
use mysql_async::{Conn, Opts, OptsBuilder, Params, Value};
use recorder::timeline::{Timeline, text};
use shared::{User, schema};
use temp_mariadb::{Options, TempServer};
use testkit::{Bench, DEADLINE, check_on, users};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use super::{Failure, log};

pub use processes::Process;

static SHARED: LazyLock<Result<TempServer, temp_mariadb::Error>> =
    LazyLock::new(|| recorded(TempServer::options().run(shared::schema::mysql_sample())).start());

/// The number of connections that a failing check shows: the last ones.
const SHOWN: usize = 6;

/// The number of users that [`Server::keep_a_few`] keeps.
const FEW: usize = 4;

/// The environment variable that gives the URL of the shared server to a process that a check starts.
pub const SERVER: &str = "CHECK_SERVER";

/// Returns the URL of the shared server, for its administrator.
pub fn shared_url() -> String {
    env::var(SERVER).unwrap_or_else(|_| shared_one().url())
}

fn shared_one() -> &'static TempServer {
    SHARED.as_ref().unwrap_or_else(|error| panic!("{error}"))
}

/// Runs the work of the checks themselves. Never dropped.
static OUTSIDE: LazyLock<Runtime> = LazyLock::new(runtime);

/// Makes the server record every statement, and admit more connections than any right solution opens.
fn recorded(options: Options) -> Options {
    options.recorded().argument("--max-connections=500")
}

/// Runs a check on a new database. The body runs on a new runtime, which is shut down without waiting for its tasks.
pub fn check(hint: &str, body: impl AsyncFnOnce(&Server) + Send + 'static) {
    check_on_a_thread(hint, |server| Running::start().block_on(body(server)));
}

/// Like [`check`], on a server that no other check uses: the check can kill it, and its counters are exact.
pub fn check_alone(hint: &str, options: Options, body: impl AsyncFnOnce(&Server) + Send + 'static) {
    let prepare = |seed| Server::alone(options, seed);
    check_on(hint, prepare, |server| {
        Running::start().block_on(body(server))
    });
}

/// Like [`check`], without a runtime around the body.
pub fn check_on_a_thread(hint: &str, body: impl FnOnce(&Server) + Send + 'static) {
    check_on(hint, Server::on_the_shared_one, body);
}

/// Waits for work of the check itself, outside a runtime.
pub fn outside<T>(work: impl Future<Output = T>) -> T {
    let work: Pin<&mut dyn Future<Output = T>> = pin!(work);
    OUTSIDE.block_on(work)
}

/// Builds a runtime like that of `#[tokio::main]`, with the same number of threads on every machine.
pub fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// A runtime that does not wait for blocked threads when it is dropped.
struct Running(Option<Runtime>);

impl Running {
    fn start() -> Running {
        Running(Some(runtime()))
    }

    fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        // As a trait object, so that `block_on` is compiled once for each type of result, and not for each check.
        let work: Pin<&mut dyn Future<Output = T>> = pin!(work);
        self.0
            .as_ref()
            .expect("only dropping takes it")
            .block_on(work)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// The database of one check, and the server that it is on.
pub struct Server {
    /// `None` for the shared server.
    own: Option<Mutex<TempServer>>,
    /// The administrator's URL of this database.
    admin_url: String,
    admin: tokio::sync::Mutex<Conn>,
    url: String,
    user: String,
    users: Vec<User>,
    age: u32,
    random: Mutex<Rng>,
}

impl Server {
    /// Returns the last connections, and how many were before them; or why they are not known.
    fn last_connections(&self) -> std::result::Result<(Timeline, usize), String> {
        let look = async {
            // `self.admin` may still be locked.
            let mut admin = connect(&self.admin_url).await?;
            self.timeline_over(&mut admin).await
        };
        match outside(async { timeout(*DEADLINE, look).await }) {
            Ok(Ok(mut timeline)) => {
                let before = timeline.connections.len().saturating_sub(SHOWN);
                timeline.connections.drain(..before);
                Ok((log::from_the_first(timeline), before))
            }
            Ok(Err(error)) => Err(format!("the server's logs cannot be read: {error}")),
            Err(_) => Err("the server does not answer".to_owned()),
        }
    }
}

impl Bench for Server {
    fn saw(&self) -> String {
        self.last_connections().map_or_else(
            |why| why,
            |(timeline, before)| {
                let before = (before > 0).then(|| format!("{before} connections before these\n"));
                before.unwrap_or_default() + &text::draw(&timeline, 100, false)
            },
        )
    }

    fn timeline(&self) -> Option<Timeline> {
        Some(self.last_connections().ok()?.0)
    }
}

impl Server {
    fn on_the_shared_one(seed: u64) -> Server {
        Server::prepare(&shared_url(), None, seed)
    }

    fn alone(options: Options, seed: u64) -> Server {
        let server = recorded(options)
            .start()
            .unwrap_or_else(|error| panic!("{error}"));
        Server::prepare(&server.url(), Some(Mutex::new(server)), seed)
    }

    fn prepare(root: &str, own: Option<Mutex<TempServer>>, seed: u64) -> Server {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let mut random = Rng::with_seed(seed);
        let age = random.u32(20..60);
        let mut users = users::random(&mut random, age);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        // Another process may use the same server.
        let number = format!("{}_{number}", process::id());
        let (user, password) = (
            format!("user_{number}"),
            format!("{:032x}", random.u128(..)),
        );
        let database = format!("school_{number}");
        let (scheme_and_user, rest) = root.rsplit_once('@').expect("a URL with a user");
        let address = rest.split('/').next().expect("a host and a port");
        let admin_url = format!("{scheme_and_user}@{address}/{database}");
        let admin = outside(async {
            let mut admin = connect(root)
                .await
                .expect("a connection of the administrator");
            for statement in [
                format!("CREATE DATABASE {database} CHARACTER SET utf8mb4"),
                format!("CREATE USER '{user}'@'%' IDENTIFIED BY '{password}'"),
                format!("GRANT ALL PRIVILEGES ON {database}.* TO '{user}'@'%'"),
                format!("USE {database}"),
                schema::mysql_table("users"),
            ] {
                admin.query_drop(&statement).await.expect(&statement);
            }
            insert(&mut admin, &users).await;
            admin
        });
        users.sort_by_key(|user| user.id);
        Server {
            own,
            admin_url,
            admin: tokio::sync::Mutex::new(admin),
            url: format!("mysql://{user}:{password}@{address}/{database}"),
            user,
            users,
            age,
            random: Mutex::new(random),
        }
    }

    /// Returns the server of [`check_alone`].
    pub fn own(&self) -> MutexGuard<'_, TempServer> {
        let own = self
            .own
            .as_ref()
            .expect("a server that only this check uses");
        own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the URL that the solution connects to.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the URL with another port.
    pub fn url_through(&self, port: u16) -> String {
        let other = format!("@127.0.0.1:{port}/");
        self.url
            .replace(&format!("@127.0.0.1:{}/", self.port()), &other)
    }

    fn options(&self) -> Opts {
        Opts::from_url(&self.url).expect("a URL")
    }

    pub fn port(&self) -> u16 {
        self.options().tcp_port()
    }

    pub fn password(&self) -> String {
        self.options().pass().expect("a password").to_owned()
    }

    pub fn user(&self) -> &str {
        &self.user
    }

    pub fn database(&self) -> String {
        self.options().db_name().expect("a database").to_owned()
    }

    /// Returns the users, in the order of their ids.
    pub fn users(&self) -> &[User] {
        &self.users
    }

    /// Returns an age that several users have exactly.
    pub fn age(&self) -> u32 {
        self.age
    }

    /// Returns the users who are older than `age`, in the order of their ids.
    pub fn older_than(&self, age: u32) -> Vec<User> {
        self.users
            .iter()
            .filter(|user| user.age > age)
            .cloned()
            .collect()
    }

    /// Returns random numbers that depend only on the check's seed.
    pub fn random(&self) -> MutexGuard<'_, Rng> {
        self.random.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a statement as the administrator.
    pub async fn sql(&self, statement: &str) {
        let ran = self.admin.lock().await.query_drop(statement).await;
        ran.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }

    /// Deletes all users but a few, and returns these in `id` order. Each row is a packet, and a check that stops at every
    /// packet would otherwise stop at two hundred equal ones.
    pub async fn keep_a_few(&self) -> &[User] {
        let few = &self.users[..FEW];
        let last = few[FEW - 1].id;
        self.sql(&format!("DELETE FROM users WHERE id > {last}"))
            .await;
        few
    }

    /// Returns the first row of a query that the administrator runs.
    pub async fn value<T: FromRow + Send + 'static>(&self, query: &str) -> T {
        let value = self.admin.lock().await.query_first(query).await;
        value.expect(query).expect("a row")
    }

    /// Opens the administrator's connection again.
    pub async fn look_again(&self) {
        *self.admin.lock().await = connect(&self.admin_url)
            .await
            .expect("a connection of the administrator");
    }

    /// Opens one more connection as the user of the solution.
    pub async fn connect(&self) -> Conn {
        connect(&self.url).await.expect("one more connection")
    }

    /// Waits while 20 connections open and close, one after the other, so that work that is about to start has time to. If
    /// this is too short, a wrong solution may pass; a right one never fails.
    pub async fn open_and_close_other_connections(&self) {
        for _ in 0..20 {
            let other = connect(&self.admin_url).await.expect("one more connection");
            other.disconnect().await.expect("a clean end");
        }
    }

    /// Returns the timeline of the solution's connections so far, from the server's logs.
    pub async fn timeline(&self) -> Timeline {
        let timeline = self.timeline_over(&mut *self.admin.lock().await).await;
        timeline.unwrap_or_else(|error| panic!("{error}"))
    }

    async fn timeline_over(&self, admin: &mut Conn) -> Result<Timeline, Failure> {
        let openings = log::openings(&self.user, admin).await?;
        match &self.own {
            Some(_) => log::timeline_of(&self.own(), &openings),
            None => log::timeline_of(shared_one(), &openings),
        }
    }

    /// Expects that every connection so far was closed with `COM_QUIT`. Does not wait.
    pub async fn expect_all_have_quit(&self, when: &str) {
        let connections = self.timeline().await.connections;
        let have_quit = connections
            .iter()
            .filter(|one| one.closing.is_some())
            .count();
        assert!(
            have_quit == connections.len(),
            "expected: every connection closed with `COM_QUIT` {when}\nfound: {have_quit} of {}",
            connections.len()
        );
    }
}

/// Connects by TCP only: the driver would otherwise connect a second time, by the socket.
async fn connect(url: &str) -> mysql_async::Result<Conn> {
    let options = OptsBuilder::from_opts(Opts::from_url(url)?).prefer_socket(false);
    Conn::new(options).await
}

/// Inserts all users in one statement.
async fn insert(admin: &mut Conn, users: &[User]) {
    let rows = vec!["(?, ?, ?, ?)"; users.len()].join(", ");
    let values = users.iter().flat_map(
        |User {
             id,
             name,
             email,
             age,
         }| [Value::from(id), name.into(), email.into(), age.into()],
    );
    let insert = format!("INSERT INTO users (id, name, email, age) VALUES {rows}");
    let inserted = admin
        .exec_drop(insert, Params::Positional(values.collect()))
        .await;
    inserted.expect("the users are inserted");
}
