//! What the recorder costs: `cargo run --release -p shared --features check --example recorder_cost`.
//!
//! Three things are done to a database that is not recorded while another one is (the hooks are in place and look away),
//! and to one that is, in turn, and the medians are compared with those from before there was any hook.

use std::path::Path;
use std::time::{Duration, Instant};

use shared::User;
use shared::check::Fixture;
use shared::recorder::Recording;
use shared::sqlite::{open, read_users};

const ROUNDS: usize = 41;

fn main() {
    let users = |count: i64| {
        Fixture::with_users((1..=count).map(|id| User {
            id,
            name: format!("Number {id}"),
            email: format!("{id}@example.com"),
            age: 30,
        }))
    };
    let (small, large, other) = (users(12), users(100_000), users(1));
    let jobs: [(&str, &Path, u32); 3] = [
        ("open, 12 rows, close, 20 times", small.path(), 20),
        ("100,000 rows into users", large.path(), 1),
        ("open, close, 20 times", small.path(), 20),
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
            let recording = Recording::start(other.path());
            off.push(time(job));
            drop(recording);
            let _recording = Recording::start(job.1);
            on.push(time(job));
        }
        let ratio = |times: Vec<Duration>| median(times.into_iter()).as_secs_f64() / plain.as_secs_f64();
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
        let connection = open(database).unwrap();
        if what.contains("rows") {
            let mut statement = connection.prepare("SELECT * FROM users").unwrap();
            read_users(&mut statement.query([]).unwrap()).unwrap();
        }
    }
    begun.elapsed()
}

fn median(times: impl Iterator<Item = Duration>) -> Duration {
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    times[times.len() / 2]
}
