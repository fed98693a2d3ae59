//! Libraries for SQLite on rusqlite 0.40.

#![forbid(unsafe_code)]

mod deadpool_sqlite;
mod r2d2_sqlite;
mod tokio_rusqlite;

use questions::sqlite::ask;
use questions::{Candidate, main as answer};

fn main() {
    answer(&[
        Candidate {
            name: "deadpool-sqlite",
            ask: ask::<deadpool_sqlite::Deadpool>,
        },
        Candidate {
            name: "r2d2_sqlite",
            ask: ask::<r2d2_sqlite::R2d2>,
        },
        Candidate {
            name: "tokio-rusqlite",
            ask: ask::<tokio_rusqlite::TokioRusqlite>,
        },
    ]);
}
