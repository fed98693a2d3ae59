//! Task 2 on Tokio, async-std or smol: `fetch_concurrently` runs the same on each, because it uses nothing of an executor:
//! no timer, no reactor, no `spawn`. A program with the options and the output of `2-concurrent`, and `--runtime`.
//!
//! ```console
//! $ cargo run --example on_every_runtime -- --runtime smol --timeline
//! ```
//!
//! async-std and smol start threads when they are used first, and panic if the system refuses to. Tokio's runtime on the
//! current thread starts none.

use std::process::ExitCode;

use concurrent::fetch_concurrently;
use recorder::timeline::option::TimelineOption;
use shared::{cli, output};

/// Fetch all users and the older ones at the same time, on the executor of your choice, and print both lists
#[derive(clap::Parser)]
#[command(name = "on_every_runtime", version)]
struct Arguments {
    #[command(flatten)]
    database: cli::DatabaseOption,
    #[command(flatten)]
    output: output::OutputOption,
    #[command(flatten)]
    timeline: TimelineOption,
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

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum Runtime {
    /// Tokio, on the current thread
    Tokio,
    /// async-std. It is discontinued, and its authors recommend smol
    AsyncStd,
    /// smol
    Smol,
}

impl Runtime {
    /// Runs a future to its end on the current thread.
    pub fn block_on<F: Future>(self, future: F) -> F::Output {
        match self {
            Runtime::Tokio => tokio::runtime::Builder::new_current_thread()
                .build()
                .expect("a runtime without I/O needs nothing from the system")
                .block_on(future),
            Runtime::AsyncStd => async_std::task::block_on(future),
            Runtime::Smol => smol::block_on(future),
        }
    }
}

fn main() -> ExitCode {
    cli::run(|arguments: Arguments| {
        let (database, age) = (arguments.database.path()?, arguments.older_than);
        arguments.timeline.record(&database, || {
            let fetch = fetch_concurrently(&database, age);
            let (all, older) = arguments.runtime.block_on(fetch)?;
            Ok(arguments.output.two_lists(&all, &older, age)?)
        })
    })
}
