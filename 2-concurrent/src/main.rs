//! Prints all users and the older ones, fetched at the same time.

use std::process::ExitCode;

use concurrent::fetch_concurrently;
use recorder::timeline::option::TimelineOption;
use shared::{cli, output};

/// Fetch all users and the older ones at the same time, each over its own connection, and print both lists
#[derive(clap::Parser)]
#[command(name = env!("CARGO_BIN_NAME"), version)]
struct Arguments {
    #[command(flatten)]
    database: cli::DatabaseOption,
    #[command(flatten)]
    output: output::OutputOption,
    #[command(flatten)]
    timeline: TimelineOption,
    /// The second list holds the users who are older than this, in years
    #[arg(
        long,
        value_name = "AGE",
        default_value_t = 40,
        allow_negative_numbers = true
    )]
    older_than: u32,
}

fn main() -> ExitCode {
    cli::run(|arguments: Arguments| {
        let (database, age) = (arguments.database.path()?, arguments.older_than);
        arguments.timeline.record(&database, || {
            let runtime = tokio::runtime::Builder::new_current_thread().build()?;
            let (all, older) = runtime.block_on(fetch_concurrently(&database, age))?;
            Ok(arguments.output.two_lists(&all, &older, age)?)
        })
    })
}
