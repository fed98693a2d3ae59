//! The checks of task 3. They test what `src/lib.rs` does, and not how: they use only the names in this table.
//!
//! | function | returns |
//! | --- | --- |
//! | `with_pool(url, connections, body)` | what `body` returned, after the pool is disconnected |
//! | `fetch_users(pool)` | every user |
//! | `fetch_older_users(pool, age)` | the users who are older than `age` |
//! | `fetch_concurrently(pool, older_than)` | both lists, fetched at the same time |
//!
//! | command | what it does |
//! | --- | --- |
//! | `cargo test` | runs every check |
//! | `cargo test fetches_every_user` | runs one check |
//! | `CHECK_SEED=… cargo test` | runs the checks with the same random users again |
//!
//! A failing check prints what it expected and what it found. Below that it draws a timeline from the server's logs: one
//! line for each connection, with its statements, from `├` to `┤` if the client closed the connection with `COM_QUIT`, or
//! to `╳` if the connection was cut. Then come a hint and the seed of the random users. No check measures time: it waits
//! for an event, and fails if the event has not happened after 30 seconds (`CHECK_DEADLINE`). So a failure may take a while.
//!
//! Work through the files in this order:
//!
//! | file | subject |
//! | --- | --- |
//! | `01_fetching.rs` | the fetches return the right users, or an error |
//! | `02_rows.rs` | a row becomes a user without guessing |
//! | `03_together.rs` | two queries run at the same time |
//! | `04_pool.rs` | when the pool opens connections, how many, and that it resets them |
//! | `05_closing.rs` | the pool is disconnected after `Ok`, `Err` and a panic |
//! | `06_errors.rs` | an error names the server and never shows the password; the library prints nothing |
//! | `07_cancel.rs` | a future is dropped before it has finished: the hardest part |

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
