//! The table on a real Galera cluster behind HAProxy, with the configuration of `docs/cluster/`.
//!
//! Where HAProxy or Galera is not installed, these tests say so and pass.
#![cfg(unix)]

mod common;

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use common::{Random, seed, start, until};
use mysql_async::prelude::{FromRow, Queryable};
use mysql_async::{Conn, Opts, OptsBuilder};
use temp_mariadb::TempServer;
use temp_mariadb::cluster::TempCluster;
use tokio::runtime::{Builder, Runtime};

/// One cluster for all tests, because it forms in ten seconds. Its supervisors end it when the program has ended.
static CLUSTER: LazyLock<Option<Mutex<TempCluster>>> = LazyLock::new(|| {
    let missing = TempCluster::missing_packages();
    if !missing.is_empty() {
        println!("not tried: these packages are not installed: {missing:?}");
        return None;
    }
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/cluster");
    let cluster = TempCluster::start(&files, []);
    Some(Mutex::new(
        cluster.unwrap_or_else(|error| panic!("{error}")),
    ))
});

/// The cluster, for one test at a time, and a connection to each node.
struct Nodes {
    cluster: MutexGuard<'static, TempCluster>,
    admins: Vec<Conn>,
    runtime: Runtime,
}

impl Nodes {
    /// Waits until every node is up. Returns `None` where a cluster cannot be started.
    fn new() -> Option<Nodes> {
        let Some(cluster) = &*CLUSTER else {
            println!("not tried");
            return None;
        };
        let mut cluster = cluster.lock().unwrap_or_else(PoisonError::into_inner);
        cluster
            .wait_until("every node is up", |nodes| {
                nodes.values().all(|state| state == "UP")
            })
            .unwrap();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let admins = cluster
            .nodes()
            .iter()
            .map(|node| runtime.block_on(connect(node)))
            .collect();
        let mut nodes = Nodes {
            cluster,
            admins,
            runtime,
        };
        for node in 0..3 {
            nodes.run(node, "SET SESSION wsrep_sync_wait = 1");
            let size = "SHOW GLOBAL STATUS LIKE 'wsrep_cluster_size'";
            until("each node has both others", || {
                nodes.read::<(String, u8)>(node, size).1 == 3
            });
        }
        Some(nodes)
    }

    fn url(&self) -> String {
        self.cluster.url()
    }

    fn node_url(&self, node: usize) -> String {
        self.cluster.nodes()[node].url()
    }

    #[track_caller]
    fn run(&mut self, node: usize, sql: &str) {
        let ran = self.admins[node].query_drop(sql);
        self.runtime.block_on(ran).expect(sql);
    }

    #[track_caller]
    fn read<T: FromRow + Send + 'static>(&mut self, node: usize, sql: &str) -> T {
        let row = self.admins[node].query_first(sql);
        self.runtime.block_on(row).expect(sql).expect("a row")
    }

    /// Returns the number of users, and a checksum of them. A table that is just renamed may be missing to one look.
    fn users(&mut self, node: usize) -> (u64, u64) {
        self.read(
            node,
            "SELECT COUNT(*), BIT_XOR(CRC32(CONCAT_WS('#', id, name, email, age))) FROM users",
        )
    }

    /// Returns the names of the tables.
    fn tables(&mut self, node: usize) -> String {
        self.read(
            node,
            "SELECT GROUP_CONCAT(TABLE_NAME ORDER BY 1) FROM information_schema.TABLES \
             WHERE TABLE_SCHEMA = DATABASE()",
        )
    }

    /// Expects the same users on every node, and nothing beside them.
    #[track_caller]
    fn expect_everywhere(&mut self, users: (u64, u64), tables: &str) {
        for node in 0..3 {
            assert_eq!(self.users(node), users, "on node {node}");
            assert_eq!(self.tables(node), tables, "on node {node}");
        }
    }

    /// Returns the names of the unfinished tables.
    fn unfinished_tables(&mut self, node: usize) -> Vec<String> {
        let tables = self.tables(node);
        let tables = tables.split(',').map(String::from);
        tables
            .filter(|name| name.starts_with("users_seed_new_"))
            .collect()
    }

    /// Returns how many users the unfinished table has on a node; 0 if there is none.
    fn unfinished(&mut self, node: usize) -> u64 {
        let Some(table) = self.unfinished_tables(node).pop() else {
            return 0;
        };
        let count = self.admins[node].query_first(format!("SELECT COUNT(*) FROM {table}"));
        self.runtime.block_on(count).ok().flatten().unwrap_or(0)
    }

    /// Seeds, and returns the checksum of the users.
    #[track_caller]
    fn seeded(&mut self, options: &[&str]) -> (u64, u64) {
        seed(self.url(), &[options, &["--force"]].concat()).well();
        self.users(0)
    }
}

