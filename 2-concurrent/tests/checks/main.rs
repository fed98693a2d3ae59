//! The checks of task 2: what `src/lib.rs` must do, however it does it. They know the library by its names alone:
//! `with_connection`, `async_fetch_users`, `async_fetch_older_users`, `fetch_concurrently`, `Error`, `Result`.
//!
//! | command | what it does |
//! | --- | --- |
//! | `cargo test` | gives the verdict: every required check |
//! | `cargo test both_queries` | runs those whose names hold these words |
//! | `cargo test -- --include-ignored` | runs the extras, too: what a solution can do better than it must |
//! | `CHECK_SEED=… cargo test` | runs them once more with the same users |
//!
//! Every check has a database of its own with random users, and watches it through SQLite's eyes: what was opened, run
//! and closed there. One that fails says what was expected and what was found; then what was seen on the database, line
//! by line; then a hint. The seed that it prints repeats the run.
//!
//! No check measures time. One that waits, waits for something to happen, and gives up after 30 seconds (`CHECK_DEADLINE=…`
//! makes it fewer): a failure may take a while.
//!
//! | file | what it is about |
//! | --- | --- |
//! | `data.rs` | the right users, or an error: begin here |
//! | `connection.rs` | `with_connection`: one transaction, and no error is lost |
//! | `closing.rs` | whatever is opened is closed, on every way out |
//! | `together.rs` | both queries at the same time, and the executor free meanwhile |
//! | `many.rs` | a thousand at once |
//! | `failure.rs` | one of the two queries fails |
//! | `cancel.rs` | a future that is dropped half-way: the hardest part |
//! | `runtimes.rs` | extras: on Tokio, async-std and smol alike |
//! | `executor.rs`, `functions.rs`, `steps.rs` | what the checks themselves are made of |

mod cancel;
mod closing;
mod connection;
mod data;
mod executor;
mod failure;
mod functions;
mod many;
// The program's own choice of an executor.
#[path = "../../src/runtime.rs"]
mod runtime;
mod runtimes;
mod steps;
mod together;

use std::path::Path;

/// What the compiler checks: the futures can move between threads, and so can an error, which can be put into a box; and
/// `?` makes one of SQLite's.
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
