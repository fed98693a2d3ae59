//! The errors of seed, with their help.

use std::fmt;

use shared::sqlite;

/// An error. Its text is one short message and a line that begins with `help:`.
#[derive(Debug)]
pub enum Error {
    /// The database contains data that seed did not create, or is not a database.
    Refused {
        database: String,
        what: String,
        help: &'static str,
    },
    /// A SQLite file could not be read or written.
    Sqlite(sqlite::Error),
    /// A server could not be reached, or refused a request.
    Server {
        doing: &'static str,
        server: String,
        reason: String,
        help: &'static str,
    },
    /// A signal asked the program to end.
    Stopped { database: String },
}

/// The help for a database that only `--force` replaces.
pub const FORCE: &str = "use another database, or pass --force to replace this one";

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Refused {
                database,
                what,
                help,
            } => {
                write!(f, "{database} was not changed: {what}\nhelp: {help}")
            }
            Error::Sqlite(error) => error.fmt(f),
            Error::Server {
                doing,
                server,
                reason,
                help,
            } => {
                write!(f, "could not {doing} {server}: {reason}\nhelp: {help}")
            }
            Error::Stopped { database } => write!(
                f,
                "stopped by a signal; {database} is unchanged or complete\nhelp: run the command again to fill it"
            ),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Sqlite(error) => Some(error),
            _ => None,
        }
    }
}

impl From<sqlite::Error> for Error {
    fn from(error: sqlite::Error) -> Self {
        Error::Sqlite(error)
    }
}
