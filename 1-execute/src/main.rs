//! Prints what a query returns, or how many rows it changed.

mod print;

use std::convert::Infallible;
use std::error::Error;
use std::process::ExitCode;

use execute::ExecuteQuery;
use recorder::timeline::option::TimelineOption;
use rusqlite::types::Value;
use shared::{cli, output, sqlite};

const DEFAULT_QUERY: &str = "SELECT * FROM users WHERE age > ?";
const DEFAULT_PARAMETER: i64 = 25;

/// Run a query over a connection that closes again, and print what it returns or how many rows it changed
#[derive(clap::Parser)]
#[command(name = env!("CARGO_BIN_NAME"), version)]
struct Arguments {
    /// One SQL statement, with a `?` for each parameter [default: "SELECT * FROM users WHERE age > ?" and 25]
    query: Option<String>,
    /// A value for each `?`: a 64-bit integer or a number is bound as one, and anything else, such as 007, as text
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
        let is_default = arguments.query.is_none();
        let query = match arguments.query {
            Some(query) => ExecuteQuery::new(&database, query, arguments.parameters),
            None => ExecuteQuery::new(&database, DEFAULT_QUERY, [DEFAULT_PARAMETER]),
        };
        let print = || {
            let printed = print::result_of(&query, arguments.output);
            printed.map_err(|error| if is_default { in_own_sql(error) } else { error })
        };
        arguments.timeline.record(&database, print)
    })
}

/// Marks an error of the default query, which the user has not written.
fn in_own_sql(error: Box<dyn Error + Send + Sync>) -> Box<dyn Error + Send + Sync> {
    match error.downcast::<sqlite::Error>() {
        Ok(error) => error.in_own_sql().into(),
        Err(error) => error,
    }
}

/// Reads a parameter as an integer, a number or text. As a number, `007` would lose its zeros, and an integer beyond
/// 64 bits its last digits, so they are text. So are `inf` and `nan`, which only Rust reads as numbers.
fn parameter(text: &str) -> Result<Value, Infallible> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_padded =
        unsigned.starts_with('0') && unsigned[1..].starts_with(|c: char| c.is_ascii_digit());
    let is_whole = unsigned.bytes().all(|byte| byte.is_ascii_digit());
    let value = match is_whole {
        _ if is_padded => None,
        true => text.parse().ok().map(Value::Integer),
        false => text
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite())
            .map(Value::Real),
    };
    Ok(value.unwrap_or_else(|| Value::Text(text.to_owned())))
}
