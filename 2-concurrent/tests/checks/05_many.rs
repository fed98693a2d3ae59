//! A thousand fetches at once.
//!
//! Asked: a thousand queries that start at the same time all succeed.
//!
//! Why: a process has a limited number of threads and open files, so some calls must wait. A call that waits must not hold
//! what another call needs.
//!
//! To read: `Semaphore` in Tokio or in async-lock; the dining philosophers.

use futures_lite::future;
use testkit::{TempDatabase, check};

use crate::executor::run;
use crate::functions::{Outcome, concurrently, older_users, users};

#[test]
fn a_thousand_queries_at_once_all_succeed() {
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
