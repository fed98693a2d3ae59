//! Tasks 0 to 2, and the scope.

use std::time::Instant;

use crate::benchmark::{Benchmark, Figure, Goal, Target, Unit};
use crate::candidate::{Candidate, How, Role};
use crate::places::{Places, Result, run, words};

use super::{BACK, SECONDS, at_most, grouped, times_as_fast};

/// The same queries without Rust, on the same SQLite.
const IN_C: &str = "C";

pub fn two_queries(places: &Places, quick: bool) -> Result<Vec<Benchmark>> {
    let sizes: &[u32] = if quick {
        &[12, 1_000]
    } else {
        &[12, 1_000, 100_000, 1_000_000]
    };
    sizes
        .iter()
        .map(|&number| two_queries_of(places, quick, number))
        .collect()
}

fn two_queries_of(places: &Places, quick: bool, number: u32) -> Result<Benchmark> {
    let settings = [format!("database={}", places.users(number)?.display())];
    let here = |name, role| places.here(name, role, "two-queries", &settings);
    let on_0_40 = |name, role| places.on_rusqlite_0_40(name, role, "two-queries", &settings);
    let ours = "ours on Tokio";
    let mut targets = vec![Target {
        ours,
        figure: "seconds",
        goal: Goal::NoSlowerThanAnyPeer,
    }];
    if number == 100_000 {
        targets.push(times_as_fast(ours, SECONDS, 10.0, "aiosqlite"));
        targets.push(times_as_fast(ours, SECONDS, 8.0, "sqlx"));
        targets.push(times_as_fast(ours, SECONDS, 1.0 / 1.1, IN_C));
    }
    Ok(Benchmark {
        title: "two queries at once",
        size: format!("{} users", grouped(number.into())),
        number: number.into(),
        figures: vec![SECONDS],
        candidates: vec![
            here(ours, Role::Ours),
            here("ours on async-std", Role::Ours),
            here("ours on smol", Role::Ours),
            here("ours with sqlx", Role::Ours),
            places.in_c(IN_C, "two-queries", &settings),
            here("rusqlite", Role::Limit),
            on_0_40("rusqlite 0.40", Role::Limit),
            on_0_40("tokio-rusqlite", Role::Peer),
            on_0_40("async-sqlite", Role::Peer),
            here("sqlx", Role::Peer),
            places.in_python("aiosqlite", "two-queries", &settings),
            on_0_40("tokio-rusqlite, kept", Role::Kept),
            on_0_40("async-sqlite, kept", Role::Kept),
            on_0_40("deadpool-sqlite, kept", Role::Kept),
            here("sqlx, kept", Role::Kept),
        ],
        targets,
        rounds: match number {
            _ if quick => 3,
            0..10_000 => 61,
            10_000..1_000_000 => 15,
            _ => 5,
        },
    })
}

/// Of this many users, 637 are older than 40.
const USERS_WITH_637: u32 = 1_068;

pub fn many(places: &Places, quick: bool) -> Result<Vec<Benchmark>> {
    let sizes: &[u32] = if quick {
        &[10, 50]
    } else {
        &[10, 100, 1_000, 10_000]
    };
    let database = places.users(USERS_WITH_637)?;
    let of_size = |&fetches: &u32| {
        let settings = [
            format!("database={}", database.display()),
            format!("fetches={fetches}"),
        ];
        let here = |name, role| places.here(name, role, "many", &settings);
        let on_0_40 = |name, role| places.on_rusqlite_0_40(name, role, "many", &settings);
        let mut candidates = vec![
            here("ours", Role::Ours),
            here("rusqlite", Role::Limit),
            on_0_40("tokio-rusqlite", Role::Peer),
            on_0_40("async-sqlite", Role::Peer),
            here("sqlx", Role::Peer),
            on_0_40("deadpool-sqlite, kept", Role::Kept),
        ];
        if fetches <= 1_000 {
            // 10,000 fetches take ten seconds.
            candidates.push(here("sqlx, kept", Role::Kept));
            // It starts a thread for each fetch; 5,000 fetches took 473 s.
            candidates.push(places.in_python("aiosqlite", "many", &settings));
        }
        Benchmark {
            title: "many fetches at once, of 637 rows",
            size: format!("{} fetches", grouped(fetches.into())),
            number: fetches.into(),
            figures: vec![SECONDS],
            candidates,
            targets: match fetches {
                1_000 => vec![times_as_fast("ours", SECONDS, 300.0, "aiosqlite")],
                _ => Vec::new(),
            },
            rounds: if quick { 2 } else { 5 },
        }
    };
    Ok(sizes.iter().map(of_size).collect())
}

