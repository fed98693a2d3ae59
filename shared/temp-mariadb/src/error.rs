//! Why there is no temporary server.

use std::{fmt, io, time::Duration};

/// Why a temporary server could not be started.
///
/// Its `Display` is a message and, on a line of its own, what to do about it.
#[derive(Debug)]
pub enum Error {
    /// Neither `mariadbd` nor `mysqld` is on the PATH, or where packages put them.
    NotInstalled,
    /// A file or a process of ours could not be had.
    Io {
        /// What was being done, as in 'could not …'.
        doing: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
    /// The server, or the program that creates its tables, ended by itself.
    Ended {
        /// What was being done, as in 'could not …'.
        doing: &'static str,
        /// The last lines of its log.
        log: String,
    },
    /// The server neither ended nor said that it is ready.
    TooSlow {
        /// How long it was waited for.
        waited: Duration,
        /// The last lines of its log.
        log: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NotInstalled => f.write_str(
                "no MariaDB server is installed: neither mariadbd nor mysqld is on the PATH\n\
                 help: install one: `apt install mariadb-server` (Debian, Ubuntu), `dnf install mariadb-server` \
                 (Fedora), `brew install mariadb` (macOS); or use your own server: \
                 `--database mysql://user:password@host:port/database`",
            ),
            Error::Io { doing, source } => write!(
                f,
                "could not {doing}: {source}\n\
                 help: check that the temporary folder exists and can be written to, or set TMPDIR to another folder"
            ),
            Error::Ended { doing, log } => write!(
                f,
                "could not {doing}: the MariaDB server exited\n\
                 help: read the last lines of its log:\n{log}"
            ),
            Error::TooSlow { waited, log } => write!(
                f,
                "the MariaDB server was not ready within {} seconds\n\
                 help: read the last lines of its log:\n{log}",
                waited.as_secs()
            ),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// Says what was being done when an input or output failed.
pub(super) trait Doing<T> {
    fn doing(self, what: &'static str) -> Result<T, Error>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, what: &'static str) -> Result<T, Error> {
        self.map_err(|source| Error::Io {
            doing: what,
            source,
        })
    }
}
