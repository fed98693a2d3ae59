//! The checks of task 0: what `src/lib.rs` must do, however it does it. They know the library by its names alone:
//! `DatabaseConnection`, `with_connection`, `fetch_users`, `Error`, `Result`.
//!
//! | command | what it does |
//! | --- | --- |
//! | `cargo test` | gives the verdict: every required check |
//! | `cargo test closes_on_a_panic` | runs one of them |
//! | `cargo test -- --include-ignored` | runs the extras, too: what a solution can do better than it must |
//! | `CHECK_SEED=… cargo test` | runs them once more with the same users |
//!
//! Every check has a database of its own with random users, and watches it through SQLite's eyes: what was opened, run
//! and closed there. One that fails says what was expected and what was found; then what was seen on the database, line
//! by line; then a hint. The seed that it prints repeats the run.
//!
//! | file | what it is about |
//! | --- | --- |
//! | `closing.rs` | when the connection closes: begin here |
//! | `opening.rs` | what may be opened, and what not |
//! | `fetching.rs` | `fetch_users`: every user, or an error |
//! | `with_connection.rs` | the `with` block: one transaction, and a close on every way out |
//! | `quiet.rs` | a library prints nothing |

mod closing;
mod fetching;
mod opening;
mod quiet;
mod with_connection;

use databaseconnection::{DatabaseConnection, Error};

/// What the compiler checks: an error can cross threads and be put into a box, `?` makes one of SQLite's, and a
/// `&DatabaseConnection` stands for a `&Connection`.
const _: () = {
    fn is_an_error<
        E: Send + Into<Box<dyn std::error::Error + Send + Sync>> + From<rusqlite::Error>,
    >() {
    }
    fn is_a_connection<C: std::ops::Deref<Target = rusqlite::Connection>>() {}
    let _ = (is_an_error::<Error>, is_a_connection::<DatabaseConnection>);
};
