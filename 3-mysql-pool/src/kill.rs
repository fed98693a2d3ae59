//! Stops statements on the server. Read this and `proof.rs` last.
//!
//! A server stops a statement when another connection sends it `KILL QUERY id`. The [`Killer`] of a pool opens that
//! connection, proves that the id is still ours (see `proof.rs`), sends the KILL, and quits. It tries again until the
//! query has ended. Without a proof nothing is killed, and the query runs to its end. If the pool is closed before that,
//! the query's connection is cut.

use std::collections::HashSet;
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Metrics, Opts, OptsBuilder, Pool};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::proof::{Name, Opened, Server, Session, lock, rows};
use crate::{CONNECT_TIMEOUT, session, url};

/// The number of connections that are opened to stop one query, with pauses of 2 ms, 4 ms, … between them. One may not be
/// enough: the server may not have read the statement yet, or a load balancer may choose another server.
const ATTEMPTS: u32 = 12;
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The time that the server gets to remove a connection from its list after it has quit, before the next one is opened.
const QUIT_PAUSE: Duration = Duration::from_millis(10);

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
    opened: Opened,
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
            opened: Opened::default(),
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
        self.opened.note(connection).await
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
        // In a Tokio task, so that the connection for killing quits even if this query ends first.
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
        if let Ok(Ok(proven)) =
            timeout(CONNECT_TIMEOUT, self.opened.proven(&mut connection, &names)).await
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
        let servers = self.opened.servers();
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
        let ids = self.opened.ids_on(server);
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
