//! The errors of this crate. Each has a message and a line of help.

use std::borrow::Cow;
use std::{fmt, result};

use mysql_async::{DriverError, IoError};
use shared::mysql::{self, Unusable};

use crate::url::Database;
use crate::{CONNECT_TIMEOUT, DISCONNECT_TIMEOUT};

/// The result of this crate's functions.
pub type Result<T> = result::Result<T, Error>;

/// An error, and the database on which it happened.
///
/// Its `Display` is a message, and a second line that starts with `help: ` and says what to do. Neither `Display` nor `Debug`
/// nor any `source()` contains the password of a URL.
#[derive(Debug)]
pub struct Error {
    // Boxed to keep `Result` small.
    inner: Box<Inner>,
}

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    database: Option<Database>,
    /// A second error, from cleaning up after the first.
    then: Option<Error>,
}

/// The kinds of errors.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A pool of 0 connections was requested.
    NoConnections,
    /// The URL cannot be read.
    Url(Unusable),
    /// There is no Tokio runtime to run on.
    NoRuntime,
    /// The server did not answer in time.
    NoAnswer,
    /// An error of the driver or of the server.
    Driver(mysql_async::Error),
    /// A value does not fit into a `User`.
    Misfit {
        /// The column's name.
        column: &'static str,
        /// The expected type.
        wanted: &'static str,
        /// The value found.
        found: String,
        /// The row.
        row: String,
    },
    /// A connection was not returned to the pool in time.
    StillOut,
    /// A cancelled query could not be stopped on the server, and its connection was cut.
    NotStopped,
    /// The query was cancelled.
    Cancelled,
}

impl Error {
    /// Returns the kind of the error.
    pub fn kind(&self) -> &ErrorKind {
        &self.inner.kind
    }

    /// Adds the database, unless the error has one.
    pub(crate) fn on(mut self, database: Database) -> Error {
        self.inner.database.get_or_insert(database);
        self
    }

    /// Adds a second error, from cleaning up.
    pub(crate) fn and(mut self, then: Option<Error>) -> Error {
        self.inner.then = then.or(self.inner.then.take());
        self
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::Cancelled)
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Error {
        let (database, then) = (None, None);
        let inner = Box::new(Inner {
            kind,
            database,
            then,
        });
        Error { inner }
    }
}

impl From<mysql_async::Error> for Error {
    fn from(error: mysql_async::Error) -> Error {
        ErrorKind::Driver(error).into()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.inner.kind {
            ErrorKind::Driver(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let database = self.inner.database.as_ref();
        let (message, help) = self.inner.kind.message_and_help(database);
        f.write_str(&message)?;
        if let Some(database) = database {
            write!(f, " ({database})")?;
        }
        if let Some(then) = &self.inner.then {
            let (message, _) = then.inner.kind.message_and_help(database);
            write!(f, "; and then: {message}")?;
        }
        write!(f, "\nhelp: {help}")
    }
}

impl ErrorKind {
    fn message_and_help(&self, database: Option<&Database>) -> (String, Cow<'_, str>) {
        let [connect, disconnect] =
            [CONNECT_TIMEOUT, DISCONNECT_TIMEOUT].map(|limit| limit.as_secs());
        let (message, help) = match self {
            ErrorKind::Url(Unusable { reason, help }) => {
                let message = format!("the database's URL cannot be read: {reason}");
                return (message, help.into());
            }
            ErrorKind::NoConnections => (
                "a pool of 0 connections can run no query".into(),
                "ask for 1 connection or more",
            ),
            ErrorKind::NoRuntime => (
                "there is no Tokio runtime here".into(),
                "call it from `#[tokio::main]`, or inside `tokio::runtime::Runtime::block_on`",
            ),
            ErrorKind::NoAnswer => (
                format!("the server did not answer within {connect} seconds"),
                mysql::NO_ANSWER,
            ),
            ErrorKind::Driver(error) => of_driver(error, database),
            ErrorKind::Misfit {
                column,
                wanted,
                found,
                row,
            } => (
                format!("the column `{column}` of {row} is not {wanted}: it is {found}"),
                "correct the row, or the column's type, in the table `users`",
            ),
            ErrorKind::StillOut => (
                format!(
                    "a connection of the pool was still in use {disconnect} seconds after the body ended"
                ),
                "drop every connection before the body ends: do not return one, and await the Tokio tasks that hold one",
            ),
            ErrorKind::NotStopped => (
                "a cancelled query could not be stopped on the server, so its connection was cut"
                    .into(),
                "the server may run the query to its end; give the user the right to see and kill its connections, and \
                 connect without a load balancer or proxy",
            ),
            ErrorKind::Cancelled => (
                "the query was cancelled".into(),
                "wait for the query before the runtime shuts down",
            ),
        };
        (message, help.into())
    }
}

fn of_driver(error: &mysql_async::Error, database: Option<&Database>) -> (String, &'static str) {
    use mysql_async::Error::{Driver, Io, Other, Server};
    match error {
        Server(error) => {
            let (text, code) = (error.message.trim_end(), error.code);
            let is_encrypted = database.is_some_and(|database| database.is_encrypted);
            let help = mysql::help_for_server_error(code, is_encrypted);
            (format!("the server says: {text} (error {code})"), help)
        }
        Io(error) => {
            // The text of the driver's error repeats "Input/output error".
            let reason = match error {
                IoError::Io(error) => error.to_string(),
                IoError::Tls(error) => error.to_string(),
            };
            if matches!(error, IoError::Tls(_)) || reason.contains("invalid peer certificate") {
                let message = format!("the server's certificate is not trusted: {reason}");
                return (message, mysql::help_for_certificate(&reason));
            }
            (
                format!("the connection failed: {reason}"),
                "check that the server runs, and check host and port; if the server was restarted, try again",
            )
        }
        Driver(DriverError::NoClientSslFlagFromServer) => (
            "the URL requires TLS, but the server does not offer it".into(),
            "give the server a certificate (`ssl_cert`, `ssl_key`), or remove `require_ssl=true` from the URL",
        ),
        Driver(DriverError::PoolDisconnected) => (
            "the pool has been disconnected".into(),
            "use the pool only inside the body of `with_pool`",
        ),
        Driver(DriverError::ConnectionClosed) => (
            "the connection is closed".into(),
            "the server has closed it; try again",
        ),
        Other(error) => (
            error.to_string(),
            "this error comes from the body of `with_pool`",
        ),
        other => (
            other.to_string(),
            "this error comes from the driver; see its documentation at https://docs.rs/mysql_async",
        ),
    }
}
