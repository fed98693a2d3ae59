//! Starts an exercise, checks it, watches it, gives hints, grades a class.

#![forbid(unsafe_code)]

mod commands;

use std::process::ExitCode;

use commands::Command;
use shared::cli;

/// Start an exercise, check it, and grade a class. Without a command: check every task of this workspace
#[derive(clap::Parser)]
#[command(name = env!("CARGO_BIN_NAME"), version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

fn main() -> ExitCode {
    cli::run(|arguments: Arguments| arguments.command.unwrap_or_default().run())
}
