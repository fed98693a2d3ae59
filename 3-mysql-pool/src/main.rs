//! Prints all users and the older ones, fetched at the same time from a MySQL or MariaDB server.

mod server;

use std::error::Error;
use std::num::NonZeroUsize;
use std::process::ExitCode;

use mysql_pool::{fetch_concurrently, with_pool};
use recorder::timeline::option::TimelineOption;
use shared::mysql::Source;
use shared::output::OutputOption;
use shared::{cli, interrupt};
use tokio::task::spawn_blocking;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Fetches all users and the older ones at the same time, over a MySQL pool, and prints both lists
#[derive(clap::Parser)]
#[command(name = "3-mysql-pool", version)]
struct Arguments {
    /// The database, as mysql://user:password@host:port/database [default: the environment's DATABASE_URL; without it, a
    /// temporary MariaDB server with 12 sample users]
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// The maximum number of connections of the pool
    #[arg(long, value_name = "N", default_value = "10")]
    connections: NonZeroUsize,
    /// The second list holds the users who are older than this, in years
    #[arg(long, value_name = "AGE", default_value_t = 40)]
    older_than: u32,
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    timeline: TimelineOption,
}

fn main() -> ExitCode {
    cli::run(|arguments: Arguments| interrupt::run(work(arguments)))
}

async fn work(arguments: Arguments) -> Result<()> {
    let (connections, older_than) = (arguments.connections.get(), arguments.older_than);
    let fetch = async |url: &str| {
        with_pool(url, connections, async |pool| {
            fetch_concurrently(pool, older_than).await
        })
        .await
    };
    let (lists, server) = match Source::choose(arguments.database) {
        Some(_) if arguments.timeline.is_wanted() => return Err(server::NOT_RECORDED.into()),
        Some(source) => {
            let lists = fetch(&source.url).await;
            (lists.map_err(|error| source.explain(error)), None)
        }
        None => {
            let server = server::start(&arguments.timeline).await?;
            (fetch(&server.url()).await.map_err(Into::into), Some(server))
        }
    };
    // On another thread: the reader of the output may be slow, and a signal must still be handled.
    spawn_blocking(move || {
        server::end_and_print(server, &arguments.timeline, || {
            let (all, older) = lists?;
            Ok(arguments.output.two_lists(&all, &older, older_than)?)
        })
    })
    .await?
}
