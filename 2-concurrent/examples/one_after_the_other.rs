//! The same two queries, one after the other, because two awaits in a row do not run at the same time.
//!
//! `cargo run -p concurrent --example one_after_the_other -- --timeline` draws it; compare `cargo run --bin
//! 2-concurrent -- --timeline`.

use std::path::Path;
use std::process::ExitCode;

use concurrent::{Result, async_fetch_older_users, async_fetch_users};
use recorder::timeline::option::TimelineOption;
use shared::{User, cli, output};
use tokio::runtime::Builder;

/// Fetch all users, and then the older ones, over a connection each, and print both lists
#[derive(clap::Parser)]
#[command(version)]
struct Arguments {
    #[command(flatten)]
    database: cli::DatabaseOption,
    #[command(flatten)]
    output: output::OutputOption,
    #[command(flatten)]
    timeline: TimelineOption,
}

fn main() -> ExitCode {
    cli::run(|arguments: Arguments| {
        let database = arguments.database.path()?;
        arguments.timeline.record(&database, || {
            let runtime = Builder::new_current_thread().build()?;
            let (all, older) = runtime.block_on(one_after_the_other(&database))?;
            Ok(arguments.output.two_lists(&all, &older, 40)?)
        })
    })
}

pub async fn one_after_the_other(database: &Path) -> Result<(Vec<User>, Vec<User>)> {
    let all = async_fetch_users(database).await?;
    // This query has not started: a future does nothing before it is awaited.
    let older = async_fetch_older_users(database, 40).await?;
    Ok((all, older))
}
