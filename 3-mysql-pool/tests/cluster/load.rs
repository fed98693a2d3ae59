//! Ten tasks that fetch all the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mysql_async::Pool;
use mysql_pool::{Error, fetch_users};
use shared::sample_users;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::nodes::{DEADLINE, expect_in_time};

/// The number of tasks, and of the pool's connections.
pub const TASKS: usize = 10;

/// The longest time that a fetch takes on a cluster that has lost a node. Only a fetch that hangs reaches it.
const BOUND: Duration = DEADLINE;

/// The tasks, until they are stopped.
pub struct Load {
    stop: Arc<AtomicBool>,
    /// How many fetches each task has done.
    done: Arc<[AtomicUsize; TASKS]>,
    tasks: Vec<JoinHandle<Vec<Error>>>,
}

impl Load {
    pub fn start(pool: &Pool) -> Load {
        let stop = Arc::new(AtomicBool::new(false));
        let done: Arc<[AtomicUsize; TASKS]> = Arc::default();
        let tasks = (0..TASKS).map(|task| {
            let (pool, stop, done) = (pool.clone(), stop.clone(), done.clone());
            tokio::spawn(async move {
                let mut errors = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let fetched = tokio::time::timeout(BOUND, fetch_users(&pool)).await;
                    match fetched.expect("a fetch hangs") {
                        Ok(users) => assert_eq!(users, sample_users()),
                        Err(error) => errors.push(error),
                    }
                    done[task].fetch_add(1, Ordering::Relaxed);
                }
                errors
            })
        });
        Load {
            tasks: tasks.collect(),
            stop,
            done,
        }
    }

    /// Waits until each task has done `more` further fetches, which proves that none hangs.
    pub async fn until_each_has_done(&self, more: usize) {
        let counts = || self.done.iter().map(|done| done.load(Ordering::Relaxed));
        let wanted: Vec<usize> = counts().map(|count| count + more).collect();
        let begun = Instant::now();
        while counts().zip(&wanted).any(|(count, wanted)| count < *wanted) {
            if self.tasks.iter().any(JoinHandle::is_finished) {
                return; // a task has panicked: `stop` reports it
            }
            expect_in_time(begun, "each task has fetched");
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Returns the errors of the fetches since the start.
    pub async fn stop(self) -> Vec<Error> {
        self.stop.store(true, Ordering::Relaxed);
        let mut errors = Vec::new();
        for task in self.tasks {
            errors.extend(task.await.unwrap());
        }
        errors
    }
}

/// Expects that each error says what happened and what to do, and shows no password.
#[track_caller]
pub fn expect_clear(errors: &[Error], allowed: &[&str]) {
    for error in errors {
        let text = error.to_string();
        assert!(text.contains("\nhelp: "), "{text}");
        assert!(!text.contains("secret"), "{text}");
        assert!(allowed.iter().any(|part| text.contains(part)), "{text}");
    }
}
