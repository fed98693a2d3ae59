//! Proves that a session on a server is ours, before a KILL is sent to it.
//!
//! A KILL contains only a connection id. Behind a load balancer, after a failover or a restart, or behind a proxy that
//! numbers connections itself, that id may belong to another client. So a KILL needs one of two proofs, found on the
//! connection that then sends it:
//!
//! - **By name.** Each query of this crate ends in a comment that no other running query has, its [`Name`]. The server's
//!   process list shows the id and this comment in one row.
//! - **By server.** When the pool opened the query's connection, it noted the id and the server (see [`OWN_SESSION`]).
//!   The connection for killing is on that server, and the pool knows the id from no other server. This proof also
//!   covers statements that the process list shows without the name: those of a stored function that the query calls,
//!   and those that the body runs with the driver alone.
//!
//! The proof holds until the KILL arrives: a server gives an id once, and a query keeps its connection until the
//! server has answered the KILL.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mysql_async::prelude::{FromRow, Queryable};
use mysql_async::{Conn, Row, from_row_opt};
use tokio::time::sleep;

/// The id of the session that asks; a string that no other server has (host, port, folder, ids of the server, and its
/// network card, which ends a UUID); and the second in which the server was started (`UUID_SHORT` without its counter).
///
/// A session's row in the process list would say more, but to find it the server walks over all connections.
const OWN_SESSION: &str = "SELECT CONNECTION_ID(), CONCAT_WS(' ', @@hostname, @@port, @@datadir, @@server_id, \
     RIGHT(UUID(), 12) /*!50700 , @@server_uuid */), UUID_SHORT() >> 24, UNIX_TIMESTAMP()";

/// A connection of the pool, and the server that it leads to: `None` if the server does not say, or if a proxy in
/// between numbers connections itself.
pub(crate) struct Session {
    id: u64,
    pub server: Option<Server>,
}

/// A server, from its start to its end.
#[derive(PartialEq, Eq, Hash, Clone)]
pub(crate) struct Server {
    name: Vec<u8>,
    started: u64,
}

impl Session {
    pub async fn of(connection: &mut Conn) -> mysql_async::Result<Session> {
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

/// The connections that a pool has opened.
#[derive(Default)]
pub(crate) struct Opened(Mutex<Vec<Session>>);

impl Opened {
    /// Notes a connection that the pool has opened.
    pub async fn note(&self, connection: &mut Conn) -> mysql_async::Result<()> {
        let session = Session::of(connection).await?;
        lock(&self.0).push(session);
        Ok(())
    }

    /// Returns the servers of the connections, as far as they are known.
    pub fn servers(&self) -> HashSet<Server> {
        let opened = lock(&self.0);
        let servers = opened.iter().filter_map(|session| session.server.clone());
        servers.collect()
    }

    /// Returns the ids of the connections to a server.
    pub fn ids_on(&self, server: &Server) -> HashSet<u64> {
        let opened = lock(&self.0);
        let here = opened
            .iter()
            .filter(|session| session.server.as_ref() == Some(server));
        here.map(|session| session.id).collect()
    }

    /// Returns for each name whether its query provably runs on the connection's server.
    pub async fn proven(
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
        let opened = lock(&self.0);
        let mut with_id = opened.iter().filter(|session| session.id == id);
        let server = with_id.next()?.server.clone();
        with_id.next().is_none().then_some(server)?
    }
}

/// A comment that marks a running query: random text of this process, the id of the query's connection, and a number.
///
/// The same connection nearly always gets the same name, so that its prepared statements are used again. The number
/// tells connections of two servers apart that have the same id.
pub(crate) struct Name {
    pub id: u32,
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

/// Queries rows. Skips those that do not have this type, because the driver would panic at them.
pub(crate) async fn rows<T: FromRow>(
    connection: &mut Conn,
    query: &str,
) -> mysql_async::Result<Vec<T>> {
    let rows: Vec<Row> = connection.query(query).await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| from_row_opt(row).ok())
        .collect())
}

/// Locks. No code that holds one of these locks panics.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
