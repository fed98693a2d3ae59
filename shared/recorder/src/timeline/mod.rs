//! A timeline: what happened on the connections to one database, and when.
//!
//! A recording fills a [`Timeline`] with what SQLite reports; the package `temp-mariadb` fills one with what its server has
//! logged. [`text`] draws it for people, [`svg`] as a picture, and [`trace`] writes it for a trace viewer.

use std::time::Duration;

mod layout;
#[cfg(feature = "clap")]
pub mod option;
mod scale;
mod shift;
pub mod svg;
pub mod text;
pub mod trace;
mod words;

/// Everything that happened on the connections to one database. All times count from one beginning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Timeline {
    /// The connections, in the order of their opening.
    pub connections: Vec<Connection>,
    /// The end of the recording. A connection that is still open then has no end, like a running statement.
    pub watched: Duration,
}

/// A connection, from its opening to its end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Connection {
    /// The time when it was opened.
    pub opened: Duration,
    /// Its statements, in the order of their beginnings.
    pub statements: Vec<Statement>,
    /// The time when the program asked to close it. `None` for a connection that was cut.
    pub closing: Option<Duration>,
    /// The time when it was closed and its locks were released. If there is a `closing` without this, a forgotten
    /// statement keeps it open.
    pub closed: Option<Duration>,
}

/// A statement, from its first step to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Statement {
    /// Its SQL as written, with placeholders.
    pub sql: String,
    /// Its SQL with the values of the parameters; the SQL as written, if they are not known.
    pub expanded: String,
    /// The time when it began to run.
    pub begun: Duration,
    /// The number of rows it has returned.
    pub rows: u64,
    /// The time and kind of its end. `None` while it runs.
    pub ended: Option<(Duration, End)>,
}

/// The way in which a statement ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum End {
    /// It ran to its end.
    Done,
    /// The program stopped reading before the last row.
    Left,
    /// It was interrupted.
    Interrupted,
    /// It failed, with this message.
    Failed(String),
    /// It never ran, because the database rejected its SQL with this message.
    Refused(String),
}

impl Timeline {
    /// Returns the number of connections that are open at its end.
    pub fn open_connections(&self) -> usize {
        let is_open = |connection: &&Connection| connection.closed.is_none();
        self.connections.iter().filter(is_open).count()
    }

    /// Returns the greatest number of connections that were open at the same time.
    pub fn most_open_connections(&self) -> usize {
        let spans = self.connections.iter().map(|connection| {
            let end = connection.closed.unwrap_or(Duration::MAX);
            (connection.opened, end)
        });
        most_at_one_time(spans)
    }

    /// Returns all statements, those of the first connection first.
    pub fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.connections
            .iter()
            .flat_map(|connection| &connection.statements)
    }

    /// Returns the spans of time in which more than one connection was running a statement, in order.
    pub fn overlaps(&self) -> Vec<(Duration, Duration)> {
        let mut changes = Vec::new();
        for connection in &self.connections {
            for (from, to) in connection.busy(self.watched) {
                changes.push((from, 1));
                changes.push((to, -1));
            }
        }
        // An end comes before a beginning at the same moment.
        changes.sort_unstable();
        let (mut running, mut since, mut overlaps) = (0, None, Vec::new());
        for (at, change) in changes {
            running += change;
            match since {
                None if running > 1 => since = Some(at),
                Some(from) if running <= 1 => {
                    overlaps.push((from, at));
                    since = None;
                }
                _ => {}
            }
        }
        overlaps.retain(|(from, to)| from < to);
        overlaps
    }
}

impl Connection {
    /// Returns the spans of time in which a statement was running; spans that touch or overlap are merged, because a
    /// connection that steps two statements in turn runs one of them at a time.
    fn busy(&self, watched: Duration) -> Vec<(Duration, Duration)> {
        let mut spans: Vec<(Duration, Duration)> = Vec::new();
        for statement in &self.statements {
            let (from, to) = (statement.begun, statement.end(watched));
            match spans.last_mut() {
                Some((_, last)) if from <= *last => *last = to.max(*last),
                _ => spans.push((from, to)),
            }
        }
        spans
    }
}

impl Statement {
    /// Returns its end, or the end of the timeline if it still runs.
    pub fn end(&self, watched: Duration) -> Duration {
        self.ended.as_ref().map_or(watched, |(at, _)| *at)
    }
}

fn most_at_one_time(spans: impl Iterator<Item = (Duration, Duration)>) -> usize {
    let mut changes: Vec<(Duration, i32)> =
        spans.flat_map(|(from, to)| [(from, 1), (to, -1)]).collect();
    changes.sort_unstable();
    let (mut count, mut most) = (0, 0);
    for (_, change) in changes {
        count += change;
        most = most.max(count);
    }
    usize::try_from(most).expect("no more ends than beginnings before them")
}
