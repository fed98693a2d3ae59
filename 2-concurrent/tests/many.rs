//! Ten thousand fetches at once need neither ten thousand threads nor as many file descriptors.
#![cfg(target_os = "linux")]

use std::path::PathBuf;
use std::process::Command;

use futures_lite::future;
use shared::fixture::Fixture;
use smol::LocalExecutor;

const DATABASE: &str = "DATABASE_OF_TEN_THOUSAND";

#[test]
fn ten_thousand_fetches_at_once_work_with_1024_file_descriptors_and_few_threads() {
    let fixture = Fixture::sample();
    // In WAL mode a connection takes three file descriptors.
    fixture
        .connection()
        .pragma_update(None, "journal_mode", "wal")
        .unwrap();
    // A process of its own, for the limit and the threads are a process's: this one's other half, below.
    let outcome = Command::new("sh")
        .args(["-c", "ulimit -n 1024 && exec \"$@\"", "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "ten_thousand_fetches"])
        .env(DATABASE, fixture.path())
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&outcome.stdout);
    assert!(
        outcome.status.success() && stdout.contains("1 passed"),
        "{stdout}"
    );
}

#[test]
#[ignore = "the other half of the test above, which runs it"]
fn ten_thousand_fetches() {
    let Some(database) = std::env::var_os(DATABASE).map(PathBuf::from) else {
        return;
    };
    let executor = LocalExecutor::new();
    let tasks: Vec<_> = (0..10_000)
        .map(|_| executor.spawn(concurrent::async_fetch_older_users(&database, 40)))
        .collect();
    future::block_on(executor.run(async {
        for task in tasks {
            assert_eq!(task.await.unwrap().len(), 4);
        }
    }));
    // Threads outlive their work for a while, so this is the most there were.
    let threads = std::fs::read_dir("/proc/self/task").unwrap().count();
    assert!(threads < 1000, "{threads} threads");
}
