//! The value of `--database`.

use shared::mysql::{Unusable, check_url};
use shared::redact_value;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use mysql_async::{Opts, UrlError};

/// A SQLite file, or a database of a MySQL or MariaDB server.
#[derive(Clone)]
pub enum Target {
    File(PathBuf),
    Server(Box<Opts>),
}

/// The outcome of a seeding that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The database is new.
    Made,
    /// The database already contained these users, and was not changed.
    WasThere,
}

impl Target {
    /// Reads the value of the option. The error never repeats it, because it may contain a password.
    pub fn parse(value: OsString) -> Result<Target, Unusable> {
        let Some(url) = value.to_str().filter(|text| text.contains("://")) else {
            return Ok(Target::File(value.into()));
        };
        check_url(url)?;
        let opts = Opts::from_url(url).map_err(|error| match error {
            UrlError::InvalidParamValue { param, .. } => Unusable::value_of(&param),
            UrlError::Parse(reason) => Unusable::unreadable(reason.to_string()),
            _ => Unusable::unreadable("it is not complete, or its options contradict each other"),
        })?;
        match opts.db_name() {
            None | Some("") => Err(Unusable::unreadable("it has no database name")),
            Some(_) => Ok(Target::Server(Box::new(opts))),
        }
    }
}

/// Shows neither the password nor the user.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::File(path) => write!(f, "{}", redact_value(&path.to_string_lossy())),
            Target::Server(opts) => write!(f, "{}", server_name(opts)),
        }
    }
}

/// Returns the table and its server, without the password.
pub fn server_name(opts: &Opts) -> String {
    let (host, port) = (opts.ip_or_hostname(), opts.tcp_port());
    format!(
        "the table `users` of `{}` on {host}:{port}",
        opts.db_name().unwrap_or_default()
    )
}
