//! URLs of MySQL databases, and help for an invalid URL or a server that refuses the client.
//!
//! Task 3 and `seed` use these messages, because both use mysql_async. No message contains a part of a URL that may be
//! a password.

use std::error::Error;
use std::fmt;

/// The reason why a URL cannot be used, and the help. `Display` puts the help on a line that begins with `help: `.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// The problem with the URL.
    pub reason: String,
    /// The way to fix it.
    pub help: String,
}

/// The help for a server that does not answer in time.
pub const NO_ANSWER: &str = "check the host and port, that a MySQL or MariaDB server listens there, and that no firewall blocks \
     it; a server that was asleep, or that looks up the names of its clients, may be slow only the first time: try \
     again (`skip_name_resolve` turns the lookups off)";

/// The help for a server that refuses a user whose connection is not encrypted.
pub const ACCESS_DENIED: &str = "check the user, the password and the user's privileges on that server; a server or an \
     account that requires TLS reports the same error: add `?require_ssl=true` to the URL, or \
     `?require_ssl=true&verify_ca=false` for a certificate that no public authority has signed";

/// The help for a server that refuses a user whose connection is encrypted.
pub const ACCESS_DENIED_OVER_TLS: &str = "check the user, the password and the user's privileges on that server; an account \
     that requires a client certificate is not supported";

/// The help for a server that accepts encrypted connections only.
pub const TLS_REQUIRED: &str = "add `?require_ssl=true` to the URL, or `?require_ssl=true&verify_ca=false` for a \
     certificate that no public authority has signed";

/// The help for the syntax of a URL.
const FORM: &str = "write it as `mysql://user:password@host:port/database`; write a special character in the user or the \
     password as % and two hexadecimal digits: %40 for @, %2F for /, %3A for :, %3F for ?, %23 for #, %25 for %";

/// The options that mysql_async knows.
pub const OPTIONS: [&str; 23] = [
    "abs_conn_ttl",
    "abs_conn_ttl_jitter",
    "built_in_roots",
    "client_found_rows",
    "compression",
    "conn_ttl",
    "enable_cleartext_plugin",
    "inactive_connection_ttl",
    "max_allowed_packet",
    "pool_max",
    "pool_min",
    "prefer_socket",
    "require_ssl",
    "reset_connection",
    "secure_auth",
    "socket",
    "stmt_cache_size",
    "tcp_keepalive",
    "tcp_nodelay",
    "ttl_check_interval",
    "verify_ca",
    "verify_identity",
    "wait_timeout",
];

/// Options of other libraries, in lower case without `-` and `_`, each with the help for it.
const FOREIGN: [(&[&str], &str); 9] = [
    (
        &[
            "ssl",
            "sslaccept",
            "sslmode",
            "sslverify",
            "tls",
            "tlsmode",
            "usessl",
            "verifyservercertificate",
        ],
        "write `require_ssl=true`, which also checks the certificate, or `require_ssl=true&verify_ca=false` for any \
         certificate",
    ),
    (
        &[
            "cacert",
            "sslca",
            "sslcapath",
            "sslcert",
            "sslidentity",
            "sslkey",
            "sslpassword",
            "sslrootcert",
            "tlsca",
            "trustcertificatekeystoreurl",
        ],
        "leave it out: no certificate file can be given; `require_ssl=true` trusts public authorities, \
         `require_ssl=true&verify_ca=false` any certificate",
    ),
    (
        &[
            "characterencoding",
            "characterset",
            "charset",
            "collation",
            "connectioncollation",
            "encoding",
            "useunicode",
        ],
        "leave it out: the connection always uses utf8mb4",
    ),
    (
        &[
            "adapter",
            "dialect",
            "driver",
            "mariadbversion",
            "mysqlversion",
            "serverversion",
            "version",
        ],
        "leave it out: the server reports its version",
    ),
    (
        &[
            "connectiontimezone",
            "loc",
            "parsetime",
            "servertimezone",
            "timezone",
            "zerodatetimebehavior",
        ],
        "leave it out: the table `users` has no dates",
    ),
    (
        &[
            "connectionlimit",
            "connections",
            "maxconnections",
            "maxoverflow",
            "maxpoolsize",
            "maxsize",
            "minconnections",
            "minpoolsize",
            "minsize",
            "pool",
            "poolrecycle",
            "poolsize",
            "pooltimeout",
        ],
        "leave it out: `3-mysql-pool` has the option `--connections N`",
    ),
    (
        &[
            "acquiretimeout",
            "connectiontimeout",
            "connecttimeout",
            "readtimeout",
            "sockettimeout",
            "timeout",
            "writetimeout",
        ],
        "leave it out: connecting takes at most 5 seconds, and a query has no limit",
    ),
    (&["socketpath", "unixsocket"], "write `socket=PATH`"),
    (
        &[
            "db", "database", "host", "passwd", "password", "port", "user", "username",
        ],
        "write it before the `?`, as in `mysql://user:password@host:port/database`",
    ),
];