const CLOSED: Figure = Figure {
    name: "closed",
    title: "connection closed",
    unit: Unit::Seconds,
};

/// The SQLite that the drivers bundle is faster than Debian's shell, by about this factor.
const FASTER: f64 = 1.4;

pub fn cancel(places: &Places, quick: bool) -> Result<Vec<Benchmark>> {
    let seconds = if quick { 1.0 } else { 3.0 };
    let database = places.users(12)?;
    // A view that takes about `seconds`.
    let slow = |database: &std::path::Path, steps: u64| {
        let view = format!(
            "DROP VIEW IF EXISTS users; CREATE VIEW users AS SELECT * FROM people WHERE 0 <= \
             (WITH RECURSIVE steps(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM steps LIMIT {steps}) \
             SELECT count(*) FROM steps)"
        );
        run(places.sqlite_shell(database, &[&view]))
    };
    let folder = places.file("slow");
    std::fs::create_dir_all(&folder)?;
    let copy = folder.join("users.db");
    std::fs::copy(database, &copy)?;
    run(places.sqlite_shell(&copy, &["ALTER TABLE users RENAME TO people"]))?;
    let steps = 1_000_000;
    slow(&copy, steps)?;
    let begun = Instant::now();
    run(places.sqlite_shell(&copy, &["SELECT count(*) FROM users"]))?;
    slow(
        &copy,
        (steps as f64 * FASTER * seconds / begun.elapsed().as_secs_f64()) as u64,
    )?;

    let settings = [format!("database={}", copy.display())];
    let here = |name, role| places.here(name, role, "cancel", &settings);
    let on_0_40 = |name, role| places.on_rusqlite_0_40(name, role, "cancel", &settings);
    Ok(vec![Benchmark {
        title: "a query cancelled after 100 ms",
        size: format!("of {seconds} s"),
        number: seconds,
        figures: vec![BACK, CLOSED],
        candidates: vec![
            here("ours", Role::Ours),
            on_0_40("tokio-rusqlite", Role::Peer),
            on_0_40("async-sqlite", Role::Peer),
            here("sqlx", Role::Peer),
            places.in_python("aiosqlite", "cancel", &settings),
        ],
        targets: vec![at_most("ours", BACK, 0.005), at_most("ours", CLOSED, 0.020)],
        rounds: if quick { 1 } else { 5 },
    }])
}

pub fn open_row(places: &Places, quick: bool) -> Result<Vec<Benchmark>> {
    let settings = [format!("database={}", places.users(12)?.display())];
    let here = |name, role| places.here(name, role, "open-row", &settings);
    let in_transaction = "rusqlite, in a transaction";
    Ok(vec![Benchmark {
        title: "opening, one row, closing",
        size: "12 users".to_owned(),
        number: 12.0,
        figures: vec![SECONDS],
        candidates: vec![
            here("ours, task 0", Role::Ours),
            here("rusqlite", Role::Limit),
            here("ours, task 1", Role::Ours),
            here("ours, task 0, with_connection", Role::Ours),
            here(in_transaction, Role::Limit),
            places.in_python("sqlite3", "open-row", &settings),
        ],
        targets: vec![
            times_as_fast("ours, task 0", SECONDS, 1.0 / 1.05, "rusqlite"),
            times_as_fast("ours, task 1", SECONDS, 1.0 / 1.05, "rusqlite"),
            times_as_fast(
                "ours, task 0, with_connection",
                SECONDS,
                1.0 / 1.05,
                in_transaction,
            ),
        ],
        rounds: if quick { 3 } else { 61 },
    }])
}

const ALLOCATIONS: Figure = Figure {
    name: "allocations",
    title: "allocations",
    unit: Unit::Number,
};

pub fn scope(places: &Places, quick: bool) -> Result<Vec<Benchmark>> {
    let program = places.program("scope");
    let candidate = |name: &'static str, role| Candidate {
        name,
        role,
        how: How::Serves(words([
            program.as_os_str(),
            "scope".as_ref(),
            name.as_ref(),
        ])),
    };
    Ok(vec![Benchmark {
        title: "the scope around an empty body",
        size: "one".to_owned(),
        number: 1.0,
        figures: vec![SECONDS, ALLOCATIONS],
        candidates: vec![
            candidate("ours", Role::Ours),
            candidate("bare awaits", Role::Limit),
            candidate("scopeguard", Role::Limit),
        ],
        targets: vec![
            at_most("ours", SECONDS, 1e-6),
            at_most("ours", ALLOCATIONS, 0.0),
        ],
        rounds: if quick { 3 } else { 15 },
    }])
}