async fn connect(node: &TempServer) -> Conn {
    let opts = OptsBuilder::from_opts(Opts::from_url(&node.url()).unwrap());
    Conn::new(opts.prefer_socket(false)).await.unwrap()
}

#[test]
fn every_node_has_the_new_table_and_nothing_else() {
    let Some(mut nodes) = Nodes::new() else {
        return;
    };
    let users = nodes.seeded(&["--users", "25000"]);
    assert_eq!(users.0, 25_000);
    nodes.expect_everywhere(users, "users");
    for node in 0..3 {
        let said = seed(nodes.node_url(node), &["--users", "25000"]).well();
        assert!(said.contains("nothing was changed"), "{said}");
    }
    nodes.expect_everywhere(users, "users");
}

#[test]
fn runs_on_all_nodes_at_once_leave_the_table_of_one_of_them() {
    let Some(mut nodes) = Nodes::new() else {
        return;
    };
    let made: Vec<_> = ["1", "2", "3"]
        .map(|random| nodes.seeded(&["--users", "3000", "--random-seed", random]))
        .into();
    for _ in 0..3 {
        let runs: Vec<_> = (0..3)
            .map(|node| {
                let random = (node + 1).to_string();
                let options = ["--users", "3000", "--random-seed", &random];
                start(nodes.node_url(node), &options)
            })
            .collect();
        for run in runs {
            let output = run.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(
                output.status.success() || said.contains("another run of seed"),
                "{said}"
            );
        }
        let users = nodes.users(0);
        assert!(made.contains(&users));
        nodes.expect_everywhere(users, "users");
    }
}

#[test]
fn killed_at_random_moments_on_any_node_is_the_old_table_or_the_new_one_on_every_node() {
    let Some(mut nodes) = Nodes::new() else {
        return;
    };
    let options = ["--users", "12000", "--random-seed", "2"];
    nodes.run(0, "CREATE TABLE orders (id INT PRIMARY KEY)");
    nodes.run(0, "INSERT INTO orders VALUES (7)");
    let new = nodes.seeded(&options);
    let begun = std::time::Instant::now();
    seed(nodes.url(), &["--users", "500"]).well();
    let whole = begun.elapsed();
    let old = nodes.users(0);
    let mut random = Random::new();
    let (mut in_the_middle, mut finished) = (0, 0);
    for _ in 0..25 {
        let node = random.below(3) as usize;
        let mut program = start(nodes.node_url(node), &options);
        // At most twice as long as it takes, and not at an event: every moment is meant.
        std::thread::sleep(whole.mul_f64(random.share_below(2.0)));
        program.kill().unwrap();
        program.wait().unwrap();
        in_the_middle += u32::from(nodes.tables(0) != "orders,users");
        for node in 0..3 {
            let users = nodes.users(node);
            assert!(users == old || users == new, "{users:?} on node {node}");
            finished += u32::from(users == new);
        }
        // On the same node it is known at once that the other run is gone.
        seed(nodes.node_url(node), &["--users", "500"]).well();
        nodes.expect_everywhere(old, "orders,users");
    }
    println!(
        "{in_the_middle} of 25 in the middle, {} finished",
        finished / 3
    );
    assert!(in_the_middle > 0);
    assert_eq!(nodes.read::<i32>(2, "SELECT id FROM orders"), 7);
    nodes.run(0, "DROP TABLE orders");
}

#[test]
fn a_row_that_is_written_on_another_node_while_the_table_is_filled_is_not_lost() {
    let Some(mut nodes) = Nodes::new() else {
        return;
    };
    nodes.seeded(&[]);
    let mut program = start(nodes.node_url(0), &["--users", "40000"]);
    until("the new table grows", || nodes.unfinished(1) > 0);
    nodes.run(
        1,
        "INSERT INTO users VALUES (99, 'Ada', 'ada@example.com', 36)",
    );
    assert_eq!(program.wait().unwrap().code(), Some(1));
    let users = nodes.users(1);
    assert_eq!(users.0, 13);
    nodes.expect_everywhere(users, "users");
}

/// Forwards one connection to a node, and holds the exchange of the tables back until it is told to go on.
fn hold_the_exchange(node: u16) -> (u16, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (say_held, held) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel();
    thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut server = TcpStream::connect(("127.0.0.1", node)).unwrap();
        let (mut answers, mut back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        thread::spawn(move || {
            let _ = io::copy(&mut answers, &mut back);
            let _ = back.shutdown(Shutdown::Both);
        });
        let mut bytes = vec![0; 1 << 16];
        while let Ok(count @ 1..) = client.read(&mut bytes) {
            let exchange = b"RENAME TABLE users TO";
            if bytes[..count]
                .windows(exchange.len())
                .any(|part| part == exchange)
            {
                say_held.send(()).unwrap();
                may_go_on.recv().unwrap();
            }
            server.write_all(&bytes[..count]).unwrap();
        }
        let _ = server.shutdown(Shutdown::Both);
    });
    (port, held, go_on)
}

