//! The errors of statements, which only the plugin SQL_ERROR_LOG writes down.
//!
//! The plugin is in the package `mariadb-server`, not in `mariadb-server-core`. See
//! <https://mariadb.com/docs/server/server-management/server-monitoring-logs/sql-error-log-plugin>.

use super::rows::moment;
use recorder::timeline::End;
use std::{collections::HashMap, time::Duration};

pub const ARGUMENTS: [&str; 3] = [
    "--plugin-load-add=sql_errlog",
    // Older versions do not know it, and do not write whose error it was.
    "--loose-sql-error-log-with-db-and-thread-info=1",
    // At which it begins another file.
    "--loose-sql-error-log-size-limit=1000000000",
];

/// ER_QUERY_INTERRUPTED
const INTERRUPTED: u32 = 1317;

/// An error of a statement.
pub struct Failure {
    /// In the second that begins here.
    second: Duration,
    code: u32,
    /// Message, ` : `, and the statement, with whatever stood behind it in the same text.
    text: String,
}

/// The errors of each connection, in their order.
///
/// One is `2026-11-20 16:23:45 5 user[user] @ host [address] database ERROR 1062: message : statement `, where the last
/// two may have more than one line.
pub fn read(log: &str) -> HashMap<u64, Vec<Failure>> {
    let mut entries: Vec<(Duration, String)> = Vec::new();
    for line in log.split_inclusive('\n') {
        let date = line
            .get(..19)
            .filter(|date| date.as_bytes()[4] == b'-' && date.as_bytes()[13] == b':');
        match date.and_then(moment) {
            Some(second) => entries.push((second, line[19..].to_owned())),
            None => entries
                .iter_mut()
                .last()
                .into_iter()
                .for_each(|(_, entry)| *entry += line),
        }
    }
    let mut failures: HashMap<u64, Vec<Failure>> = HashMap::new();
    for (second, entry) in entries {
        let failure = || {
            let (head, tail) = entry.split_once(" ERROR ")?; // else it is a warning
            let (code, text) = tail.split_once(": ")?;
            let thread = head.split_whitespace().next()?.parse().ok()?;
            let (code, text) = (code.parse().ok()?, text.to_owned());
            Some((thread, Failure { second, code, text }))
        };
        if let Some((thread, failure)) = failure() {
            failures.entry(thread).or_default().push(failure);
        }
    }
    failures
}

/// Takes out the first error that can be this statement's. (The same statement, at once again, may be mistaken for it.)
pub fn take(
    failures: &mut Vec<Failure>,
    sql: &str,
    begun: Duration,
    ended: Duration,
) -> Option<End> {
    let statement = format!(" : {sql}");
    let is_its_own = |failure: &Failure| {
        let after = failure.second + Duration::from_secs(1);
        failure.second <= ended && begun < after && failure.text.contains(&statement)
    };
    let failure = failures.remove(failures.iter().position(is_its_own)?);
    let message = failure.text.split(&statement).next().unwrap_or_default();
    Some(match failure.code {
        INTERRUPTED => End::Interrupted,
        _ => End::Failed(message.to_owned()),
    })
}
