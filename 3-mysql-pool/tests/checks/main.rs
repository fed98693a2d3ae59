//! The checks of task 3: what `src/lib.rs` must do, however it does it. They know the library by its names alone.
//!
//! | function | what it gives |
//! | --- | --- |
//! | `with_pool(url, connections, body)` | what `body` makes of a pool, which is disconnected by then |
//! | `fetch_users(pool)` | every user |
//! | `fetch_older_users(pool, age)` | the users who are older than that |
//! | `fetch_concurrently(pool, older_than)` | both lists, fetched at the same time |
//!
//! | command | what it does |
//! | --- | --- |
//! | `cargo test` | gives the verdict: every required check |
//! | `cargo test fetches_every_user` | runs one of them |
//! | `cargo test -- --include-ignored` | runs the extras, too: what a solution can do better than it must |
//! | `CHECK_SEED=… cargo test` | runs them once more with the same users |
//!
//! Every check has a database of its own with random users, on a MariaDB server that is started for all of them, and a
//! user of its own, so that the server can tell whose connections are whose. One that fails says what was expected and
//! what was found; then what was seen, as a small timeline from the server's own logs: a line for each connection, from
//! `├` to `┤` where it was closed politely and to `╳` where it was cut, and on it the statements; then a hint. The seed
//! that it prints repeats the run. Nothing here measures time: a check that waits, waits for something to happen, and
//! gives up after 30 seconds (`CHECK_DEADLINE`), so a failure may take a while.
//!
//! | file | what it is about |
//! | --- | --- |
//! | `fetching.rs` | the right users, or an error: begin here |
//! | `rows.rs` | a row read as a user, whatever stands in it |
//! | `together.rs` | two queries at the same time |
//! | `pool.rs` | how many connections there are, and since when |
//! | `closing.rs` | `async with`: disconnected on every way out |
//! | `sessions.rs` | what the last user of a connection has left behind |
//! | `errors.rs` | what an error says, and what it must not say |
//! | `quiet.rs` | a library prints nothing |
//! | `cancel.rs` | a future that is dropped part-way: the hardest part |
//! | `stop.rs` | its statement stops on the server, and no other does: extras only |
//! | `tls.rs` | encrypted connections: extras only |

#[path = "../support/mod.rs"]
mod support;

mod cancel;
mod closing;
mod errors;
mod fetching;
mod pool;
mod quiet;
mod rows;
mod sessions;
mod stop;
mod tls;
mod together;

use mysql_pool::{Error, Result, fetch_concurrently, with_pool};

/// What the compiler checks: an error can cross threads and be put into a box, `?` makes one of the driver's, and the
/// futures can be spawned.
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

/// An error as a body may return it.
fn on_purpose<T>() -> Result<T> {
    let error: support::Failure = "on purpose".into();
    Err(mysql_async::Error::Other(error).into())
}
