//! What happened on the connections to one database, and when.
//!
//! A recording fills a [`Timeline`] with what SQLite reports; the package `temp-mariadb` fills one with what its server has
//! logged. [`text`] draws it for people, [`svg`] as a picture, and [`trace`] writes it for a trace viewer.

use std::time::Duration;

mod layout;
#[cfg(feature = "clap")]
pub mod option;
mod scale;
pub mod svg;
pub mod text;
pub mod trace;
mod words;

/// Everything that happened on the connections to one database. All times count from one beginning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeline {
    /// The connections, in the order of their opening.
    pub connections: Vec<Connection>,
    /// Until when it was watched. What is still open or running then has no end.
    pub watched: Duration,
}

/// A connection, from its opening to its end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Connection {
    /// When it was open.
    pub opened: Duration,
    /// Its statements, in the order in which they began.
    pub statements: Vec<Statement>,
    /// When somebody asked for it to be closed. A connection that was only cut was not asked.
    pub closing: Option<Duration>,
    /// When it was gone, and with it its locks. With a `closing` and without this, something keeps it alive: a
    /// statement that was forgotten.
    pub closed: Option<Duration>,
}

/// A statement, from its first step to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its text as it was written, placeholders and all.
    pub sql: String,
    /// Its text with the parameters in their places; the text as it was written, where that is not known.
    pub expanded: String,
    /// When it began to run.
    pub begun: Duration,
    /// How many rows it has given.
    pub rows: u64,
    /// When and how it ended. `None` while it runs.
    pub ended: Option<(Duration, End)>,
}

/// How a statement ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// It ran to its end.
    Done,
    /// Whoever ran it let go of it before its last row.
    Left,
    /// It was stopped from outside.
    Interrupted,
    /// It failed, with this message.
    Failed(String),
    /// It was never run, for the database did not accept its text; with this message.
    Refused(String),
}

impl Timeline {
    /// How many of the connections are open at the end of it.
    pub fn open_connections(&self) -> usize {
        let is_open = |connection: &&Connection| connection.closed.is_none();
        self.connections.iter().filter(is_open).count()
    }

    /// The greatest number of connections that were open at one time.
    pub fn most_open_connections(&self) -> usize {
        let spans = self.connections.iter().map(|connection| {
            let end = connection.closed.unwrap_or(Duration::MAX);
            (connection.opened, end)
        });
        most_at_one_time(spans)
    }

    /// All statements, those of the first connection first.
    pub fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.connections
            .iter()
            .flat_map(|connection| &connection.statements)
    }

    /// The spans of time in which more than one connection was running a statement, one after the other.
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
    /// The spans of time in which a statement was running, without those that touch or overlap: a connection that steps
    /// two statements in turn runs one of them at a time.
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
    /// When it ended; the end of the timeline, where it still runs.
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
