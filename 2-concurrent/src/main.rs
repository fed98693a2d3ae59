//! Prints all users and the older ones, fetched at the same time.

use std::path::Path;
use std::process::ExitCode;

use recorder::timeline::option::TimelineOption;
use runtime::Runtime;
use shared::{User, cli, output};

mod runtime;

/// Fetch all users and the older ones at the same time, over a connection each, and print both lists
#[derive(clap::Parser)]
#[command(name = env!("CARGO_BIN_NAME"), version)]
struct Arguments {
    #[command(flatten)]
    database: cli::DatabaseOption,
    #[command(flatten)]
    output: output::OutputOption,
    #[command(flatten)]
    timeline: TimelineOption,
    /// The library that speaks to SQLite
    #[arg(long, value_enum, default_value_t = Driver::Rusqlite)]
    driver: Driver,
    /// The executor that the futures run on
    #[arg(long, value_enum, default_value_t = Runtime::Tokio)]
    runtime: Runtime,
    /// The second list holds the users who are older than this, in years
    #[arg(
        long,
        value_name = "AGE",
        default_value_t = 40,
        allow_negative_numbers = true
    )]
    older_than: u32,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Driver {
    Rusqlite,
    Sqlx,
}

impl Driver {
    async fn fetch(
        self,
        database: &Path,
        older_than: u32,
    ) -> concurrent::Result<(Vec<User>, Vec<User>)> {
        match self {
            Driver::Rusqlite => concurrent::fetch_concurrently(database, older_than).await,
            Driver::Sqlx => concurrent::on_sqlx::fetch_concurrently(database, older_than).await,
        }
    }
}

fn main() -> ExitCode {
    cli::run(|arguments: Arguments| {
        let (database, age) = (arguments.database.path()?, arguments.older_than);
        arguments.timeline.record(&database, || {
            let fetch = arguments.driver.fetch(&database, age);
            let (all, older) = arguments.runtime.block_on(fetch)?;
            Ok(arguments.output.two_lists(&all, &older, age)?)
        })
    })
}
