//! A library for SQLite on rusqlite 0.41.

#![forbid(unsafe_code)]

mod async_sqlite;

use questions::sqlite::ask;
use questions::{Candidate, main as answer};

fn main() {
    answer(&[Candidate {
        name: "async-sqlite",
        ask: ask::<async_sqlite::AsyncSqlite>,
    }]);
}
