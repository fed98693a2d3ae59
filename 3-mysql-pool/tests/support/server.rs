//! A database with random users on a temporary server, and a connection to look at it from outside.
//!
//! The checks of a binary share one server, for it takes half a second to start. Each has a database of its own there,
//! and a user of its own, so that the server can tell whose connections are whose.

mod gate;
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

/// How many connections a failing check shows: the last ones.
const SHOWN: usize = 6;

/// How many users are a few.
const FEW: usize = 4;

/// In the environment, the URL of the server that is shared: for a process that a check starts.
pub const SERVER: &str = "CHECK_SERVER";

/// The URL of the server that is shared, for one who may do everything there.
pub fn shared_url() -> String {
    env::var(SERVER).unwrap_or_else(|_| shared_one().url())
}

fn shared_one() -> &'static TempServer {
    SHARED.as_ref().unwrap_or_else(|error| panic!("{error}"))
}

/// Where everything runs that is no part of what is checked. It outlives all.
static OUTSIDE: LazyLock<Runtime> = LazyLock::new(runtime);

/// The server records all that it is asked, and has room for solutions that ask for too much.
fn recorded(options: Options) -> Options {
    options.recorded().argument("--max-connections=500")
}

/// Runs a check on a fresh database. The body runs on a runtime of its own, on which nothing is waited for when it has
/// ended.
pub fn check(hint: &str, body: impl AsyncFnOnce(&Server) + Send + 'static) {
    check_on_a_thread(hint, |server| Running::start().block_on(body(server)));
}

/// As [`check`], on a server of its own: one that can be killed, or counts for this check alone.
pub fn check_alone(hint: &str, options: Options, body: impl AsyncFnOnce(&Server) + Send + 'static) {
    let prepare = |seed| Server::alone(options, seed);
    check_on(hint, prepare, |server| {
        Running::start().block_on(body(server))
    });
}

/// As [`check`], with no runtime around its body.
pub fn check_on_a_thread(hint: &str, body: impl FnOnce(&Server) + Send + 'static) {
    check_on(hint, Server::on_the_shared_one, body);
}

/// Waits, where there is no runtime, for what is no part of what is checked.
pub fn outside<T>(work: impl Future<Output = T>) -> T {
    let work: Pin<&mut dyn Future<Output = T>> = pin!(work);
    OUTSIDE.block_on(work)
}

/// A runtime such as `#[tokio::main]` makes, but of as many threads everywhere.
pub fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// A runtime that does not wait, when it is dropped, for what never ends.
struct Running(Option<Runtime>);

impl Running {
    fn start() -> Running {
        Running(Some(runtime()))
    }

    fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        // Without its type, so that a runtime is compiled once for each type of outcome, and not for every check.
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

/// A database of the check's own.
pub struct Server {
    /// `None` for the one that is shared.
    own: Option<Mutex<TempServer>>,
    /// For a connection with every right, and this database.
    admin_url: String,
    admin: tokio::sync::Mutex<Conn>,
    url: String,
    user: String,
    users: Vec<User>,
    age: u32,
    random: Mutex<Rng>,
}

impl Bench for Server {
    fn saw(&self) -> String {
        let look = async {
            // The other one may be in use, by whatever has not ended.
            let mut admin = connect(&self.admin_url).await?;
            self.timeline_over(&mut admin).await
        };
        match outside(async { timeout(*DEADLINE, look).await }) {
            Ok(Ok(mut timeline)) => {
                let last = timeline.connections.len().saturating_sub(SHOWN);
                timeline.connections.drain(..last);
                let before = (last > 0).then(|| format!("{last} connections before these\n"));
                before.unwrap_or_default() + &text::draw(&log::from_the_first(timeline), 100, false)
            }
            Ok(Err(error)) => format!("the server does not tell: {error}"),
            Err(_) => "the server does not answer".to_owned(),
        }
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
        // Another process may be at work on the same server.
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
            let mut admin = connect(root).await.expect("a server to look at");
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

    /// The server, where it is the check's own.
    pub fn own(&self) -> MutexGuard<'_, TempServer> {
        let own = self.own.as_ref().expect("a server of its own");
        own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a solution is given to connect by.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The same, through another port.
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

    /// Its users, in the order of their ids.
    pub fn users(&self) -> &[User] {
        &self.users
    }

    /// An age at the boundary: several users are exactly as old.
    pub fn age(&self) -> u32 {
        self.age
    }

    /// The users who are older than that, in the order of their ids.
    pub fn older_than(&self, age: u32) -> Vec<User> {
        self.users
            .iter()
            .filter(|user| user.age > age)
            .cloned()
            .collect()
    }

    /// Random numbers that the check's seed decides.
    pub fn random(&self) -> MutexGuard<'_, Rng> {
        self.random.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a statement over the connection from outside.
    pub async fn sql(&self, statement: &str) {
        let ran = self.admin.lock().await.query_drop(statement).await;
        ran.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }

    /// Leaves a few users only, and returns them, in `id` order: a row is a packet, and a check that stops at every packet
    /// need not stop at each of two hundred that are alike.
    pub async fn keep_a_few(&self) -> &[User] {
        let few = &self.users[..FEW];
        let last = few[FEW - 1].id;
        self.sql(&format!("DELETE FROM users WHERE id > {last}"))
            .await;
        few
    }

    /// What a query gives over the connection from outside.
    pub async fn value<T: FromRow + Send + 'static>(&self, query: &str) -> T {
        let value = self.admin.lock().await.query_first(query).await;
        value.expect(query).expect("a row")
    }

    /// Makes the connection from outside anew.
    pub async fn look_again(&self) {
        *self.admin.lock().await = connect(&self.admin_url).await.expect("a server to look at");
    }

    /// One more connection, with the rights of the user whom a solution connects as.
    pub async fn connect(&self) -> Conn {
        connect(&self.url)
            .await
            .expect("room for one more connection")
    }

    /// Waits as long as it takes others to come and go, one after the other: long enough for what is about to happen
    /// to have begun. A check may pass by mistake for this, and never fail by it.
    pub async fn let_others_come_and_go(&self) {
        for _ in 0..20 {
            let other = connect(&self.admin_url).await.expect("room for one more");
            other.disconnect().await.expect("a polite end");
        }
    }

    /// What the user has done so far, from the server's own logs.
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

    /// Expects that every connection was closed the polite way. It is not waited for those that are open.
    pub async fn expect_all_have_quit(&self, when: &str) {
        let connections = self.timeline().await.connections;
        let have_quit = connections
            .iter()
            .filter(|one| one.closing.is_some())
            .count();
        assert!(
            have_quit == connections.len(),
            "expected: every connection has quit {when}\nfound: {have_quit} of {} have",
            connections.len()
        );
    }
}

/// A connection that the server does not count twice.
async fn connect(url: &str) -> mysql_async::Result<Conn> {
    let options = OptsBuilder::from_opts(Opts::from_url(url)?).prefer_socket(false);
    Conn::new(options).await
}

/// In one statement, however many they are.
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
    inserted.expect("users who fit together");
}
