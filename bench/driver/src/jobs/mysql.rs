//! Task 3.

use std::time::Instant;

use crate::benchmark::{Benchmark, Figure, Goal, Target, Unit};
use crate::candidate::{Candidate, How, Role};
use crate::places::{Places, Result};

use super::{BACK, PER_SECOND, SECONDS, at_most, grouped, times_as_fast};

/// The numbers of async tasks that share ten connections.
const TASKS: [u32; 3] = [1, 10, 256];

pub fn points(places: &Places, quick: bool) -> Result<Vec<Benchmark>> {
    places.seed(places.server.url(), 12)?;
    let tasks = if quick { &TASKS[1..2] } else { &TASKS };
    let of_tasks = |&tasks: &u32| {
        let seconds = if quick { 0.2 } else { 0.5 };
        let settings = [
            url(places),
            format!("tasks={tasks}"),
            format!("seconds={seconds}"),
        ];
        let query = "SELECT id, name, email, age FROM users WHERE age > 70 ORDER BY id";
        // Enough that the start of the client does not matter.
        let amount = match tasks {
            _ if quick => 5_000,
            1 => 20_000,
            _ => 50_000,
        };
        let slap = slap(places, tasks, query, amount, 1);
        let mut candidates = in_rust(places, "points", &settings, slap);
        candidates.extend(in_python(places, "points", &settings));
        Benchmark {
            title: "point queries over a pool of 10",
            size: by(tasks),
            number: tasks.into(),
            figures: vec![PER_SECOND],
            candidates,
            targets: match tasks {
                10 => vec![
                    times_as_fast("ours", PER_SECOND, 6.0, "aiomysql"),
                    times_as_fast("ours", PER_SECOND, 2.0, "sqlx"),
                    times_as_fast("ours", PER_SECOND, 1.0, "mariadb-slap"),
                ],
                _ => Vec::new(),
            },
            rounds: if quick { 2 } else { 3 },
        }
    };
    Ok(tasks.iter().map(of_tasks).collect())
}

pub fn rows(places: &Places, quick: bool) -> Result<Vec<Benchmark>> {
    let users = if quick { 16_000 } else { 160_000 };
    places.seed(places.server.url(), users)?;
    let tasks = if quick { &TASKS[1..2] } else { &TASKS };
    let of_tasks = |&tasks: &u32| {
        let fetches = tasks.max(3);
        let settings = [
            url(places),
            format!("tasks={tasks}"),
            format!("fetches={fetches}"),
        ];
        let query = "SELECT id, name, email, age FROM users ORDER BY id";
        let slap = slap(places, tasks, query, fetches, users);
        let mut candidates = in_rust(places, "rows", &settings, slap);
        // 256 fetches of 160,000 rows take minutes in Python, and 15 s with mysql_async alone, which ours uses.
        match tasks {
            256 => candidates.retain(|candidate| candidate.name != "mysql_async"),
            _ => candidates.extend(in_python(places, "rows", &settings)),
        }
        Benchmark {
            title: "rows over a pool of 10",
            size: format!("fetches of {} rows {}", grouped(users.into()), by(tasks)),
            number: tasks.into(),
            figures: vec![PER_SECOND],
            candidates,
            targets: Vec::new(),
            rounds: if quick { 1 } else { 3 },
        }
    };
    Ok(tasks.iter().map(of_tasks).collect())
}

fn url(places: &Places) -> String {
    format!("url={}", places.server.url())
}

fn by(tasks: u32) -> String {
    match tasks {
        1 => "by 1 async task".to_owned(),
        more => format!("by {more} async tasks"),
    }
}

fn in_rust(places: &Places, job: &str, settings: &[String], slap: Candidate) -> Vec<Candidate> {
    vec![
        places.here("ours", Role::Ours, job, settings),
        slap,
        places.here("mysql_async", Role::Peer, job, settings),
        places.here("sqlx", Role::Peer, job, settings),
    ]
}

fn in_python(places: &Places, job: &str, settings: &[String]) -> [Candidate; 2] {
    ["aiomysql", "asyncmy"].map(|name| places.in_python(name, job, settings))
}