/// As when it is stopped (SIGSTOP) between its last look at the lock and the exchange.
#[test]
fn a_run_that_is_taken_over_just_before_its_exchange_does_not_exchange() {
    let Some(mut nodes) = Nodes::new() else {
        return;
    };
    let new = nodes.seeded(&["--users", "60000", "--random-seed", "5"]);
    let old = nodes.seeded(&[]);
    let (port, held, go_on) = hold_the_exchange(nodes.cluster.nodes()[0].port());
    let own = format!(":{}/", nodes.cluster.nodes()[0].port());
    let url = nodes.node_url(0).replace(&own, &format!(":{port}/"));
    let first = start(url, &["--users", "2000"]);
    held.recv_timeout(Duration::from_secs(60)).unwrap();
    let first_table = nodes.unfinished_tables(1);
    let second = start(
        nodes.node_url(1),
        &["--users", "60000", "--random-seed", "5"],
    );
    until("another run has taken over and fills its table", || {
        nodes.unfinished_tables(1) != first_table && nodes.unfinished(1) > 0
    });
    go_on.send(()).unwrap();
    let output = first.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("another run of seed"), "{said}");
    let users = nodes.users(0);
    assert!(users == old || users == new, "{users:?}");
    let output = second.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    nodes.expect_everywhere(new, "users");
}

#[test]
fn transactions_stay_below_the_clusters_limits() {
    let Some(mut nodes) = Nodes::new() else {
        return;
    };
    let users = nodes.seeded(&["--users", "3000"]);
    seed(nodes.url(), &[]).well();
    for (variable, limit) in [
        ("wsrep_max_ws_rows", 250),
        ("wsrep_max_ws_size", 128 * 1024),
    ] {
        let query = format!("SELECT @@{variable}");
        let before: u64 = nodes.read(0, &query);
        for node in 0..3 {
            nodes.run(node, &format!("SET GLOBAL {variable} = {limit}"));
        }
        seed(nodes.url(), &["--users", "3000"]).well();
        nodes.expect_everywhere(users, "users");
        seed(nodes.url(), &[]).well();
        for node in 0..3 {
            nodes.run(node, &format!("SET GLOBAL {variable} = {before}"));
        }
    }
}

#[test]
fn a_transaction_that_conflicts_with_another_node_is_tried_again() {
    let Some(mut nodes) = Nodes::new() else {
        return;
    };
    let options = ["--users", "60000", "--random-seed", "4"];
    let made = nodes.seeded(&options);
    seed(nodes.url(), &[]).well();
    let failures = "SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_local_bf_aborts', 'wsrep_local_cert_failures')";
    let count = |nodes: &mut Nodes| -> u64 {
        let rows = nodes.admins[0].query::<(String, u64), _>(failures);
        let rows = nodes.runtime.block_on(rows).unwrap();
        rows.into_iter().map(|(_, count)| count).sum()
    };
    let before = count(&mut nodes);
    let mut program = start(nodes.node_url(0), &options);
    until("the new table grows", || nodes.unfinished(1) > 0);
    // The row that each transaction of the run changes as well.
    let disturb = "UPDATE users_seed_lock SET beat = beat + 1";
    for _ in 0..200 {
        // May lose itself, or come too late.
        let disturbed = nodes.admins[1].query_drop(disturb);
        let _ = nodes.runtime.block_on(disturbed);
        if count(&mut nodes) > before {
            break;
        }
    }
    assert!(count(&mut nodes) > before, "no conflict");
    let output = program.wait().unwrap();
    assert!(output.success());
    nodes.expect_everywhere(made, "users");
}

#[test]
fn a_node_that_has_lost_the_others_changes_nothing_and_says_so() {
    let Some(mut nodes) = Nodes::new() else {
        return;
    };
    let old = nodes.seeded(&[]);
    let isolate = |on: u8| format!("SET GLOBAL wsrep_provider_options = 'gmcast.isolate={on}'");
    let program = start(nodes.node_url(2), &["--users", "100000000"]);
    until("the new table grows", || nodes.unfinished(0) > 0);
    nodes.run(2, &isolate(1));
    let output = program.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("\nhelp: "), "{said}");
    for node in 0..2 {
        assert_eq!(nodes.users(node), old);
    }
    // Another node takes over what the run has left.
    let new = ["--users", "30"];
    seed(nodes.node_url(0), &new).well();
    nodes.run(2, &isolate(0));
    nodes
        .cluster
        .wait_until("every node is up", |nodes| {
            nodes.values().all(|state| state == "UP")
        })
        .unwrap();
    until("the node has both others", || {
        nodes
            .read::<(String, u8)>(2, "SHOW GLOBAL STATUS LIKE 'wsrep_cluster_size'")
            .1
            == 3
    });
    let users = nodes.users(0);
    assert_eq!(users.0, 30);
    nodes.expect_everywhere(users, "users");
}
