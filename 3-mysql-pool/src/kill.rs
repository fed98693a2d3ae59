//! Stops statements on the server. Read this last.
//!
//! A server stops a statement when another connection sends it `KILL QUERY id`. The id alone proves nothing: behind a
//! load balancer, after a failover or a restart, or behind a proxy that numbers connections itself, that id may belong
//! to another client. So a KILL needs one of two proofs, found on the connection that then sends it:
//!
//! - **By name.** Each query of this crate ends in a comment that no other running query has. The server's process list
//!   shows the id and this comment in one row.
//! - **By server.** When the pool opened the query's connection, it noted the id and the server (see [`OWN_SESSION`]).
//!   The connection for killing is on that server, and the pool knows the id from no other server. This proof also
//!   covers statements that the process list shows without the name: those of a stored function that the query calls,
//!   and those that the body runs with the driver alone.
//!
//! The proof holds until the KILL arrives: a server gives an id once, and a query keeps its connection until the
//! server has answered the KILL. Without a proof nothing is killed, and the query runs to its end. If the pool is closed
//! before that, the query's connection is cut.

use std::collections::HashSet;
use std::future::pending;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use mysql_async::prelude::{FromRow, Queryable};
use mysql_async::{Conn, Metrics, Opts, OptsBuilder, Pool, Row, from_row_opt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::{CONNECT_TIMEOUT, session, url};

/// The number of connections that are opened to stop one query, with pauses of 2 ms, 4 ms, … between them. One may not be
/// enough: the server may not have read the statement yet, or a load balancer may choose another server.
const ATTEMPTS: u32 = 12;
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The time that the server gets to remove a connection from its list after it has quit, before the next one is opened.
const QUIT_PAUSE: Duration = Duration::from_millis(10);

/// The id of the session that asks; a string that no other server has (host, port, folder, ids of the server, and its
/// network card, which ends a UUID); and the second in which the server was started (`UUID_SHORT` without its counter).
///
/// A session's row in the process list would say more, but to find it the server walks over all connections.
const OWN_SESSION: &str = "SELECT CONNECTION_ID(), CONCAT_WS(' ', @@hostname, @@port, @@datadir, @@server_id, \
     RIGHT(UUID(), 12) /*!50700 , @@server_uuid */), UUID_SHORT() >> 24, UNIX_TIMESTAMP()";

/// A connection of the pool, and the server that it leads to: `None` if the server does not say, or if a proxy in
/// between numbers connections itself.
struct Session {
    id: u64,
    server: Option<Server>,
}

/// A server, from its start to its end.
#[derive(PartialEq, Eq, Hash, Clone)]
struct Server {
    name: Vec<u8>,
    started: u64,
}

impl Session {
    async fn of(connection: &mut Conn) -> mysql_async::Result<Session> {
        let id = u64::from(connection.id());
        // After a restart within one second, the server would look the same. So wait until it is in its next second.
        for _ in 0..12 {
            let own: Vec<(u64, Vec<u8>, u64, u64)> = match rows(connection, OWN_SESSION).await {
                Err(mysql_async::Error::Server(_)) => Vec::new(),
                own => own?,
            };
            let Some((_, name, started, now)) = own.into_iter().find(|own| own.0 == id) else {
                break;
            };
            if now > started & 0xffff_ffff {
                let server = Some(Server { name, started });
                return Ok(Session { id, server });
            }
            sleep(Duration::from_millis(100)).await;
        }
        Ok(Session { id, server: None })
    }
}

/// A comment that marks a running query: random text of this process, the id of the query's connection, and a number.
///
/// The same connection nearly always gets the same name, so that its prepared statements are used again. The number
/// tells connections of two servers apart that have the same id.
pub(crate) struct Name {
    id: u32,
    number: u32,
    text: String,
}

/// The names in use: ids and numbers.
static NAMES: Mutex<Vec<(u32, u32)>> = Mutex::new(Vec::new());

impl Name {
    pub fn take(id: u32) -> Name {
        static PROCESS: LazyLock<String> = LazyLock::new(|| {
            let random = || RandomState::new().hash_one(0);
            format!("{:016x}{:016x}", random(), random())
        });
        let mut names = lock(&NAMES);
        let is_free = |number: &u32| !names.contains(&(id, *number));
        let number = (0..).find(is_free).expect("more numbers than connections");
        names.push((id, number));
        let text = format!("/* {}-{id}-{number} */", *PROCESS);
        Name { id, number, text }
    }

    /// Adds the name to a statement.
    pub fn mark(&self, sql: &str) -> String {
        format!("{sql} {}", self.text)
    }

    fn is_in(&self, statement: &[u8]) -> bool {
        let name = self.text.as_bytes();
        statement.windows(name.len()).any(|window| window == name)
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        lock(&NAMES).retain(|name| *name != (self.id, self.number));
    }
}

/// A cancelled query that still runs.
pub(crate) struct Target {
    name: Name,
    options: Opts,
    /// Locked while a connection for killing is open that could stop it.
    state: tokio::sync::Mutex<State>,
}

#[derive(PartialEq)]
enum State {
    Running,
    Ended,
    /// A KILL was sent, and the server did not answer.
    Unanswered,
}

impl Target {
    pub fn new(name: Name, options: Opts) -> Target {
        Target {
            name,
            options,
            state: tokio::sync::Mutex::new(State::Running),
        }
    }

    /// Notes that the query has ended, and waits until the connection for killing is closed. Returns whether the
    /// server has answered every KILL.
    pub async fn end(&self) -> bool {
        let mut state = self.state.lock().await;
        let answered = *state == State::Running;
        *state = State::Ended;
        answered
    }
}

/// Stops the queries of one pool, over one connection at a time.
pub(crate) struct Killer {
    opened: Mutex<Vec<Session>>,
    targets: Mutex<Targets>,
    /// The permit to have a connection open for killing.
    turn: Arc<Semaphore>,
    closing: CancellationToken,
    has_cut: AtomicBool,
}

/// The cancelled queries that have not ended.
#[derive(Default)]
struct Targets {
    list: Vec<Weak<Target>>,
    /// The number of connections for killing that have taken the list.
    taken: u64,
}

/// The killers of all pools. A `Pool` cannot hold our data, so its metrics identify it.
static KILLERS: Mutex<Vec<(Weak<Metrics>, Arc<Killer>)>> = Mutex::new(Vec::new());

impl Killer {
    pub fn new() -> Arc<Killer> {
        Arc::new(Killer {
            opened: Mutex::default(),
            targets: Mutex::default(),
            turn: Arc::new(Semaphore::new(1)),
            closing: CancellationToken::new(),
            has_cut: AtomicBool::new(false),
        })
    }

    /// Makes this the killer of a pool.
    pub fn serve(self: &Arc<Killer>, pool: &Pool) {
        let mut killers = lock(&KILLERS);
        killers.retain(|(metrics, _)| metrics.strong_count() > 0);
        killers.push((Arc::downgrade(&pool.metrics()), self.clone()));
    }

    /// Returns the killer of a pool, which may be one that `with_pool` did not make.
    pub fn of(pool: &Pool) -> Arc<Killer> {
        let metrics = Arc::downgrade(&pool.metrics());
        let killers = lock(&KILLERS);
        if let Some((_, killer)) = killers.iter().find(|(other, _)| other.ptr_eq(&metrics)) {
            return killer.clone();
        }
        drop(killers);
        let killer = Killer::new();
        killer.serve(pool);
        killer
    }

    /// Notes a connection that the pool has opened.
    pub async fn note(&self, connection: &mut Conn) -> mysql_async::Result<()> {
        let session = Session::of(connection).await?;
        lock(&self.opened).push(session);
        Ok(())
    }

    /// Tries to stop a query. Returns only when the pool closes; drop it when the query has ended.
    pub async fn stop(self: &Arc<Killer>, target: &Arc<Target>) {
        lock(&self.targets).list.push(Arc::downgrade(target));
        let attempts = async {
            let mut pause = FIRST_PAUSE;
            for _ in 0..ATTEMPTS {
                self.attempt().await;
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            pending().await
        };
        tokio::select! {
            () = attempts => {}
            () = self.closing.cancelled() => {}
        }
    }

    /// Waits for the turn, and makes one attempt for all queries. Skips it if another query made one while this one
    /// waited.
    async fn attempt(self: &Arc<Killer>) {
        let taken = lock(&self.targets).taken;
        let Ok(turn) = self.turn.clone().acquire_owned().await else {
            return;
        };
        let targets: Vec<Arc<Target>> = {
            let mut targets = lock(&self.targets);
            if targets.taken != taken {
                return;
            }
            targets.taken += 1;
            targets.list.retain(|target| target.strong_count() > 0);
            targets.list.iter().filter_map(Weak::upgrade).collect()
        };
        // In a task, so that the connection for killing quits even if this query ends first.
        let _ = tokio::spawn(self.clone().kill(targets, turn)).await;
    }

    /// Opens a connection, and kills those of the queries that it can prove to be on its server.
    async fn kill(self: Arc<Killer>, targets: Vec<Arc<Target>>, turn: OwnedSemaphorePermit) {
        let mut running = Vec::new();
        for target in &targets {
            let state = target.state.lock().await;
            if *state == State::Running {
                running.push((&**target, state));
            }
        }
        let Some((target, _)) = running.first() else {
            return;
        };
        let connecting = Conn::new(plain(target.options.clone()));
        let Ok(Ok(mut connection)) = timeout(CONNECT_TIMEOUT, connecting).await else {
            return;
        };
        let names: Vec<&Name> = running.iter().map(|(target, _)| &target.name).collect();
        if let Ok(Ok(proven)) = timeout(CONNECT_TIMEOUT, self.proven(&mut connection, &names)).await
        {
            for ((target, state), _) in running.iter_mut().zip(proven).filter(|(_, proven)| *proven)
            {
                let kill = connection.query_drop(format!("KILL QUERY {}", target.name.id));
                match timeout(CONNECT_TIMEOUT, kill).await {
                    // The server's error is an answer: the connection is gone, or the user may not kill.
                    Ok(Ok(()) | Err(mysql_async::Error::Server(_))) => {}
                    _ => **state = State::Unanswered,
                }
            }
        }
        quit(connection).await;
        drop(running);
        sleep(QUIT_PAUSE).await;
        drop(turn);
    }

    /// Returns for each name whether its query provably runs on the connection's server.
    async fn proven(
        &self,
        connection: &mut Conn,
        names: &[&Name],
    ) -> mysql_async::Result<Vec<bool>> {
        let ids: Vec<String> = names.iter().map(|name| name.id.to_string()).collect();
        // The last condition is false behind a proxy that numbers connections itself. Such a proxy may read the
        // id in a KILL as one that it gave itself.
        let list = format!(
            "SELECT id, LEFT(info, 1000) FROM information_schema.processlist \
             WHERE info IS NOT NULL AND id IN ({}) AND CONNECTION_ID() = {}",
            ids.join(", "),
            connection.id()
        );
        let running: Vec<(u32, Vec<u8>)> = rows(connection, &list).await?;
        let server = Session::of(connection).await?.server;
        let is_proven = |name: &&Name| {
            let mut rows = running.iter().filter(|(id, _)| *id == name.id);
            rows.any(|(id, statement)| {
                let by_server =
                    || server.is_some() && server == self.only_server_of(u64::from(*id));
                name.is_in(statement) || by_server()
            })
        };
        Ok(names.iter().map(is_proven).collect())
    }

    /// The server on which the pool has opened a connection of this id, if it is the only one.
    fn only_server_of(&self, id: u64) -> Option<Server> {
        let opened = lock(&self.opened);
        let mut with_id = opened.iter().filter(|session| session.id == id);
        let server = with_id.next()?.server.clone();
        with_id.next().is_none().then_some(server)?
    }

    /// Ends the wait for queries that could not be stopped, because the pool is closing.
    pub fn close(&self) {
        self.closing.cancel();
    }

    /// Cuts a connection in the middle of a statement. The server may run the statement to its end.
    pub fn cut(&self, connection: Conn) {
        self.has_cut.store(true, Ordering::Relaxed);
        // Sets a flag in the driver that makes the pool drop the connection instead of reading the rest of the result.
        let _ = connection.disconnect().now_or_never();
    }

    /// Returns true if a connection was cut.
    pub fn has_cut(&self) -> bool {
        self.has_cut.load(Ordering::Relaxed)
    }

    /// Kills the statements that still run on connections of this pool, on each server that a new connection reaches.
    pub async fn kill_leftovers(&self, options: Opts) {
        let Ok(_turn) = self.turn.acquire().await else {
            return;
        };
        let servers: HashSet<Server> = {
            let opened = lock(&self.opened);
            opened
                .iter()
                .filter_map(|session| session.server.clone())
                .collect()
        };
        let mut done = HashSet::new();
        for _ in 0..2 * servers.len() {
            let Ok(mut connection) = Conn::new(options.clone()).await else {
                return;
            };
            let session = Session::of(&mut connection).await;
            if let Ok(Session {
                server: Some(server),
                ..
            }) = session
                && servers.contains(&server)
                && !done.contains(&server)
            {
                let _ = self.kill_on(&server, &mut connection).await;
                done.insert(server);
            }
            quit(connection).await;
            if done.len() == servers.len() {
                return;
            }
            sleep(QUIT_PAUSE).await;
        }
    }

    /// Kills the statements of this pool on one server, until none is left.
    ///
    /// A statement is stopped at once, and its connection, which was cut, ends with it. A connection that is still listed
    /// after a second is killed as well. Not earlier, because the server lists a connection for a moment after it has
    /// quit, and a connection that is killed counts as aborted.
    async fn kill_on(&self, server: &Server, connection: &mut Conn) -> mysql_async::Result<()> {
        let ids: HashSet<u64> = {
            let opened = lock(&self.opened);
            let here = opened
                .iter()
                .filter(|session| session.server.as_ref() == Some(server));
            here.map(|session| session.id).collect()
        };
        let begun = Instant::now();
        loop {
            let list = "SELECT id, info IS NOT NULL FROM information_schema.processlist";
            let listed: Vec<(u64, bool)> = rows(connection, list).await?;
            let mut left = false;
            for (id, runs) in listed.into_iter().filter(|(id, _)| ids.contains(id)) {
                left = true;
                let kill = if begun.elapsed() > Duration::from_secs(1) {
                    "KILL"
                } else if runs {
                    "KILL QUERY"
                } else {
                    continue;
                };
                // An error means that the connection is already closed.
                let _ = connection.query_drop(format!("{kill} {id}")).await;
            }
            if !left {
                return Ok(());
            }
            sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Queries rows. Skips those that do not have this type, because the driver would panic at them.
async fn rows<T: FromRow>(connection: &mut Conn, query: &str) -> mysql_async::Result<Vec<T>> {
    let rows: Vec<Row> = connection.query(query).await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| from_row_opt(row).ok())
        .collect())
}

async fn quit(connection: Conn) {
    let _ = timeout(CONNECT_TIMEOUT, connection.disconnect()).await;
}

/// Returns options for the same server and user, without what the pool adds to each of its connections. The session's
/// settings are set here as well, because a limit on rows would cut the process list.
pub(crate) fn plain(options: Opts) -> Opts {
    let host = url::host(&options).to_owned();
    OptsBuilder::from_opts(options)
        .ip_or_hostname(host)
        .prefer_socket(false)
        .init(Vec::<String>::new())
        .setup(vec![session::setup("")])
        .after_connect(|_| Box::pin(async { Ok(()) }))
        .into()
}

/// Locks. No code that holds one of these locks panics.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
