//! Prints what a query returns, or how many rows it changed.

mod print;

use std::convert::Infallible;
use std::process::ExitCode;

use execute::ExecuteQuery;
use recorder::timeline::option::TimelineOption;
use rusqlite::types::Value;
use shared::{cli, output};

const DEFAULT_QUERY: &str = "SELECT * FROM users WHERE age > ?";
const DEFAULT_PARAMETER: i64 = 25;

/// Run a query over a connection that closes again, and print what it returns or how many rows it changed
#[derive(clap::Parser)]
#[command(name = env!("CARGO_BIN_NAME"), version)]
struct Arguments {
    /// One SQL statement, with a `?` for each parameter [default: "SELECT * FROM users WHERE age > ?" and 25]
    query: Option<String>,
    /// A value for each `?`: what reads as an integer or a number is bound as one, all else as text
    #[arg(value_name = "PARAMETER", allow_negative_numbers = true, value_parser = parameter)]
    parameters: Vec<Value>,
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
        let query = match arguments.query {
            Some(query) => ExecuteQuery::new(&database, query, arguments.parameters),
            None => ExecuteQuery::new(&database, DEFAULT_QUERY, [DEFAULT_PARAMETER]),
        };
        let print = || print::result_of(&query, arguments.output);
        arguments.timeline.record(&database, print)
    })
}

/// `inf` and `nan` read as numbers to Rust, and are names to everybody else.
fn parameter(text: &str) -> Result<Value, Infallible> {
    let number = || text.parse().ok().filter(|number: &f64| number.is_finite());
    Ok(match text.parse() {
        Ok(integer) => Value::Integer(integer),
        Err(_) => number().map_or_else(|| Value::Text(text.to_owned()), Value::Real),
    })
}
