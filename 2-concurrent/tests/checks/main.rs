//! The checks of task 2. They use only the public functions of `src/lib.rs`, so every solution that keeps its promises passes,
//! however it is written.
//!
//! | command | what it does |
//! | --- | --- |
//! | `cargo test` | runs every check |
//! | `cargo test both_queries` | runs the checks whose names contain these words |
//! | `CHECK_SEED=… cargo test` | runs the checks with the same random users again |
//!
//! Each check has its own database with random users, and records what SQLite does: which connections are opened and
//! closed, and which statements run. A check that fails prints what it expected and what it found, then what happened on the
//! database, line by line, then a hint. It also prints its seed, to repeat the run.
//!
//! No check requires speed, but a check that waits for an event gives up when the program has done nothing for 4 seconds, and
//! at the latest after 30 (`CHECK_DEADLINE=5` makes it 5). So a failure may take a while.
//!
//! Work through the files in the order of their numbers. Each begins with what it asks for and what to read. `executor.rs`,
//! `functions.rs` and `steps.rs` are helpers.

#[path = "07_cancel.rs"]
mod cancel;
#[path = "03_closing.rs"]
mod closing;
#[path = "02_connection.rs"]
mod connection;
#[path = "01_data.rs"]
mod data;
mod executor;
#[path = "06_failure.rs"]
mod failure;
mod functions;
#[path = "05_many.rs"]
mod many;
mod steps;
#[path = "04_together.rs"]
mod together;

use std::path::Path;

/// The compiler checks that futures and errors can move between threads, that an error fits into a `Box<dyn Error>`, and
/// that `?` converts SQLite's errors.
const _: () = {
    fn is_an_error<
        E: Send + Into<Box<dyn std::error::Error + Send + Sync>> + From<rusqlite::Error>,
    >() {
    }
    fn is_send<T: Send>(_: T) {}
    fn futures_are_send(database: &Path) {
        is_send(concurrent::async_fetch_users(database));
        is_send(concurrent::async_fetch_older_users(database, 40));
        is_send(concurrent::fetch_concurrently(database, 40));
        is_send(concurrent::with_connection(database, |_| Ok(())));
    }
    let _ = (is_an_error::<concurrent::Error>, futures_are_send);
};
