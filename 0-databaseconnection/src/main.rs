//! Prints every user of a database.

use std::process::ExitCode;

use databaseconnection::{fetch_users, with_connection};
use recorder::timeline::option::TimelineOption;
use shared::{cli, output};

/// Print every user of a database, over a connection that closes itself
#[derive(clap::Parser)]
#[command(name = env!("CARGO_BIN_NAME"), version)]
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
            let users = with_connection(&database, fetch_users)?;
            Ok(arguments.output.users(&users)?)
        })
    })
}
