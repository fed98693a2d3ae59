//! The checks of task 3. They test what `src/lib.rs` does, and not how: they use only the four functions of the contract
//! (`with_pool`, `fetch_users`, `fetch_older_users`, `fetch_concurrently`), `Error` and `Result`.
//!
//! | command | what it does |
//! | --- | --- |
//! | `cargo test` | runs every check |
//! | `cargo test fetches_every_user` | runs one check |
//! | `CHECK_SEED=… cargo test` | runs the checks with the same random users again |
//!
//! A failing check prints what it expected and what it found. Below that it draws a timeline from the server's logs: one
//! line for each connection, with its statements, from `├` to `┤` if the client closed the connection with `COM_QUIT`, or
//! to `╳` if the connection was cut. Then come a hint and the seed of the random users. A check waits for an event,
//! and fails if program and server have done nothing for 4 seconds, or after 30 (`CHECK_DEADLINE`). That may take a while.
//!
//! Work through the files in their order; each begins with what it asks for and what to read.

#[path = "../support/mod.rs"]
mod support;

#[path = "01_fetching.rs"]
mod fetching;

#[path = "02_rows.rs"]
mod rows;

#[path = "03_together.rs"]
mod together;

#[path = "04_pool.rs"]
mod pool;

#[path = "05_closing.rs"]
mod closing;

#[path = "06_errors.rs"]
mod errors;

#[path = "07_cancel.rs"]
mod cancel;

use mysql_pool::{Error, fetch_concurrently, with_pool};

/// Checked by the compiler: an error is `Send` and fits into a `Box<dyn Error>`, `?` converts the driver's errors, and the
/// futures are `Send`, so that they can be spawned.
const _: () = {
    fn is_an_error<E: Send + Into<support::Failure> + From<mysql_async::Error>>() {}
    fn is_send<T: Send>(_: T) {}
    fn a_spawned_one(url: String) {
        is_send(async move {
            with_pool(&url, 2, async |pool| {
                let _connection = pool.get_conn().await?;
                fetch_concurrently(pool, 40).await
            })
            .await
        });
    }
    let _ = (is_an_error::<Error>, a_spawned_one);
};
