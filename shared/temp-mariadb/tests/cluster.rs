//! A temporary cluster forms, answers while nodes are frozen or dead, and is gone when dropped. (The tests of task 3 and of
//! `seed` let nodes return.)
#![cfg(unix)]

use std::{
    io::Read,
    net::{TcpListener, TcpStream},
    path::Path,
};
use temp_mariadb::cluster::TempCluster;

/// Returns whether a MySQL server answers on the port, directly or behind HAProxy.
fn answers(port: u16) -> bool {
    let mut greeting = [0; 5];
    TcpStream::connect(("127.0.0.1", port))
        .is_ok_and(|mut stream| stream.read_exact(&mut greeting).is_ok())
        && greeting[3..] == [0, 10]
}

fn port(url: &str) -> u16 {
    let (_, address) = url.rsplit_once(':').unwrap();
    address.split('/').next().unwrap().parse().unwrap()
}

#[test]
fn forms_answers_without_some_of_its_nodes_and_is_gone_when_dropped() {
    let missing = TempCluster::missing_packages();
    if !missing.is_empty() {
        return println!("not tried: these packages are not installed: {missing:?}");
    }
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cluster");
    let mut cluster = TempCluster::start(&files, []).unwrap();
    assert_eq!(cluster.nodes().len(), 3);
    assert_eq!(cluster.states().unwrap().len(), 3);
    assert!(answers(port(&cluster.url())));

    cluster.node(1).freeze().unwrap();
    cluster
        .wait_until("node2 is down", |nodes| nodes["node2"] == "DOWN")
        .unwrap();
    cluster.node(1).thaw().unwrap();
    cluster.node(2).kill().unwrap();
    assert!(answers(port(&cluster.url())));

    let folders: Vec<_> = cluster
        .nodes()
        .iter()
        .map(|node| node.folder().to_owned())
        .collect();
    let mut ports: Vec<u16> = cluster.nodes().iter().map(|node| node.port()).collect();
    ports.push(port(&cluster.url()));
    drop(cluster);
    assert!(folders.iter().all(|folder| !folder.exists()));
    assert!(
        ports
            .iter()
            .all(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
    );
}
