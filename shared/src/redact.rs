//! Keeps passwords out of messages. A typed value is redacted where it becomes part of a message; a whole message never
//! is, because a colon and an `@` far apart in it would hide the reason between them.

use std::ops::Range;

/// Replaces the password in a value that was typed, such as a path or a URL, by `***`.
///
/// It hides too much rather than too little: a password may hold spaces, line breaks, `@` and `/`, and ends at the last
/// `@`. The value need not look like a URL. Without an `@` everything after `scheme://user:` is hidden, unless it is a
/// port.
///
/// ```
/// use shared::redact_value;
///
/// assert_eq!(redact_value("mysql://ada:p@ss word@localhost/db"), "mysql://ada:***@localhost/db");
/// assert_eq!(redact_value("mysql://ada@localhost:3306/db"), "mysql://ada@localhost:3306/db");
/// assert_eq!(redact_value("mysql://ada:secret"), "mysql://ada:***");
/// assert_eq!(redact_value("root:secret@host/db"), "root:***@host/db");
/// assert_eq!(redact_value("sqlite://users.db"), "sqlite://users.db");
/// ```
pub fn redact_value(text: &str) -> String {
    hide(text, password_of_value(text))
}

/// Replaces the passwords of the URLs in a longer text that was typed, such as SQL, by `***`.
///
/// Only a URL that holds an `@` has one, and it ends with its word: at a space or a quotation mark. A text that is one
/// word, or begins as a URL does, is taken for a value instead, as by [`redact_value`].
///
/// ```
/// use shared::redact;
///
/// assert_eq!(redact("SELECT 'mysql://ada:p@ss@localhost/db', 1"), "SELECT 'mysql://ada:***@localhost/db', 1");
/// assert_eq!(redact("SELECT 'http://a.b/c: all rows', 'x@y'"), "SELECT 'http://a.b/c: all rows', 'x@y'");
/// assert_eq!(redact("mysql://ada:secret words"), "mysql://ada:***");
/// ```
pub fn redact(text: &str) -> String {
    hide(text, passwords_in(text))
}

/// Returns the ranges of the passwords that [`redact`] hides, in order.
pub(crate) fn passwords_in(text: &str) -> Vec<Range<usize>> {
    if begins_as_a_url(text) || !text.contains(char::is_whitespace) {
        return password_of_value(text).into_iter().collect();
    }
    let mut passwords = Vec::new();
    let mut from = 0;
    while let Some(scheme) = text[from..].find("://") {
        let start = from + scheme + "://".len();
        let length = text[start..].find(|c: char| c.is_whitespace() || "'\"`".contains(c));
        let end = length.map_or(text.len(), |length| start + length);
        passwords.extend(between_colon_and_at(text, start..end));
        from = end;
    }
    passwords
}

fn password_of_value(text: &str) -> Option<Range<usize>> {
    let scheme = text.find("://").map(|scheme| scheme + "://".len());
    let start = scheme.unwrap_or(0);
    between_colon_and_at(text, start..text.len()).or_else(|| {
        let after_colon = scheme? + text[scheme?..].find(':')? + 1;
        let has_at = text[scheme?..].contains('@');
        (!has_at && !is_port(&text[after_colon..])).then_some(after_colon..text.len())
    })
}

/// Returns the range from after the first colon to the last `@`.
fn between_colon_and_at(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let (start, text) = (range.start, &text[range]);
    let (colon, at) = (text.find(':')?, text.rfind('@')?);
    (colon < at).then_some(start + colon + 1..start + at)
}

fn begins_as_a_url(text: &str) -> bool {
    let scheme = text
        .trim_start()
        .split_once("://")
        .map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| {
        scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    })
}

/// Returns whether this is a port: `3306/users` in `mysql://localhost:3306/users` is not a password.
fn is_port(text: &str) -> bool {
    let port = text.split(['/', '?']).next().unwrap_or_default();
    !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) && text.len() > port.len()
}

fn hide(text: &str, passwords: impl IntoIterator<Item = Range<usize>>) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut from = 0;
    for password in passwords {
        shown += &text[from..password.start];
        shown += "***";
        from = password.end;
    }
    shown + &text[from..]
}
