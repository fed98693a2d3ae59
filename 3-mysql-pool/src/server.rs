//! The program's server: the one of the URL, or a temporary one.

use std::env;
use std::error::Error;
use std::time::Duration;

use recorder::timeline::option::TimelineOption;
use shared::cli::notice;
use temp_mariadb::TempServer;
use tokio::task::spawn_blocking;

use crate::Result;

const NOT_RECORDED: &str = "--timeline works only with the temporary server: it is drawn from the logs of the server, and \
     this program does not turn on the logs of another server\n\
     help: remove --database, and DATABASE_URL from the environment, to draw the timeline of a temporary server";

/// The longest time that the temporary server may take to notice that all connections are closed.
const CLOSED_TIMEOUT: Duration = Duration::from_secs(5);

pub struct Server {
    pub url: String,
    is_from_environment: bool,
    /// `None` if the URL was given.
    temporary: Option<TempServer>,
}

impl Server {
    /// Takes the URL from the option, or from the environment. Without one, starts a temporary server.
    pub async fn choose(option: Option<String>, timeline: &TimelineOption) -> Result<Server> {
        let from_environment = || env::var_os("DATABASE_URL").filter(|url| !url.is_empty());
        let is_from_environment = option.is_none();
        let given =
            option.or_else(|| from_environment().map(|url| url.to_string_lossy().into_owned()));
        if let Some(url) = given {
            if timeline.is_wanted() {
                return Err(NOT_RECORDED.into());
            }
            return Ok(Server {
                url,
                is_from_environment,
                temporary: None,
            });
        }
        timeline.try_out()?;
        notice("no --database and no DATABASE_URL: starting a temporary MariaDB server");
        let mut options = TempServer::options().run(shared::schema::mysql_sample());
        if timeline.is_wanted() {
            options = options.recorded();
        }
        let server = spawn_blocking(|| options.start()).await??;
        Ok(Server {
            url: server.url(),
            is_from_environment: false,
            temporary: Some(server),
        })
    }

    /// Adds to an error that the URL comes from the environment, because it may be another project's.
    pub fn explain(&self, error: mysql_pool::Error) -> Box<dyn Error + Send + Sync> {
        if self.is_from_environment {
            shared::mysql::from_environment(&error.to_string()).into()
        } else {
            error.into()
        }
    }

    /// Ends a temporary server, prints, and then draws the timeline, if it is wanted.
    pub fn end_and_print(
        self,
        timeline: &TimelineOption,
        print: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        let recorded = self.temporary.filter(|_| timeline.is_wanted());
        let drawn = recorded.map(|server| server.timeline_when_all_have_left(CLOSED_TIMEOUT));
        let printed = print();
        match drawn {
            Some(drawn) => timeline.show_after(printed, drawn.map_err(Into::into)),
            None => printed,
        }
    }
}
