//! Starts exercises, checks them, gives hints, and grades a class.

#![forbid(unsafe_code)]

mod commands;

use std::process::ExitCode;

use commands::Command;
use shared::cli;

/// Start an exercise, check your code, get hints, and grade a class.
///
/// Without a command: in a folder with tasks that you started, show how far you are; in this repository, check its own
/// solutions.
#[derive(clap::Parser)]
#[command(name = env!("CARGO_BIN_NAME"), version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

fn main() -> ExitCode {
    cli::run(|arguments: Arguments| arguments.command.unwrap_or_default().run())
}
