//! The cluster of these tests, and what its nodes show.

use std::path::Path;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mysql_async::prelude::{FromRow, Queryable};
use mysql_async::{Conn, Opts, OptsBuilder};
use temp_mariadb::cluster::TempCluster;
use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout};

/// The time that an event gets. Only a failure reaches it: a node that joins needs some seconds.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// One cluster for all tests, because it forms in ten seconds. Its supervisors end it when the program has ended.
static CLUSTER: LazyLock<Option<Mutex<TempCluster>>> = LazyLock::new(|| {
    let missing = TempCluster::missing_packages();
    if !missing.is_empty() {
        println!("not tried: these packages are not installed: {missing:?}");
        return None;
    }
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/cluster");
    let mut statements: Vec<String> = shared::schema::mysql_sample().into_iter().collect();
    statements.extend(
        [
            "CREATE USER ada@'127.0.0.1' IDENTIFIED BY 'secret'",
            "GRANT ALL ON temp.* TO ada@'127.0.0.1'",
            "GRANT ALL ON slow.* TO ada@'127.0.0.1'",
            "CREATE DATABASE slow",
            // Each row takes very long.
            "CREATE SQL SECURITY INVOKER VIEW slow.users AS SELECT id + SLEEP(1000) AS id, name, email, age FROM temp.users",
        ]
        .map(String::from),
    );
    let cluster = TempCluster::start(&files, statements);
    Some(Mutex::new(
        cluster.unwrap_or_else(|error| panic!("{error}")),
    ))
});

/// Runs a test on the cluster, alone, when every node is up. Does nothing where a cluster cannot be started.
pub fn on_the_cluster(test: impl AsyncFnOnce(&mut Cluster)) {
    let Some(cluster) = &*CLUSTER else {
        return println!("not tried");
    };
    let mut cluster = cluster.lock().unwrap_or_else(PoisonError::into_inner);
    for node in 1..=3 {
        let command = format!("enable health galera/node{node}");
        cluster.tell(&command).unwrap();
    }
    cluster
        .wait_until("every node is up", |nodes| {
            nodes.values().all(|state| state == "UP")
        })
        .unwrap();
    Runtime::new().unwrap().block_on(async {
        let mut cluster = Cluster::look_at(&mut cluster).await;
        cluster.until_whole().await;
        cluster.until_ada_has_left().await;
        timeout(3 * DEADLINE, test(&mut cluster))
            .await
            .expect("the test hangs");
    });
}

/// The cluster, and an administrator's connection to each node.
pub struct Cluster<'a> {
    cluster: &'a mut TempCluster,
    admins: Vec<Conn>,
}

impl<'a> Cluster<'a> {
    async fn look_at(cluster: &'a mut TempCluster) -> Cluster<'a> {
        let mut admins = Vec::new();
        for node in cluster.nodes() {
            admins.push(connect(&node.url()).await);
        }
        Cluster { cluster, admins }
    }

    pub fn temp(&mut self) -> &mut TempCluster {
        self.cluster
    }

    /// Returns the URL for ada, through HAProxy. `tail` begins with the database.
    pub fn url(&self, tail: &str) -> String {
        ada(&self.cluster.url(), tail)
    }

    /// Returns the URL for ada, to one node.
    pub fn node_url(&self, node: usize, tail: &str) -> String {
        ada(&self.cluster.nodes()[node].url(), tail)
    }

    pub async fn run(&mut self, node: usize, sql: &str) {
        self.admins[node].query_drop(sql).await.expect(sql);
    }

    pub async fn read<T: FromRow + Send + 'static>(&mut self, node: usize, sql: &str) -> T {
        let row = self.admins[node].query_first(sql).await;
        row.expect(sql).expect("a row")
    }

    /// Opens the administrator's connection to a node again.
    pub async fn look_again(&mut self, node: usize) {
        self.admins[node] = connect(&self.cluster.nodes()[node].url()).await;
    }

