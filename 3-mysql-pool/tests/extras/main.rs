//! The extras of task 3: optional checks of what a solution can do better. `cargo test --test extras` runs them; a plain
//! `cargo test` does not. All of them pass on our solution, and none is needed to pass.
//!
//! | file | subject |
//! | --- | --- |
//! | `fetching.rs`, `rows.rs` | order, large tables, and what an error says about a row |
//! | `together.rs`, `pool.rs` | many queries, few connections, a server that restarts |
//! | `closing.rs`, `sessions.rs` | Tokio tasks that hold a connection; all that a reset resets |
//! | `errors.rs` | every way in which a server cannot be used, within 5 seconds |
//! | `cancel.rs` | a dropped query returns its connection intact |
//! | `stop.rs` | the statement of a dropped future stops on the server |
//! | `program.rs` | the program's messages, and Ctrl-C |

#[path = "../support/mod.rs"]
mod support;

mod cancel;
mod closing;
mod errors;
mod fetching;
mod own_server;
mod pool;
mod program;
mod rows;
mod sessions;
mod stop;
mod together;

use support::Failure;
use testkit::expect::expect_error;

/// Expects an error, and returns it, boxed.
#[track_caller]
fn failure<T>(of: &str, outcome: mysql_pool::Result<T>) -> Failure {
    expect_error(of, outcome).into()
}
