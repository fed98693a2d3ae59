//! The checks of task 1: what `src/lib.rs` must do, however it does it. They know the library by its names alone:
//! `ExecuteQuery` with `new`, `run`, `fetch_users` and `execute`; `Error`, `Result`.
//!
//! | command | what it does |
//! | --- | --- |
//! | `cargo test` | gives the verdict: every required check |
//! | `cargo test closes_when_the_body_fails` | runs one of them |
//! | `cargo test -- --include-ignored` | runs the extras, too: what a solution can do better than it must |
//! | `CHECK_SEED=… cargo test` | runs them once more with the same users |
//!
//! Every check has a database of its own with random users, and watches it through SQLite's eyes: what was opened, run
//! and closed there. One that fails says what was expected and what was found; then what was seen on the database, line
//! by line; then a hint. The seed that it prints repeats the run.
//!
//! | file | what it is about |
//! | --- | --- |
//! | `running.rs` | the query is obeyed, again and again, row by row: begin here |
//! | `parameters.rs` | every parameter is bound |
//! | `refusing.rs` | what cannot be run is an error |
//! | `closing.rs` | the connection closes on every way out |
//! | `fetching.rs` | `fetch_users`: rows as users, or an error |
//! | `executing.rs` | `execute`: `INSERT`, `UPDATE`, `DELETE` |
//! | `quiet.rs` | a library prints nothing |

mod closing;
mod executing;
mod fetching;
mod parameters;
mod quiet;
mod refusing;
mod running;

use execute::{Error, ExecuteQuery};

/// No parameters. (An empty list has a type, too.)
const NONE: [i64; 0] = [];

/// What the compiler checks: an error can cross threads and be put into a box, and `?` makes one of SQLite's.
const _: () = {
    fn is_an_error<
        E: Send + Into<Box<dyn std::error::Error + Send + Sync>> + From<rusqlite::Error>,
    >() {
    }
    let _ = is_an_error::<Error>;
};

/// An error as a body may return it.
fn on_purpose() -> Error {
    rusqlite::Error::InvalidColumnName("on purpose".to_owned()).into()
}

/// Runs a query to the end of its rows, and returns how many they are.
fn count_rows(query: &ExecuteQuery) -> execute::Result<usize> {
    query.run(|rows| {
        let mut count = 0;
        while rows.next()?.is_some() {
            count += 1;
        }
        Ok(count)
    })
}