/// MariaDB's client as a limit: it ignores the rows, and uses as many connections as the pools.
fn slap(places: &Places, tasks: u32, query: &str, queries: u32, rows: u32) -> Candidate {
    let arguments = [
        "--create-schema=temp",
        "--no-drop",
        "--silent",
        &format!("--concurrency={}", tasks.min(10)),
        &format!("--number-of-queries={queries}"),
        &format!("--query={query}"),
    ];
    Candidate {
        name: "mariadb-slap",
        role: Role::Limit,
        how: How::Runs {
            before: Vec::new(),
            timed: places.mariadb("mariadb-slap", &arguments),
            amount: Some(f64::from(queries) * f64::from(rows)),
        },
    }
}

const STOPPED: Figure = Figure {
    name: "stopped",
    title: "stopped on the server",
    unit: Unit::Seconds,
};

const SERVES: Figure = Figure {
    name: "serves",
    title: "the pool serves again",
    unit: Unit::Seconds,
};

pub fn stop(places: &Places, quick: bool) -> Result<Vec<Benchmark>> {
    let seconds = if quick { 2.0 } else { 30.0 };
    places.seed(places.server.url(), 160_000)?;
    places.sql("RENAME TABLE users TO people")?;
    // A view that takes about `seconds`: for each of the first people, the server reads the whole table.
    let slow = |rows: u32| {
        places.sql(&format!(
            "CREATE OR REPLACE VIEW users AS SELECT * FROM people AS one WHERE id <= {rows} AND \
             (SELECT sum(length(name) * one.id) FROM people) > 0"
        ))
    };
    let rows = 5;
    slow(rows)?;
    let begun = Instant::now();
    places.sql("SELECT count(*) FROM users")?;
    slow((f64::from(rows) * seconds / begun.elapsed().as_secs_f64()) as u32)?;
    let settings = [url(places)];
    Ok(vec![Benchmark {
        title: "a MySQL query cancelled after 100 ms",
        size: format!("of {seconds} s"),
        number: seconds,
        figures: vec![BACK, STOPPED, SERVES],
        candidates: vec![
            places.here("ours", Role::Ours, "stop", &settings),
            places.here("mysql_async", Role::Peer, "stop", &settings),
            places.here("sqlx", Role::Peer, "stop", &settings),
            places.in_python("aiomysql", "stop", &settings),
            places.in_python("asyncmy", "stop", &settings),
        ],
        targets: vec![
            at_most("ours", BACK, 0.005),
            at_most("ours", STOPPED, 0.050),
        ],
        rounds: if quick { 1 } else { 3 },
    }])
}

/// A limit, because it does not reset a connection between two users.
fn as_limit(candidate: Candidate) -> Candidate {
    Candidate {
        role: Role::Limit,
        ..candidate
    }
}

pub fn pool(places: &Places, quick: bool) -> Result<Vec<Benchmark>> {
    let settings = [url(places), "tasks=1".to_owned()];
    let here = |name, role| places.here(name, role, "pool", &settings);
    let ours = "ours, without the reset";
    Ok(vec![Benchmark {
        title: "a pool's acquire and release alone",
        size: "1 async task".to_owned(),
        number: 1.0,
        figures: vec![SECONDS],
        candidates: vec![
            here("ours", Role::Ours),
            here(ours, Role::Ours),
            here("mysql_async", Role::Peer),
            here("sqlx", Role::Peer),
            here("deadpool, with a reset", Role::Peer),
            here("bb8, with a reset", Role::Peer),
            here("deadpool", Role::Limit),
            here("bb8", Role::Limit),
            as_limit(places.in_python("aiomysql", "pool", &settings)),
            as_limit(places.in_python("asyncmy", "pool", &settings)),
        ],
        targets: vec![Target {
            ours: "ours",
            figure: "seconds",
            goal: Goal::NoSlowerThanAnyPeer,
        }],
        rounds: if quick { 3 } else { 61 },
    }])
}

pub fn connections(places: &Places, quick: bool) -> Result<Vec<Benchmark>> {
    let numbers: &[u32] = if quick {
        &[1, 10]
    } else {
        &[1, 10, 100, 1_000]
    };
    let of_number = |&number: &u32| {
        let settings = [url(places), format!("connections={number}")];
        Benchmark {
            title: "opening a pool's connections, all at once, and closing them",
            size: match number {
                1 => "1 connection".to_owned(),
                more => format!("{} connections", grouped(more.into())),
            },
            number: number.into(),
            figures: vec![SECONDS],
            candidates: vec![
                places.here("ours", Role::Ours, "connections", &settings),
                places.here("mysql_async", Role::Limit, "connections", &settings),
            ],
            targets: Vec::new(),
            rounds: if quick { 2 } else { 5 },
        }
    };
    Ok(numbers.iter().map(of_number).collect())
}
