//! The error of a temporary server that could not be started.

use std::{fmt, io, time::Duration};

/// Why a temporary server could not be started.
///
/// Its `Display` is a message, then a line with the help.
#[derive(Debug)]
pub enum Error {
    /// Neither `mariadbd` nor `mysqld` is on the PATH, or where packages put them.
    NotInstalled,
    /// A file or a process could not be created or used.
    Io {
        /// The operation that failed, to follow 'could not'.
        doing: &'static str,
        /// The operating system's error.
        source: io::Error,
    },
    /// The server, or the program that creates its tables, exited.
    Ended {
        /// The operation that failed, to follow 'could not'.
        doing: &'static str,
        /// The last lines of its log.
        log: String,
    },
    /// The server neither exited nor became ready.
    TooSlow {
        /// The time that was waited.
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
