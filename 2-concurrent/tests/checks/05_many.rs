//! A thousand fetches at once.
//!
//! Asked: a thousand queries that start at the same time all succeed.
//!
//! Why: a process has a limited number of threads and open files, so some calls must wait. A call that waits must not hold
//! what another call needs.
//!
//! To read: `Semaphore` in Tokio or in async-lock; the dining philosophers.

use std::env;
use std::path::PathBuf;

use futures_lite::future;
use testkit::{TempDatabase, check};
use tokio::runtime::Builder;

use crate::executor::run;
use crate::functions::{Outcome, concurrently, older_users, users};

#[test]
fn a_thousand_fetches_at_once_all_succeed() {
    let hint = "Limit the open connections with a `Semaphore`, and let calls wait for a permit. A call that holds one permit must not wait for a second.";
    check(hint, |database| {
        // Not the recorded database: a timeline of a thousand connections is not readable.
        let temporary = TempDatabase::with_users(database.users().to_vec());
        let (path, age) = (temporary.path().to_owned(), database.age());
        let work = async move {
            let tasks: Vec<_> = (0..250)
                .map(|_| {
                    let both = concurrently(&path, age);
                    let rest = future::zip(users(&path), older_users(&path, age));
                    tokio::spawn(async {
                        let (both, (all, older)) = future::zip(both, rest).await;
                        both.and(all).and(older).map(drop)
                    })
                })
                .collect();
            let mut outcomes: Vec<Outcome<()>> = Vec::new();
            for task in tasks {
                outcomes.push(task.await.expect("a task without a panic"));
            }
            outcomes
        };
        for outcome in run(work) {
            database.expect_ok("a success of each of a thousand queries", outcome);
        }
    });
}

/// Passes the database to the process that the next check starts.
#[cfg(target_os = "linux")]
const DATABASE: &str = "DATABASE_OF_TEN_THOUSAND";
#[cfg(target_os = "linux")]
const NAME: &str = "many::ten_thousand_fetches_at_once_need_few_threads_and_1024_file_descriptors";

#[test]
#[ignore = "extra"]
#[cfg(target_os = "linux")]
fn ten_thousand_fetches_at_once_need_few_threads_and_1024_file_descriptors() {
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
            .args(["--ignored", "--exact", NAME])
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
