//! The temporary server of the program, and the timeline that is drawn from its logs.

use std::time::Duration;

use recorder::timeline::option::TimelineOption;
use shared::cli::notice;
use temp_mariadb::TempServer;
use tokio::task::spawn_blocking;

use crate::Result;

/// The error of `--timeline` with a URL.
pub const NOT_RECORDED: &str = "--timeline works only with the temporary server: it is drawn from the logs of the server, and \
     this program does not turn on the logs of another server\n\
     help: remove --database, and DATABASE_URL from the environment, to draw the timeline of a temporary server";

/// The longest time that the server may take to notice that all connections are closed.
const CLOSED_TIMEOUT: Duration = Duration::from_secs(5);

/// Starts the server, with the sample users.
pub async fn start(timeline: &TimelineOption) -> Result<TempServer> {
    timeline.try_out()?;
    notice("no --database and no DATABASE_URL: starting a temporary MariaDB server");
    let mut options = TempServer::options().run(shared::schema::mysql_sample());
    if timeline.is_wanted() {
        options = options.recorded();
    }
    Ok(spawn_blocking(|| options.start()).await??)
}

/// Ends the server, prints, and then draws the timeline, if it is wanted.
pub fn end_and_print(
    server: Option<TempServer>,
    timeline: &TimelineOption,
    print: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let recorded = server.filter(|_| timeline.is_wanted());
    let drawn = recorded.map(|server| server.timeline_when_all_have_left(CLOSED_TIMEOUT));
    let printed = print();
    match drawn {
        Some(drawn) => timeline.show_after(printed, drawn.map_err(Into::into)),
        None => printed,
    }
}
