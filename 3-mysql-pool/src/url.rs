//! Reads a database's URL.

use std::fmt;

use mysql_async::{Opts, UrlError};
use shared::mysql::{Unusable, check_url};

use crate::error::{ErrorKind, Result};

/// The parts of a URL, without the password.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub name: String,
    /// True if the URL requires encryption.
    pub is_encrypted: bool,
}

impl Database {
    /// Reads a URL. Returns the driver's options, which contain the password, and the parts that a message may show.
    pub fn read(url: &str) -> Result<(Opts, Database)> {
        let options = parse(url).map_err(ErrorKind::Url)?;
        let database = Database {
            host: host(&options).to_owned(),
            port: options.tcp_port(),
            user: options.user().unwrap_or_default().to_owned(),
            name: options.db_name().unwrap_or_default().to_owned(),
            is_encrypted: options.ssl_opts().is_some(),
        };
        Ok((options, database))
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Database { host, port, .. } = self;
        // Escaped, because the percent-decoded names may contain a line break.
        let (user, name) = (self.user.escape_debug(), self.name.escape_debug());
        write!(f, "database `{name}` at {host}:{port}, as user `{user}`")
    }
}

/// Replaces those messages of the driver that repeat a part of the URL, because that may be the password.
fn parse(url: &str) -> std::result::Result<Opts, Unusable> {
    check_url(url)?;
    Opts::from_url(url).map_err(|error| match error {
        UrlError::InvalidParamValue { param, .. } => Unusable::value_of(&param),
        UrlError::Parse(reason) => Unusable::unreadable(reason.to_string()),
        _ => Unusable::unreadable("it is not complete, or its options contradict each other"),
    })
}

/// Returns the host without the brackets of an IPv6 address. The driver would look up a host name with brackets.
pub(crate) fn host(options: &Opts) -> &str {
    options
        .ip_or_hostname()
        .trim_start_matches('[')
        .trim_end_matches(']')
}
