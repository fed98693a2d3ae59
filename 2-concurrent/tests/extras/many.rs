//! Ten thousand fetches at once, and an executor that no call of SQLite blocks.

use std::env;
use std::path::PathBuf;

use futures_lite::future;
use testkit::check;
use tokio::runtime::Builder;

use crate::functions::{FUNCTIONS, older_users};

#[test]
fn makes_no_sqlite_call_on_the_executors_thread() {
    let hint = "Opening and closing block as well: do both on the other thread. Do not drop a connection in the future.";
    check(hint, |database| {
        for function in FUNCTIONS {
            for _ in 0..10 {
                let outcome = future::block_on(function(database.path()));
                database.expect_ok("a success", outcome);
            }
        }
        database.expect(
            "no call of SQLite on the executor's thread",
            !database
                .recording()
                .threads()
                .contains(&std::thread::current().id()),
        );
    });
}

/// Passes the database to the process that the next check starts.
#[cfg(target_os = "linux")]
const DATABASE: &str = "DATABASE_OF_TEN_THOUSAND";
#[cfg(target_os = "linux")]
const NAME: &str = "many::ten_thousand_queries_at_once_need_few_threads_and_open_files";

#[cfg(target_os = "linux")]
fn fetch_ten_thousand_times(database: PathBuf) {
    let work = async move {
        let tasks: Vec<_> = (0..10_000)
            .map(|_| tokio::spawn(older_users(&database, 40)))
            .collect();
        for task in tasks {
            task.await.expect("no panic").expect("the older users");
        }
    };
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(work);
    // A thread of a pool lives a while after its work, so this is about the maximum.
    let threads = std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    assert!(threads < 1000, "{threads} threads");
}

#[test]
#[cfg(target_os = "linux")]
fn ten_thousand_queries_at_once_need_few_threads_and_open_files() {
    if let Some(database) = env::var_os(DATABASE) {
        return fetch_ten_thousand_times(database.into());
    }
    let hint = "Acquire the permit of a `Semaphore` before you start a thread and open a file, and hold it until the connection is closed.";
    check(hint, |database| {
        // In WAL mode a connection takes three file descriptors.
        let pragma = database
            .outside()
            .pragma_update(None, "journal_mode", "wal");
        pragma.expect("a database that is not locked");
        // In a new process, because the limit and the number of threads belong to a process.
        let output = std::process::Command::new("sh")
            .args(["-c", "ulimit -n 1024 && exec \"$@\"", "sh"])
            .arg(env::current_exe().expect("the path of this program"))
            .args(["--exact", NAME])
            .env(DATABASE, database.path())
            .output()
            .expect("a shell");
        let stdout = String::from_utf8_lossy(&output.stdout);
        database.expect(
            &format!("10,000 fetches succeed\nfound: {stdout}"),
            output.status.success() && stdout.contains("1 passed"),
        );
    });
}