impl Unusable {
    /// Returns the error for a text that is not a valid URL.
    pub fn unreadable(reason: impl Into<String>) -> Unusable {
        Unusable {
            reason: reason.into(),
            help: FORM.to_owned(),
        }
    }

    /// Returns the error for an invalid value of an option that mysql_async knows.
    pub fn value_of(option: &str) -> Unusable {
        Unusable {
            reason: format!("its option `{option}` has an invalid value"),
            help: "write `true` or `false`, or a number, depending on the option, or leave the option out"
                .to_owned(),
        }
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nhelp: {}", self.reason, self.help)
    }
}

impl Error for Unusable {}

/// Checks that a text begins like a URL of a MySQL database, that its password is percent-encoded, and that mysql_async
/// knows its options.
///
/// ```
/// let wrong = shared::mysql::check_url("mysql://ada:secret@localhost/school?charset=utf8mb4").unwrap_err();
/// assert_eq!(wrong.reason, "it has the unknown option `charset`");
/// assert_eq!(wrong.help, "`charset`: leave it out: the connection always uses utf8mb4");
/// ```
///
/// # Errors
///
/// When one of these is not true. A text that passes may still be an invalid URL.
pub fn check_url(url: &str) -> Result<(), Unusable> {
    let scheme = url
        .split_once("://")
        .map(|(scheme, _)| scheme.to_ascii_lowercase());
    let rest = match scheme.as_deref() {
        Some("mysql") => &url["mysql://".len()..],
        Some(scheme) if scheme.contains("mysql") || scheme.contains("mariadb") => {
            return Err(Unusable {
                reason: "it does not begin with `mysql://`".to_owned(),
                help: "write `mysql://` before the user or the host, and nothing before it"
                    .to_owned(),
            });
        }
        _ => return Err(Unusable::unreadable("it does not begin with `mysql://`")),
    };
    // A `/`, `?` or `#` in the password ends the host for a parser. The parser takes the rest for a database or an
    // option, and a message would show it. In that case an `@` comes after it.
    let (authority, after) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if after.contains('@') {
        return Err(Unusable::unreadable(
            "it has an `@` after its first `/`, `?` or `#`",
        ));
    }
    let query = after
        .split('#')
        .next()
        .and_then(|after| after.split_once('?'));
    let options = query.map_or("", |(_, query)| query).split('&');
    let unknown: Vec<(String, &str)> = options
        .filter(|option| !option.is_empty())
        .map(|option| option.split('=').next().unwrap_or_default())
        .enumerate()
        .filter(|(_, name)| !OPTIONS.contains(name))
        .map(|(position, name)| (shown(name, position, authority), advice(name)))
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = unknown.iter().map(|(name, _)| &**name).collect();
    let helps: Vec<String> = unknown
        .iter()
        .map(|(name, advice)| format!("{name}: {advice}"))
        .collect();
    Err(Unusable {
        reason: format!(
            "it has the unknown option{} {}",
            if names.len() == 1 { "" } else { "s" },
            names.join(" and ")
        ),
        help: helps.join("; "),
    })
}

