//! Reads a database's URL.

use mysql_async::{Opts, UrlError};
use shared::mysql::{Unusable, check_url};

use crate::error::{ErrorKind, Result};

/// Where a database is, without the password.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub name: String,
    /// Whether its connections are encrypted.
    pub is_encrypted: bool,
}

impl Database {
    /// Reads a URL.
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

/// The driver's own messages are not shown where they repeat a part of the URL: it may be the password.
fn parse(url: &str) -> std::result::Result<Opts, Unusable> {
    check_url(url)?;
    Opts::from_url(url).map_err(|error| match error {
        UrlError::InvalidParamValue { param, .. } => Unusable::value_of(&param),
        UrlError::Parse(reason) => Unusable::unreadable(reason.to_string()),
        _ => Unusable::unreadable("it is not complete, or its options contradict each other"),
    })
}

/// The host without the brackets that an IPv6 address has in a URL: the driver would look for a host of that name.
pub(crate) fn host(options: &Opts) -> &str {
    options
        .ip_or_hostname()
        .trim_start_matches('[')
        .trim_end_matches(']')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_driver_knows_every_option_that_passes_the_check() {
        for option in shared::mysql::OPTIONS {
            let read = Opts::from_url(&format!("mysql://localhost/school?{option}=1"));
            assert!(
                !matches!(read, Err(UrlError::UnknownParameter { .. })),
                "{option}"
            );
        }
    }
}
