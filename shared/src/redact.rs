//! Keeps passwords out of what is printed.

/// Replaces the password of every URL in a text by `***`.
///
/// Written for texts that somebody typed, so it would rather hide too much: a password may hold spaces, `@` and `/`,
/// and ends at the last `@` of the line; where there is no `@`, all after the user is hidden.
///
/// ```
/// use shared::redact;
///
/// assert_eq!(redact("mysql://ada:p@ss word@localhost/db?"), "mysql://ada:***@localhost/db?");
/// assert_eq!(redact("mysql://ada@localhost:3306/db"), "mysql://ada@localhost:3306/db");
/// assert_eq!(redact("mysql://ada:secret"), "mysql://ada:***");
/// assert_eq!(redact("near \":\": syntax error"), "near \":\": syntax error");
/// ```
pub fn redact(text: &str) -> String {
    text.split('\n').map(redact_line).collect::<Vec<_>>().join("\n")
}

fn redact_line(line: &str) -> String {
    let Some((scheme, rest)) = line.split_once("://") else {
        return line.to_owned();
    };
    let (authority, host) = match rest.rfind('@') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    match authority.split_once(':') {
        Some((user, password)) if host.is_empty() && is_port(password) => {
            format!("{scheme}://{user}:{password}")
        }
        Some((user, _)) => format!("{scheme}://{user}:***{host}"),
        None => format!("{scheme}://{authority}{}", redact_line(host)),
    }
}

/// Hides the password in a text that is one value and should not hold any, such as a path: all between a colon and the
/// last `@`, also where it does not look like a URL (`root:secret@host`), over several lines.
///
/// ```
/// assert_eq!(shared::redact_value("root:secret@host/db"), "root:***@host/db");
/// assert_eq!(shared::redact_value("my users.db"), "my users.db");
/// ```
pub fn redact_value(text: &str) -> String {
    let scheme = text.find("://").map_or(0, |scheme| scheme + 3);
    let (before, rest) = text.split_at(scheme);
    match (rest.find(':'), rest.rfind('@')) {
        (Some(colon), Some(at)) if colon < at => format!("{before}{}:***{}", &rest[..colon], &rest[at..]),
        _ => redact(text),
    }
}

/// `3306/users`, in `mysql://localhost:3306/users`, is no password.
fn is_port(text: &str) -> bool {
    let port = text
        .split(['/', '?', ' ', '\'', '"', '`'])
        .next()
        .unwrap_or_default();
    !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) && text.len() > port.len()
}
