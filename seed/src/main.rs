//! Creates and fills the users database.

#![forbid(unsafe_code)]

mod draft;
mod error;
mod fill;
mod generate;
mod mysql;
mod names;
mod progress;
mod session;
mod sqlite;
mod stop;
mod target;

use std::process::ExitCode;

use clap::builder::{OsStringValueParser, TypedValueParser};
use shared::{cli, threads};

use generate::{SAMPLE, Seeding};
use target::{Outcome, Target};

/// Create the users database, or replace its users: all of them or none
#[derive(clap::Parser)]
#[command(name = env!("CARGO_BIN_NAME"), version)]
struct Arguments {
    /// The SQLite file, or mysql://user:password@host:port/database, whose table `users` is filled. Never taken from
    /// the environment
    #[arg(long, value_name = "PATH|URL", default_value = "users.db")]
    #[arg(value_parser = OsStringValueParser::new().try_map(Target::parse))]
    database: Target,
    /// The number of users: first the 12 sample users, then generated ones
    #[arg(long, value_name = "N", default_value_t = SAMPLE)]
    users: u32,
    /// Seed of the random generator: the same number generates the same users
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    random_seed: u32,
    /// Replace the database even if this program did not create it
    #[arg(long)]
    force: bool,
}

fn main() -> ExitCode {
    cli::run(|arguments: Arguments| {
        let seeding = Seeding {
            count: arguments.users,
            random_seed: arguments.random_seed,
        };
        let outcome = match &arguments.database {
            Target::File(path) => sqlite::seed(path, seeding, arguments.force)?,
            Target::Server(opts) => {
                threads::try_threads(3)?; // for signals, host names and the users
                mysql::seed(opts, seeding, arguments.force)?
            }
        };
        let users = if seeding.count == 1 {
            "1 user".to_owned()
        } else {
            format!("{} users", seeding.count)
        };
        cli::notice(&match outcome {
            Outcome::Made => format!("{}: {users}", arguments.database),
            Outcome::WasThere => format!(
                "{}: already has {users}; nothing was changed",
                arguments.database
            ),
        });
        Ok(())
    })
}
