//! A KILL never reaches another client: with two servers behind a real HAProxy, with an address that moves to another server,
//! after a restart, and behind a proxy that numbers connections itself. Tests of `src/kill.rs`.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder, Pool};
use mysql_pool::{Result, fetch_concurrently, fetch_users, with_pool};
use temp_mariadb::TempServer;
use testkit::expect::expect_error;
use testkit::{Deadline, Relay};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{sleep, timeout};

/// A test of `src/kill.rs` fails if it takes longer.
const LIMIT: Duration = Duration::from_secs(180);

fn run(test: impl Future<Output = ()>) {
    Runtime::new().unwrap().block_on(async {
        timeout(LIMIT, test).await.expect("the test hangs");
    });
}

/// The statement of the other clients. The pool's queries sleep as long, in the view `users`.
const SLEEP: &str = "SELECT SLEEP(1000)";

/// A server with a user `ada`, and an administrator's connection. Each row of its `users` takes very long.
struct Server {
    server: TempServer,
    admin: Conn,
}

impl Server {
    async fn start() -> Server {
        let start = || {
            TempServer::options()
                .run(shared::schema::mysql_sample())
                .recorded()
                .argument("--max-connections=500")
                .start()
        };
        let server = spawn_blocking(start).await.unwrap().unwrap();
        let mut admin = connect(&server.url()).await;
        for statement in [
            "CREATE USER ada@'127.0.0.1' IDENTIFIED BY 'secret'",
            "GRANT ALL ON temp.* TO ada@'127.0.0.1'",
            "RENAME TABLE users TO people",
            "CREATE VIEW users AS SELECT id + SLEEP(1000) AS id, name, email, age FROM people",
        ] {
            admin.query_drop(statement).await.unwrap();
        }
        Server { server, admin }
    }

    fn port(&self) -> u16 {
        self.server.port()
    }

    /// The ids of ada's connections that run a statement which contains `part`.
    async fn running(&mut self, part: &str) -> Vec<u32> {
        let query = "SELECT id FROM information_schema.processlist WHERE user = 'ada' AND INSTR(info, ?) ORDER BY id";
        self.admin.exec(query, (part,)).await.unwrap()
    }

    /// Returns the number of the pool's queries that run.
    async fn queries(&mut self) -> usize {
        self.running("FROM users").await.len()
    }

