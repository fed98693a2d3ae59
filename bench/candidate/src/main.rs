//! Our solutions, and the peers that use our versions of the drivers.

#![forbid(unsafe_code)]

mod mysql;
mod pools;
mod sqlite;

use harness::{Job, Result};

fn main() -> Result<()> {
    let job = Job::from_command_line()?;
    match job.name.as_str() {
        "two-queries" | "many" | "cancel" | "open-row" => sqlite::serve(&job),
        "points" | "rows" | "stop" | "connections" => {
            harness::tokio_runtime()?.block_on(mysql::serve(&job))
        }
        "pool" => harness::tokio_runtime()?.block_on(pools::serve(&job)),
        _ => Err(job.unknown()),
    }
}