/// Returns the help for an error of the server, by its number.
pub fn help_for_server_error(code: u16, is_encrypted: bool) -> &'static str {
    match code {
        1045 | 1698 if is_encrypted => ACCESS_DENIED_OVER_TLS,
        1045 | 1698 => ACCESS_DENIED,
        1044 => "check the database's name, and grant that user SELECT on it",
        3159 => TLS_REQUIRED,
        1049 => "check the database's name, or create it with `CREATE DATABASE`",
        1046 => {
            "name the database at the end of the URL: `mysql://user:password@host:port/database`"
        }
        // This node of a cluster has lost the majority of the others, or has not joined them yet.
        1047 => {
            "this node has lost its cluster: try again, and let the load balancer check the nodes' state"
        }
        1146 => "create and fill the table: `seed --database URL`",
        1054 => "the table `users` needs the columns id, name, email and age",
        1142 | 1143 => "grant that user SELECT on the table `users`",
        1040 | 1203 | 1226 => {
            "the server has too many connections: use fewer connections, or try again later"
        }
        _ => "this message comes from the server; look up the number in its manual",
    }
}

/// A URL, and whether it comes from the environment.
pub struct Source {
    /// The URL, which may be invalid.
    pub url: String,
    is_environment: bool,
}

impl Source {
    /// Takes the URL from a program's option, or from the environment's `DATABASE_URL`, unless that is empty.
    pub fn choose(option: Option<String>) -> Option<Source> {
        let is_environment = option.is_none();
        let from_environment = || {
            let url = std::env::var_os("DATABASE_URL").filter(|url| !url.is_empty())?;
            Some(url.to_string_lossy().into_owned())
        };
        let url = option.or_else(from_environment)?;
        Some(Source {
            url,
            is_environment,
        })
    }

    /// Adds to an error that the URL comes from the environment, because it may be another project's.
    pub fn explain<E: Into<Box<dyn Error + Send + Sync>>>(
        &self,
        error: E,
    ) -> Box<dyn Error + Send + Sync> {
        let error = error.into();
        if !self.is_environment {
            return error;
        }
        let text = error.to_string();
        let (message, help) = text.split_once("\nhelp: ").unwrap_or((&text, ""));
        let separator = if help.is_empty() { "" } else { "; " };
        format!(
            "{message} (the URL comes from the environment's DATABASE_URL)\nhelp: {help}{separator}give another URL with \
             `--database URL`, or unset the variable to use a temporary server: `env -u DATABASE_URL 3-mysql-pool`"
        )
        .into()
    }
}

/// Returns the help for a certificate that the TLS library refused for this reason.
pub fn help_for_certificate(reason: &str) -> &'static str {
    // `verify_ca=false` is no help for a certificate that is refused even with it.
    if reason.contains("UnsupportedCertVersion") {
        "the certificate has X.509 version 1, which no option of the URL accepts; create one of version 3 for the \
         server: `openssl x509 -req -extfile FILE …`, where FILE has the line `subjectAltName = DNS:HOST`"
    } else if [
        "BadSignature",
        "UnsupportedSignature",
        "BadEncoding",
        "PeerIncompatible",
        "HandshakeFailure",
    ]
    .iter()
    .any(|refused| reason.contains(refused))
    {
        "server and client share no algorithm, or the certificate is damaged: give the server TLS 1.2 or 1.3 \
         and a new certificate of version 3, with an ECDSA key or an RSA key of at least 2048 bits"
    } else if reason.contains("NotValidForName") {
        "write the host as in the certificate, or add `&verify_identity=false` to the URL to accept any name"
    } else {
        "give the server a certificate that a public authority has signed for the host in the URL, or add \
         `&verify_ca=false` to the URL: the connection is then encrypted, but nothing proves which server answers"
    }
}

