//! Measures what recording costs: `cargo run --release -p recorder --example cost`.
//!
//! Does three jobs on a database that is not recorded while another one is, and on one that is recorded, in turn, and
//! compares the medians with those from before SQLite had any callback.

use std::path::Path;
use std::time::{Duration, Instant};

use recorder::Recording;
use rusqlite::Connection;

const ROUNDS: usize = 41;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let users = |name: &str, count: u32| {
        let path = folder.path().join(name);
        Connection::open(&path)
            .and_then(|connection| {
                connection.execute_batch(&format!(
                    "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT, age INTEGER);
                     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {count})
                     INSERT INTO users SELECT i, 'Number ' || i, i || '@example.com', 30 FROM n"
                ))
            })
            .unwrap();
        path
    };
    let (small, large, other) = (
        users("small.db", 12),
        users("large.db", 100_000),
        users("other.db", 1),
    );
    let jobs: [(&str, &Path, u32); 3] = [
        ("open, 12 rows, close, 20 times", &small, 20),
        ("100,000 rows", &large, 1),
        ("open, close, 20 times", &small, 20),
    ];
    let plain: Vec<Duration> = jobs
        .iter()
        .map(|job| median((0..ROUNDS).map(|_| time(job))))
        .collect();
    println!(
        "{:32} {:>10} {:>14} {:>10}",
        "", "no hook", "not recorded", "recorded"
    );
    for (job, plain) in jobs.iter().zip(plain) {
        let (mut off, mut on) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let recording = Recording::start(&other);
            off.push(time(job));
            drop(recording);
            let _recording = Recording::start(job.1);
            on.push(time(job));
        }
        let ratio =
            |times: Vec<Duration>| median(times.into_iter()).as_secs_f64() / plain.as_secs_f64();
        println!(
            "{:32} {:8.2}ms {:>13.2}x {:>9.2}x",
            job.0,
            plain.as_secs_f64() * 1e3,
            ratio(off),
            ratio(on)
        );
    }
}

fn time((what, database, times): &(&str, &Path, u32)) -> Duration {
    let begun = Instant::now();
    for _ in 0..*times {
        let connection = Connection::open(database).unwrap();
        if what.contains("rows") {
            let mut statement = connection.prepare("SELECT * FROM users").unwrap();
            let users = statement.query_map([], |row| {
                Ok::<(i64, String, String, u32), _>((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get(3)?,
                ))
            });
            assert!(users.unwrap().all(|user| user.is_ok()));
        }
    }
    begun.elapsed()
}

fn median(times: impl Iterator<Item = Duration>) -> Duration {
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    times[times.len() / 2]
}
