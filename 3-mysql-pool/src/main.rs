//! Prints all users and the older ones, fetched at the same time from a MySQL or MariaDB server.

mod interrupt;

use std::env;
use std::error::Error;
use std::num::NonZeroUsize;
use std::process::ExitCode;

use mysql_pool::{fetch_concurrently, with_pool};
use shared::cli::{self, notice};
use shared::mariadb::Throwaway;
use shared::output::OutputOption;
use tokio::task::spawn_blocking;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Fetches all users and the older ones at the same time, over a MySQL pool, and prints both lists
#[derive(clap::Parser)]
#[command(name = "3-mysql-pool", version)]
struct Arguments {
    /// The database, as mysql://user:password@host:port/database [default: the environment's DATABASE_URL; without
    /// it a throwaway MariaDB server with 12 sample users]
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// How many connections the pool may open at most
    #[arg(long, value_name = "N", default_value = "10")]
    connections: NonZeroUsize,
    /// The second list holds the users who are older than this, in years
    #[arg(long, value_name = "AGE", default_value_t = 40)]
    older_than: u32,
    #[command(flatten)]
    output: OutputOption,
}

fn main() -> ExitCode {
    cli::run(|arguments: Arguments| interrupt::run(work(arguments)))
}

async fn work(arguments: Arguments) -> Result<()> {
    let from_environment = || env::var_os("DATABASE_URL").filter(|url| !url.is_empty());
    let given = arguments
        .database
        .or_else(|| from_environment().map(|url| url.to_string_lossy().into_owned()));
    let (url, server) = match given {
        Some(url) => (url, None),
        None => {
            notice("no --database and no DATABASE_URL: starting a throwaway MariaDB server");
            let server = spawn_blocking(Throwaway::start).await??;
            (server.url(), Some(server))
        }
    };
    let (connections, older_than) = (arguments.connections.get(), arguments.older_than);
    let (all, older) = with_pool(&url, connections, async |pool| {
        fetch_concurrently(pool, older_than).await
    })
    .await?;
    drop(server);
    // On another thread, for whoever reads may take his time, and a signal must still be heard.
    spawn_blocking(move || arguments.output.two_lists(&all, &older, older_than)).await??;
    Ok(())
}
