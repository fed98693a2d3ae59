//! The checks of task 0. They use only the public names of `src/lib.rs`: `DatabaseConnection`,
//! `with_connection`, `fetch_users`, `Error` and `Result`. How you write the code behind these names is up to you.
//!
//! | command | what it does |
//! | --- | --- |
//! | `cargo test` | runs every check |
//! | `cargo test closes_on_a_panic` | runs one check |
//! | `CHECK_SEED=… cargo test` | runs the checks with the same random users again |
//!
//! Work through the files in the order of their numbers. Each begins with what it asks for and what to read.
//!
//! Each check has a database with random users, and records what your code does on it: each connection that it opens
//! and closes, and each statement that it runs. A failing check prints what it expected and what it found, then that
//! record, then a hint, and the seed that repeats the run.

#[path = "02_closing.rs"]
mod closing;
#[path = "03_fetching.rs"]
mod fetching;
#[path = "01_opening.rs"]
mod opening;
#[path = "05_quiet.rs"]
mod quiet;
#[path = "04_with_connection.rs"]
mod with_connection;

use databaseconnection::{DatabaseConnection, Error};

/// Checked by the compiler: `Error` can be sent to another thread and put into a box, `?` converts rusqlite's error
/// into it, and a `&DatabaseConnection` can be used as a `&Connection`.
const _: () = {
    fn is_an_error<
        E: Send + Into<Box<dyn std::error::Error + Send + Sync>> + From<rusqlite::Error>,
    >() {
    }
    fn is_a_connection<C: std::ops::Deref<Target = rusqlite::Connection>>() {}
    let _ = (is_an_error::<Error>, is_a_connection::<DatabaseConnection>);
};
