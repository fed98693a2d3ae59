//! Reads what happened on the server's connections from its logs.
//!
//! The general log has each connection's begin and end and each statement's begin, the slow log each statement's
//! duration and rows. Both are tables of the CSV storage engine, which are files that [other programs may
//! read](https://mariadb.com/docs/server/server-management/server-monitoring-logs/writing-logs-into-tables), and a row
//! is in its file before the server goes on (`ha_tina::write_row` in MariaDB's storage/csv/ha_tina.cc). So nothing here
//! opens a connection, which would appear in the log. Everything else about the logs was observed with MariaDB
//! 10.11.19.

pub(super) mod failures;
mod prepared;
mod rows;
mod sessions;
#[cfg(test)]
mod tests;

use super::{
    TempServer,
    error::{Doing, Error},
};
use recorder::timeline::Timeline;
use std::{
    fs::{self, File},
    io,
    path::Path,
    thread,
    time::{Duration, Instant, SystemTime},
};

pub(super) const ARGUMENTS: [&str; 4] = [
    "--log-output=TABLE",
    "--general-log=1",
    "--slow-query-log=1",
    "--long-query-time=0",
];

/// SQL to run when the tables have been created. In MariaDB their columns hold only characters of up to three bytes.
pub(super) const TABLES: &str = "
ALTER TABLE mysql.general_log MODIFY argument MEDIUMTEXT CHARACTER SET utf8mb4 NOT NULL;
ALTER TABLE mysql.slow_log MODIFY sql_text MEDIUMTEXT CHARACTER SET utf8mb4 NOT NULL;
";

const GENERAL: &str = "server/data/mysql/general_log.CSV";
const SLOW: &str = "server/data/mysql/slow_log.CSV";
const FAILURES: &str = "server/data/sql_errors.log";

/// The text of the logs, and when they were read.
#[derive(Default)]
struct Logs {
    /// The server's variables.
    own: String,
    general: String,
    slow: String,
    failures: String,
    /// Since the beginning of 1970, like all times in the logs.
    now: Duration,
}

/// Empties the logs of a server that has ended. The next one counts its connections from 1 again.
pub(super) fn begin_anew(folder: &Path) -> io::Result<()> {
    for path in [GENERAL, SLOW, FAILURES].map(|file| folder.join(file)) {
        if path.exists() {
            File::create(path)?;
        }
    }
    Ok(())
}

impl TempServer {
    /// Returns what has happened on the server's connections since its last start, as far as its logs show it. For a
    /// server that was started as [`recorded`](super::Options::recorded).
    ///
    /// A statement is `Interrupted` if a `KILL` for it came while it ran. It is `Failed` if the plugin SQL_ERROR_LOG
    /// says so. Without the plugin, which is in the package `mariadb-server` but not in `mariadb-server-core`, a
    /// statement that failed looks like one that ran to its end.
    ///
    /// The server does not log everything:
    ///
    /// - The end of a connection that was cut is the earliest possible time. If its client disappeared, the log has the
    ///   second; if it was killed, the time of the `KILL`.
    /// - A statement whose connection was killed, or whose session changed `slow_query_log` or `timestamp`, ends at the
    ///   next event of its connection.
    /// - If a session sets a `time_zone` other than UTC, its times are wrong by the difference.
    /// - Of several statements in one text, those after the first appear when they have ended.
    /// - A statement that was refused during the preparation, and a command without a text, such as a ping, is missing.
    /// - A connection to a database that does not exist, or whose server was [killed](TempServer::kill), stays open.
    /// - Blanks and semicolons at the end of a statement are missing.
    ///
    /// # Errors
    ///
    /// When the logs cannot be read.
    ///
    /// # Panics
    ///
    /// When the server was not started as recorded.
    pub fn timeline(&self) -> Result<Timeline, Error> {
        self.timeline_where(|_| true)
    }

    /// Returns the [`timeline`](TempServer::timeline) of the connections of one user. Its times count from the opening of
    /// the first of them. So a test can use another user, and does not see its own connections.
    ///
    /// ```
    /// use temp_mariadb::TempServer;
    ///
    /// # fn main() -> Result<(), temp_mariadb::Error> {
    /// let server = TempServer::options().recorded().start()?;
    /// // ... connect to server.url() as the user `temp`, and as others ...
    /// assert!(server.timeline_of("temp")?.connections.is_empty());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`timeline`](TempServer::timeline).
    ///
    /// # Panics
    ///
    /// As [`timeline`](TempServer::timeline).
    pub fn timeline_of(&self, user: &str) -> Result<Timeline, Error> {
        // `[user] @ host [address]`, or `user[user] @ host [address]`.
        let name = format!("[{user}] @ ");
        self.timeline_where(|user_and_host| user_and_host.contains(&name))
    }

    fn timeline_where(&self, is_wanted: impl Fn(&str) -> bool) -> Result<Timeline, Error> {
        assert!(
            self.recorded,
            "a server has a timeline if it was started with Options::recorded"
        );
        let doing = "read the server's logs";
        let logs = self.read_logs().doing(doing)?;
        let unknown = || io::Error::new(io::ErrorKind::InvalidData, "a row of an unknown kind");
        logs.timeline(is_wanted).ok_or_else(unknown).doing(doing)
    }

    /// Returns the [`timeline`](TempServer::timeline) when all connections are closed. The server may notice that a
    /// client has quit a moment after the client has continued.
    ///
    /// Waits for `limit` at most, then returns what is known: a connection that is still open has no end. Blocks the
    /// thread.
    ///
    /// ```
    /// use temp_mariadb::TempServer;
    /// use std::time::Duration;
    ///
    /// # fn main() -> Result<(), temp_mariadb::Error> {
    /// let server = TempServer::options().recorded().start()?;
    /// // ... connect to server.url(), and leave ...
    /// let timeline = server.timeline_when_all_have_left(Duration::from_secs(5))?;
    /// assert_eq!(timeline.open_connections(), 0);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`timeline`](TempServer::timeline).
    ///
    /// # Panics
    ///
    /// As [`timeline`](TempServer::timeline).
    pub fn timeline_when_all_have_left(&self, limit: Duration) -> Result<Timeline, Error> {
        let begun = Instant::now();
        loop {
            let timeline = self.timeline()?;
            if timeline.open_connections() == 0 || begun.elapsed() >= limit {
                return Ok(timeline);
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// The log that is written first is read last: a connection that has ended has all its statements in the general
    /// log, and a statement that is followed by another has its end in the slow log.
    fn read_logs(&self) -> io::Result<Logs> {
        let read = |file| fs::read(self.folder().join(file));
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let own = read("log")?;
        let (general, slow) = (read(GENERAL)?, read(SLOW)?);
        let failures = match read(FAILURES) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(), // the plugin is not installed
            failures => failures?,
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Logs {
            own: text(own.get(self.process.read..).unwrap_or_default()),
            general: text(&general),
            slow: text(&slow),
            failures: text(&failures),
            now: now.unwrap_or_default(),
        })
    }
}