    async fn until_queries(&mut self, count: usize) {
        let deadline = Deadline::start();
        while self.queries().await != count {
            assert!(!deadline.has_passed(), "not {count} queries in time");
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// Returns the number of KILLs that the server has received.
    async fn kills(&mut self) -> u64 {
        let kills = "SELECT COUNT(*) FROM mysql.general_log WHERE argument LIKE 'KILL%'";
        self.admin.query_first(kills).await.unwrap().unwrap()
    }

    async fn aborted(&mut self) -> u64 {
        let status = "SHOW GLOBAL STATUS LIKE 'Aborted_clients'";
        let row: Option<(String, u64)> = self.admin.query_first(status).await.unwrap();
        row.unwrap().1
    }
}

/// Returns the URL for ada on a port.
fn url(port: u16) -> String {
    format!("mysql://ada:secret@127.0.0.1:{port}/temp")
}

/// Connects by TCP only: the driver would otherwise connect a second time, by the socket.
async fn connect(url: &str) -> Conn {
    let options = OptsBuilder::from_opts(Opts::from_url(url).unwrap()).prefer_socket(false);
    Conn::new(options).await.unwrap()
}

/// Other clients of a server, with the same user. A KILL of one of their ids would succeed.
struct Others(Vec<JoinHandle<mysql_async::Result<()>>>);

impl Others {
    async fn join(server: &mut Server, count: usize) -> Others {
        let mut tasks = Vec::new();
        for _ in 0..count {
            let mut other = connect(&url(server.port())).await;
            tasks.push(tokio::spawn(async move { other.query_drop(SLEEP).await }));
        }
        let deadline = Deadline::start();
        while server.running(SLEEP).await.len() != count {
            assert!(!deadline.has_passed(), "the other clients do not sleep");
            sleep(Duration::from_millis(2)).await;
        }
        Others(tasks)
    }

    #[track_caller]
    fn expect_undisturbed(&self) {
        let disturbed = self.0.iter().filter(|other| other.is_finished()).count();
        assert_eq!(disturbed, 0, "other clients whose statement was killed");
    }
}

/// Starts a fetch, waits until the server runs it, and drops it.
async fn cancel_a_fetch(pool: &Pool, server: &mut Server) {
    tokio::select! {
        result = fetch_users(pool) => panic!("fetched too fast: {result:?}"),
        () = server.until_queries(1) => {}
    }
}

/// Expects the error of a pool that could not stop a query.
#[track_caller]
fn expect_not_stopped(outcome: Result<()>) {
    let error = expect_error("a query that could not be stopped", outcome).to_string();
    assert!(
        error.contains("could not be stopped on the server"),
        "{error}"
    );
    assert!(!error.contains("do not return one"), "{error}");
}

/// HAProxy, as a load balancer.
struct HaProxy {
    process: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl HaProxy {
    /// Starts it in front of these ports. Returns `None` if it is not installed.
    async fn start(servers: [u16; 2]) -> Option<HaProxy> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("haproxy.cfg");
        loop {
            // HAProxy exits if another process takes the port first.
            let free = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            let port = free.local_addr().unwrap().port();
            drop(free);
            let [one, other] = servers;
            let configuration = format!(
                "defaults\n mode tcp\n timeout connect 4s\n timeout client 1h\n timeout server 1h\n\
                 listen both\n bind 127.0.0.1:{port}\n balance roundrobin\n \
                 server one 127.0.0.1:{one}\n server other 127.0.0.1:{other}\n"
            );
            std::fs::write(&path, configuration).unwrap();
            let mut command = Command::new("haproxy");
            // Debian installs it in a folder that is only on root's PATH.
            let search = format!(
                "{}:/usr/sbin:/usr/local/sbin",
                std::env::var("PATH").unwrap_or_default()
            );
            command.env("PATH", search).arg("-f").arg(&path);
            command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            let Ok(mut process) = command.spawn() else {
                println!("HAProxy is not installed: not tried (apt install haproxy)");
                return None;
            };
            while process.try_wait().unwrap().is_none() {
                // HAProxy listens. (A connection would reach a server, and use up an id there.)
                if TcpListener::bind(("127.0.0.1", port)).await.is_err() {
                    return Some(HaProxy {
                        process,
                        port,
                        _folder: folder,
                    });
                }
                sleep(Duration::from_millis(2)).await;
            }
        }
    }
}

impl Drop for HaProxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// On each server, other clients have the ids that the pool has on the other server.
#[test]
fn behind_a_load_balancer_each_cancelled_query_is_stopped_and_no_other() {
    run(async {
        let (mut one, mut other) = tokio::join!(Server::start(), Server::start());
        let Some(balancer) = HaProxy::start([one.port(), other.port()]).await else {
            return;
        };
        let before = [one.aborted().await, other.aborted().await];
        let low = Others::join(&mut other, 60).await;
        let address = url(balancer.port);
        let worked = with_pool(&address, 4, async |pool| {
            let mut opened = Vec::new();
            for _ in 0..4 {
                opened.push(pool.get_conn().await?);
            }
            drop(opened);
            let high = Others::join(&mut one, 80).await;
            for _ in 0..50 {
                let four = async {
                    tokio::join!(fetch_concurrently(pool, 40), fetch_concurrently(pool, 30))
                };
                tokio::select! {
                    result = four => panic!("fetched too fast: {result:?}"),
                    () = async { tokio::join!(one.until_queries(2), other.until_queries(2)); } => {}
                }
                // The statements still sleep: the KILL ends them.
                tokio::join!(one.until_queries(0), other.until_queries(0));
            }
            low.expect_undisturbed();
            high.expect_undisturbed();
            Ok(())
        });
        worked.await.unwrap();
        assert_eq!([one.aborted().await, other.aborted().await], before);
    });
}

/// Both servers give their first client the same id.
#[test]
fn of_two_queries_on_connections_of_the_same_id_only_the_cancelled_one_is_stopped() {
    run(async {
        let (mut one, mut other) = tokio::join!(Server::start(), Server::start());
        let Some(balancer) = HaProxy::start([one.port(), other.port()]).await else {
            return;
        };
        let address = url(balancer.port);
        let worked = with_pool(&address, 2, async |pool| {
            for _ in 0..5 {
                let (first, second) = (pool.clone(), pool.clone());
                let first = tokio::spawn(async move { fetch_users(&first).await });
                let second = tokio::spawn(async move { fetch_users(&second).await });
                tokio::join!(one.until_queries(1), other.until_queries(1));
                assert_eq!(
                    one.running("FROM users").await,
                    other.running("FROM users").await
                );
                first.abort();
                let deadline = Deadline::start();
                while one.queries().await + other.queries().await == 2 {
                    assert!(!deadline.has_passed(), "the cancelled query is not stopped");
                    sleep(Duration::from_millis(2)).await;
                }
                assert_eq!(one.queries().await + other.queries().await, 1);
                assert!(!second.is_finished(), "the other query was stopped");
                second.abort();
                tokio::join!(one.until_queries(0), other.until_queries(0));
            }
            Ok(())
        });
        worked.await.unwrap();
    });
}

/// New connections reach another server.
#[test]
fn nothing_is_killed_on_a_server_that_took_over_the_address() {
    run(async {
        let (mut old, mut new) = tokio::join!(Server::start(), Server::start());
        let others = Others::join(&mut new, 60).await;
        let relay = Relay::start(old.port()).await;
        let address = url(relay.port());
        let outcome = with_pool(&address, 2, async |pool| {
            tokio::select! {
                _ = fetch_concurrently(pool, 40) => panic!("fetched too fast"),
                // Not in the handler, before which `select!` has dropped the fetch.
                () = async {
                    old.until_queries(2).await;
                    relay.lead_to(new.port());
                } => {}
            }
            Ok(())
        });
        expect_not_stopped(outcome.await);
        others.expect_undisturbed();
        assert_eq!((old.kills().await, new.kills().await), (0, 0));
        assert_eq!(
            new.running("").await.len(),
            60,
            "only the connections of the other clients"
        );
    });
}

#[test]
fn nothing_is_killed_after_a_restart_by_an_id_from_before() {
    run(async {
        let mut server = Server::start().await;
        let relay = Relay::start(server.port()).await;
        relay.keep_clients();
        let mut others = None;
        let address = url(relay.port());
        let outcome = with_pool(&address, 1, async |pool| {
            tokio::select! {
                _ = fetch_users(pool) => panic!("fetched too fast"),
                () = async {
                    server.until_queries(1).await;
                    server.server.kill().unwrap();
                    server.server.restart().unwrap();
                    server.admin = connect(&server.server.url()).await;
                    others = Some(Others::join(&mut server, 40).await);
                } => {}
            }
            Ok(())
        });
        expect_not_stopped(outcome.await);
        others.unwrap().expect_undisturbed();
    });
}

/// The greeting has the proxy's id, which on the server is the id of another client.
#[test]
fn nothing_is_killed_behind_a_proxy_that_numbers_connections_itself() {
    run(async {
        let mut server = Server::start().await;
        let relay = Relay::start(server.port()).await;
        relay.add_to_ids(2);
        let mut others = None;
        let address = url(relay.port());
        let outcome = with_pool(&address, 1, async |pool| {
            others = Some(Others::join(&mut server, 20).await);
            cancel_a_fetch(pool, &mut server).await;
            Ok(())
        });
        expect_not_stopped(outcome.await);
        others.unwrap().expect_undisturbed();
        assert_eq!(server.kills().await, 0);
    });
}

/// Starts two servers in the same second, so that `UUID_SHORT` does not tell them apart.
async fn started_in_the_same_second() -> (Server, Server) {
    loop {
        let (mut one, mut other) = tokio::join!(Server::start(), Server::start());
        let second = "SELECT UUID_SHORT() >> 24";
        let [one_second, other_second]: [Option<u64>; 2] = [
            one.admin.query_first(second).await.unwrap(),
            other.admin.query_first(second).await.unwrap(),
        ];
        if one_second == other_second {
            return (one, other);
        }
    }
}

/// A statement that the body runs with the driver alone has no name. Only the server proves that it is the pool's.
#[test]
fn a_dropped_pool_kills_its_leftovers_on_their_own_server_only() {
    run(async {
        let (mut old, mut new) = started_in_the_same_second().await;
        let others = Others::join(&mut new, 60).await;
        let relay = Relay::start(old.port()).await;
        for moves in [true, false] {
            relay.lead_to(old.port());
            let address = url(relay.port());
            let whole = with_pool(&address, 2, async |pool| {
                let mut connection = pool.get_conn().await?;
                Ok(connection
                    .query_drop("SELECT BENCHMARK(1000000000000, MD5('a'))")
                    .await?)
            });
            let begun = async {
                while old.running("BENCHMARK").await.len() != 1 {
                    sleep(Duration::from_millis(2)).await;
                }
                if moves {
                    relay.lead_to(new.port());
                }
            };
            tokio::select! {
                _ = whole => panic!("counted too fast"),
                () = begun => {}
            }
            if moves {
                // The background task has been on the new server.
                let looks =
                    "SELECT COUNT(*) FROM mysql.general_log WHERE argument LIKE '%UUID_SHORT%'";
                while new.admin.query_first(looks).await.unwrap() < Some(2) {
                    sleep(Duration::from_millis(2)).await;
                }
                assert_eq!(old.running("BENCHMARK").await.len(), 1);
                let id = old.running("BENCHMARK").await[0];
                old.admin.query_drop(format!("KILL {id}")).await.unwrap();
            }
            while !old.running("BENCHMARK").await.is_empty() {
                sleep(Duration::from_millis(2)).await;
            }
        }
        others.expect_undisturbed();
    });
}

/// The server's settings do not cut the process list, in which a statement is found before it is killed.
#[test]
fn a_servers_limit_on_rows_hides_no_statement_of_the_pool() {
    run(async {
        let mut server = Server::start().await;
        let limit = "SET GLOBAL sql_select_limit = 1";
        server.admin.query_drop(limit).await.unwrap();
        let others = Others::join(&mut server, 3).await;
        let address = url(server.port());
        let worked = with_pool(&address, 2, async |pool| {
            tokio::select! {
                _ = fetch_concurrently(pool, 40) => panic!("fetched too fast"),
                () = server.until_queries(2) => {}
            }
            server.until_queries(0).await;
            Ok(())
        });
        worked.await.unwrap();

        let whole = with_pool(&address, 1, async |pool| {
            let mut connection = pool.get_conn().await?;
            let endless = "SELECT BENCHMARK(1000000000000, MD5('a'))";
            Ok(connection.query_drop(endless).await?)
        });
        tokio::select! {
            _ = whole => panic!("counted too fast"),
            () = async {
                while server.running("BENCHMARK").await.len() != 1 {
                    sleep(Duration::from_millis(2)).await;
                }
            } => {}
        }
        while !server.running("BENCHMARK").await.is_empty() {
            sleep(Duration::from_millis(2)).await;
        }
        others.expect_undisturbed();
    });
}

/// `with_pool` did not make the pool, so it does not know the server. The query's name is proof enough.
#[test]
fn a_query_of_a_foreign_pool_is_stopped_too() {
    run(async {
        let mut server = Server::start().await;
        let others = Others::join(&mut server, 5).await;
        let pool = Pool::new(&*url(server.port()));
        cancel_a_fetch(&pool, &mut server).await;
        server.until_queries(0).await;
        others.expect_undisturbed();
        pool.disconnect().await.unwrap();
    });
}

/// In the server's log, each connection for killing quits before the next one runs its first statement. (Its opening may be
/// logged earlier, because another thread of the server does that.)
#[test]
fn many_drops_open_one_connection_for_killing_at_a_time() {
    run(async {
        let mut server = Server::start().await;
        let address = url(server.port());
        let worked = with_pool(&address, 20, async |pool| {
            for _ in 0..5 {
                let many: Vec<_> = (0..100)
                    .map(|_| {
                        let pool = pool.clone();
                        tokio::spawn(async move { fetch_users(&pool).await })
                    })
                    .collect();
                server.until_queries(20).await;
                for one in &many {
                    one.abort();
                }
                server.until_queries(0).await;
            }
            Ok(())
        });
        worked.await.unwrap();
        let connections = server.server.timeline().unwrap().connections;
        let kills = |sql: &str| sql.contains("KILL QUERY") || sql.contains("LEFT(info");
        let killing: Vec<_> = connections
            .iter()
            .filter_map(|connection| {
                let first = connection.statements.iter().find(|one| kills(&one.sql))?;
                Some((first.begun, connection.closing.expect("a clean end")))
            })
            .collect();
        assert!(killing.len() >= 5, "{killing:?}");
        for pair in killing.windows(2) {
            assert!(pair[0].1 <= pair[1].0, "two at a time: {pair:?}");
        }
        assert_eq!(server.aborted().await, 0);
    });
}
