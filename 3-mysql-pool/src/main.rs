//! Prints all users and the older ones, fetched at the same time from a MySQL or MariaDB server.

mod interrupt;

use std::env;
use std::error::Error;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::time::Duration;

use mysql_pool::{fetch_concurrently, with_pool};
use recorder::timeline::option::TimelineOption;
use shared::cli::{self, notice};
use shared::output::OutputOption;
use temp_mariadb::TempServer;
use tokio::task::spawn_blocking;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Fetches all users and the older ones at the same time, over a MySQL pool, and prints both lists
#[derive(clap::Parser)]
#[command(name = "3-mysql-pool", version)]
struct Arguments {
    /// The database, as mysql://user:password@host:port/database [default: the environment's DATABASE_URL; without
    /// it a temporary MariaDB server with 12 sample users]
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
    #[command(flatten)]
    timeline: TimelineOption,
}

const NOT_RECORDED: &str = "--timeline is drawn from the server's own logs, which are switched on for a whole server: \
     this program does that to none but its own\n\
     help: leave out --database, and DATABASE_URL in the environment, to draw a temporary server's timeline";

/// How long the server may take to notice that all connections have been closed.
const LAST_WORDS: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    cli::run(|arguments: Arguments| interrupt::run(work(arguments)))
}

async fn work(arguments: Arguments) -> Result<()> {
    let from_environment = || env::var_os("DATABASE_URL").filter(|url| !url.is_empty());
    let has_option = arguments.database.is_some();
    let given = arguments
        .database
        .or_else(|| from_environment().map(|url| url.to_string_lossy().into_owned()));
    let is_from_environment = !has_option && given.is_some();
    let is_recorded = arguments.timeline.is_wanted();
    let (url, server) = match given {
        Some(_) if is_recorded => return Err(NOT_RECORDED.into()),
        Some(url) => (url, None),
        None => {
            arguments.timeline.try_out()?;
            notice("no --database and no DATABASE_URL: starting a temporary MariaDB server");
            let options = TempServer::options().run(shared::schema::mysql_sample());
            let options = if is_recorded {
                options.recorded()
            } else {
                options
            };
            let server = spawn_blocking(|| options.start()).await??;
            (server.url(), Some(server))
        }
    };
    let (connections, older_than) = (arguments.connections.get(), arguments.older_than);
    let lists = with_pool(&url, connections, async |pool| {
        fetch_concurrently(pool, older_than).await
    })
    .await
    .map_err(|error| match is_from_environment {
        true => from_the_environment(&error),
        false => error.into(),
    });
    // On another thread, for whoever reads may take his time, and a signal must still be heard.
    spawn_blocking(move || {
        let timeline = server
            .filter(|_| is_recorded)
            .map(|server| server.timeline_when_all_have_left(LAST_WORDS));
        let printed = lists
            .and_then(|(all, older)| Ok(arguments.output.two_lists(&all, &older, older_than)?));
        match timeline {
            Some(timeline) => arguments
                .timeline
                .show_after(printed, timeline.map_err(Into::into)),
            None => printed,
        }
    })
    .await?
}

/// Adds to an error where the URL comes from: it may be another project's.
fn from_the_environment(error: &mysql_pool::Error) -> Box<dyn Error + Send + Sync> {
    let text = error.to_string();
    let (message, help) = text.split_once("\nhelp: ").unwrap_or((&text, ""));
    let separator = if help.is_empty() { "" } else { "; " };
    format!(
        "{message} (the URL is the environment's DATABASE_URL)\nhelp: {help}{separator}give another with `--database \
         URL`, or unset the variable to use a temporary server: `env -u DATABASE_URL 3-mysql-pool`"
    )
    .into()
}