    /// Returns how many connections of ada a node has.
    pub async fn connections(&mut self, node: usize) -> usize {
        let count = "SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'ada'";
        self.read(node, count).await
    }

    /// Returns how many statements of ada that contain `part` a node runs.
    pub async fn running(&mut self, node: usize, part: &str) -> usize {
        let count = format!(
            "SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'ada' AND INSTR(info, '{part}')"
        );
        self.read(node, &count).await
    }

    /// Lets HAProxy check no node until the next test, because it cuts a check on a machine that is too busy. Returns for each
    /// node how many clients it has lost without `COM_QUIT`.
    pub async fn aborted_without_checks(&mut self) -> Vec<u64> {
        for node in 1..=3 {
            let command = format!("disable health galera/node{node}");
            self.cluster.tell(&command).unwrap();
        }
        // A check that is under way ends: it is the only client of that name.
        for node in 0..self.admins.len() {
            let begun = Instant::now();
            let checks = "SELECT COUNT(*) FROM information_schema.processlist WHERE user NOT IN ('temp', 'ada', 'system user')";
            while self.read::<usize>(node, checks).await > 0 {
                expect_in_time(begun, "HAProxy's checks have ended");
                sleep(Duration::from_millis(5)).await;
            }
        }
        self.aborted().await
    }

    /// Returns for each node how many clients it has lost without `COM_QUIT`.
    pub async fn aborted(&mut self) -> Vec<u64> {
        let mut aborted = Vec::new();
        for node in 0..self.admins.len() {
            let status = "SHOW GLOBAL STATUS LIKE 'Aborted_clients'";
            let (_, count): (String, u64) = self.read(node, status).await;
            aborted.push(count);
        }
        aborted
    }

    /// Waits until each node knows that it has both others. HAProxy may see a node as up a moment before, and a node that is
    /// killed then leaves the others without a majority.
    pub async fn until_whole(&mut self) {
        self.until_members(&[0, 1, 2]).await;
    }

    /// Waits until these nodes are the cluster. The others exclude a dead node only after `evs.suspect_timeout`. Until then,
    /// it cannot join again.
    pub async fn until_members(&mut self, nodes: &[usize]) {
        for node in nodes {
            for (status, wanted) in [
                ("wsrep_cluster_size", nodes.len().to_string().as_str()),
                ("wsrep_cluster_status", "Primary"),
                ("wsrep_local_state_comment", "Synced"),
            ] {
                let query = format!("SHOW GLOBAL STATUS LIKE '{status}'");
                let begun = Instant::now();
                while self.read::<(String, String)>(*node, &query).await.1 != wanted {
                    expect_in_time(begun, &format!("{status} of node {node} is {wanted}"));
                    sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }

    /// Waits until ada has no connection to any node.
    pub async fn until_ada_has_left(&mut self) {
        for node in 0..self.admins.len() {
            let begun = Instant::now();
            while self.connections(node).await > 0 {
                expect_in_time(begun, "ada's connections are closed");
                sleep(Duration::from_millis(5)).await;
            }
        }
    }

    /// Waits until HAProxy says this of a node.
    pub fn until(&mut self, node: usize, state: &str) {
        let name = format!("node{}", node + 1);
        self.cluster
            .wait_until(&format!("{name} is {state}"), |nodes| nodes[&name] == state)
            .unwrap();
    }
}

#[track_caller]
pub fn expect_in_time(begun: Instant, what: &str) {
    assert!(begun.elapsed() < DEADLINE, "gave up waiting until {what}");
}

fn ada(url: &str, tail: &str) -> String {
    let (_, address) = url.split_once('@').expect("a URL with a user");
    let (address, _) = address.split_once('/').expect("a URL with a database");
    format!("mysql://ada:secret@{address}/{tail}")
}

/// Connects by TCP only: the driver would otherwise connect a second time, by the socket.
pub async fn connect(url: &str) -> Conn {
    let options = OptsBuilder::from_opts(Opts::from_url(url).unwrap()).prefer_socket(false);
    Conn::new(options).await.unwrap()
}
