//! The libraries for SQLite.

mod diesel;
mod rusqlite;
mod rusqlite_interrupt;
mod sea_orm;
mod sqlx;
mod task2;

use questions::Candidate;
use questions::sqlite::ask;

pub const CANDIDATES: &[Candidate] = &[
    Candidate {
        name: "task 2",
        ask: ask::<task2::Task2>,
    },
    Candidate {
        name: "rusqlite",
        ask: ask::<rusqlite::SpawnBlocking>,
    },
    Candidate {
        name: "rusqlite, interrupted",
        ask: ask::<rusqlite_interrupt::Interrupted>,
    },
    Candidate {
        name: "sqlx (SQLite)",
        ask: ask::<sqlx::Sqlx>,
    },
    Candidate {
        name: "sea-orm (SQLite)",
        ask: ask::<sea_orm::SeaOrm>,
    },
    Candidate {
        name: "diesel-async (SQLite)",
        ask: ask::<diesel::Diesel>,
    },
];
