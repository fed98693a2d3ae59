//! The checks of task 1. They use only the public names of `src/lib.rs`: `ExecuteQuery` with
//! `new`, `run`, `fetch_users` and `execute`; `Error` and `Result`. How you write the code behind these names is up
//! to you.
//!
//! | command | what it does |
//! | --- | --- |
//! | `cargo test` | runs every check |
//! | `cargo test closes_when_the_body_fails` | runs one check |
//! | `CHECK_SEED=… cargo test` | runs the checks with the same random users again |
//!
//! Work through the files in the order of their numbers. Each begins with what it asks for and what to read.
//!
//! Each check has a database with random users, and records what your code does on it: each connection that it opens
//! and closes, and each statement that it runs. A failing check prints what it expected and what it found, then that
//! record, then a hint, and the seed that repeats the run.

#[path = "04_closing.rs"]
mod closing;
#[path = "06_executing.rs"]
mod executing;
#[path = "05_fetching.rs"]
mod fetching;
#[path = "02_parameters.rs"]
mod parameters;
#[path = "07_quiet.rs"]
mod quiet;
#[path = "03_refusing.rs"]
mod refusing;
#[path = "01_running.rs"]
mod running;

use execute::{Error, ExecuteQuery};

/// No parameters. (The type of an empty list must be known.)
const NONE: [i64; 0] = [];

/// Checked by the compiler: `Error` can be sent to another thread and put into a box, and `?` converts rusqlite's
/// error into it.
const _: () = {
    fn is_an_error<
        E: Send + Into<Box<dyn std::error::Error + Send + Sync>> + From<rusqlite::Error>,
    >() {
    }
    let _ = is_an_error::<Error>;
};

/// Returns an error such as a body may return.
fn on_purpose() -> Error {
    rusqlite::Error::InvalidColumnName("on purpose".to_owned()).into()
}

/// Runs a query to its last row, and returns the number of rows.
fn count_rows(query: &ExecuteQuery) -> execute::Result<usize> {
    query.run(|rows| {
        let mut count = 0;
        while rows.next()?.is_some() {
            count += 1;
        }
        Ok(count)
    })
}