/// Returns an option's name for a message. If the URL has no host yet, the option may be part of the password: then
/// only a known name is shown.
fn shown(name: &str, position: usize, authority: &str) -> String {
    let ends_before = authority.contains('@') || !authority.contains(':');
    let is_plain = !name.is_empty()
        && name.len() <= 40
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    if foreign(name).is_some() || ours(name).is_some() || ends_before && is_plain {
        format!("`{name}`")
    } else {
        format!("number {}", position + 1)
    }
}

fn advice(name: &str) -> &'static str {
    if let Some(advice) = foreign(name) {
        return advice;
    }
    // An option of mysql_async in another spelling.
    match ours(name) {
        Some("require_ssl") => "write `require_ssl`",
        Some("verify_ca") => "write `verify_ca`",
        Some("verify_identity") => "write `verify_identity`",
        Some(_) => "write it in small letters, with `_` between its words",
        None => {
            "leave it out; known options are `require_ssl`, `verify_ca`, `verify_identity`, `socket`, `compression`, \
             `tcp_keepalive` and others: https://docs.rs/mysql_async"
        }
    }
}

fn foreign(name: &str) -> Option<&'static str> {
    let name = plain(name);
    let mut groups = FOREIGN.iter();
    groups
        .find(|(names, _)| names.contains(&&*name))
        .map(|(_, advice)| *advice)
}

fn ours(name: &str) -> Option<&'static str> {
    let name = plain(name);
    OPTIONS.into_iter().find(|option| plain(option) == name)
}

fn plain(name: &str) -> String {
    name.to_ascii_lowercase().replace(['-', '_'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_of_another_library_is_named_with_what_to_do() {
        for (option, expected) in [
            ("ssl-mode=REQUIRED", "`ssl-mode`: write `require_ssl=true`"),
            ("sslmode=require", "`sslmode`: write `require_ssl=true`"),
            ("useSSL=true", "`useSSL`: write `require_ssl=true`"),
            (
                "ssl_ca=/etc/ca.pem",
                "`ssl_ca`: leave it out: no certificate file",
            ),
            (
                "serverVersion=8.0&charset=utf8mb4",
                "`serverVersion`: leave it out: the server reports its version; `charset`: leave it out",
            ),
            ("parseTime=true", "`parseTime`: leave it out"),
            (
                "connection_limit=5",
                "`connection_limit`: leave it out: `3-mysql-pool` has the option `--connections N`",
            ),
            ("unix_socket=/run/s", "`unix_socket`: write `socket=PATH`"),
            ("Require-SSL=true", "`Require-SSL`: write `require_ssl`"),
            (
                "allowPublicKeyRetrieval=true",
                "`allowPublicKeyRetrieval`: leave it out; known options are",
            ),
        ] {
            let url = format!("mysql://ada:hunter2@localhost/school?require_ssl=true&{option}");
            let Unusable { reason, help } = check_url(&url).unwrap_err();
            assert!(help.starts_with(expected), "{reason}; {help}");
            assert!(!reason.contains("require_ssl"), "{reason}");
        }
    }

    #[test]
    fn what_may_be_a_password_is_not_shown() {
        for url in [
            "mysql://ada:1?hunter2",
            "mysql://ada:1?hunter2=x",
            "mysql://ada:1/hunter2?x&hunter2",
            "mysql://ada:1?x#hunter2",
            "hunter2://localhost",
            "mysql:hunter2@localhost",
            "mysql://ada:x?hunter2@localhost/school",
        ] {
            if let Err(wrong) = check_url(url) {
                assert!(!wrong.to_string().contains("hunter2"), "{url}: {wrong}");
            }
        }
    }
}
