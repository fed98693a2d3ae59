//! Libraries for SQLite on the version of SQLite that task 2 uses, and libraries for MySQL.

#![forbid(unsafe_code)]

mod mysql;
mod sqlite;

fn main() {
    questions::main(&[sqlite::CANDIDATES, mysql::CANDIDATES].concat());
}
