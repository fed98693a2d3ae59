//! Chooses what to draw of a timeline, as text or as a picture, and describes how connections and statements ended.

use std::collections::BTreeMap;
use std::time::Duration;

use super::scale::Scale;
use super::words::{counted, grouped, label, plural, time};
use super::{Connection, End, Statement, Timeline, most_at_one_time};

/// A timeline, ready to be drawn.
pub(super) struct Layout<'a> {
    pub scale: Scale,
    pub lanes: Vec<Lane<'a>>,
    /// The number of connections without a lane, as a sentence; `None` when each has one.
    pub more: Option<String>,
    pub overlaps: Vec<(Duration, Duration)>,
    /// The time during which statements of different connections overlapped, as a sentence; `None` for a single
    /// connection.
    pub overlap: Option<String>,
}

/// A connection, with all of its statements as bars.
pub(super) struct Lane<'a> {
    /// Counted from 1.
    pub number: usize,
    pub connection: &'a Connection,
    pub life: Life,
    pub bars: Vec<Bar<'a>>,
    /// The number of bars without a label, as a sentence; `None` when each has one.
    pub more: Option<String>,
}

/// A statement. The first few of a lane have a label, and a separate line below it.
pub(super) struct Bar<'a> {
    pub label: Option<String>,
    pub statement: &'a Statement,
    pub state: State,
    pub to: Duration,
}

/// The end of a statement, in drawing order: the most important one is last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    Done,
    Left,
    Running,
    Interrupted,
    Refused,
    Failed,
}

/// The end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    Closed,
    /// Closed, although the program did not ask for it.
    Cut,
    /// Asked to close, but still open.
    Kept,
    Open,
}

impl<'a> Layout<'a> {
    /// Chooses what is drawn: at most `lanes` lanes, and about `lines` lines for the statements of all lanes.
    pub fn of(timeline: &'a Timeline, lanes: usize, lines: usize) -> Self {
        let all = &timeline.connections;
        let chosen = choose(all.len(), lanes, |index| is_trouble(&all[index]));
        let lines = (lines / chosen.len().max(1)).max(1);
        let left_out = (0..all.len()).filter(|index| !chosen.contains(index));
        let more = more(
            "connection",
            left_out.map(|index| Life::of(&all[index]).word()),
        );
        let mut labels = (0..).map(label);
        let lane =
            |index: usize| Lane::of(index + 1, &all[index], timeline.watched, lines, &mut labels);
        let lanes = chosen.iter().copied().map(lane).collect();
        let overlaps = timeline.overlaps();
        Layout {
            scale: Scale::of(timeline),
            lanes,
            more,
            overlap: overlap(timeline, &overlaps),
            overlaps,
        }
    }
}

impl<'a> Lane<'a> {
    fn of(
        number: usize,
        connection: &'a Connection,
        watched: Duration,
        lines: usize,
        labels: &mut impl Iterator<Item = String>,
    ) -> Self {
        let mut bars: Vec<Bar> = connection
            .statements
            .iter()
            .map(|statement| Bar {
                label: None,
                statement,
                state: State::of(statement),
                to: statement.end(watched).max(statement.begun),
            })
            .collect();
        for index in choose(bars.len(), lines, |index| bars[index].state > State::Left) {
            bars[index].label = labels.next();
        }
        let left_out = bars.iter().filter(|bar| bar.label.is_none());
        Lane {
            number,
            connection,
            life: Life::of(connection),
            more: more("statement", left_out.map(|bar| bar.state.word())),
            bars,
        }
    }

    /// Returns the bars in drawing order: a later bar covers an earlier one.
    pub fn painted(&self) -> Vec<&Bar<'a>> {
        let mut bars: Vec<_> = self.bars.iter().collect();
        bars.sort_by_key(|bar| (bar.state.max(State::Left), bar.label.is_some()));
        bars
    }

    /// Returns the bars that have a separate line.
    pub fn labelled(&self) -> impl Iterator<Item = (&str, &Bar<'a>)> {
        self.bars
            .iter()
            .filter_map(|bar| Some((bar.label.as_deref()?, bar)))
    }
}

impl Bar<'_> {
    pub fn rows(&self) -> String {
        counted(self.statement.rows, "row")
    }

    pub fn time(&self) -> String {
        time(self.to.saturating_sub(self.statement.begun))
    }

    /// Returns the database's message when the statement failed.
    pub fn message(&self) -> Option<&str> {
        match &self.statement.ended {
            Some((_, End::Failed(message) | End::Refused(message))) => Some(message),
            _ => None,
        }
    }
}

impl State {
    pub fn of(statement: &Statement) -> State {
        match &statement.ended {
            None => State::Running,
            Some((_, End::Done)) => State::Done,
            Some((_, End::Left)) => State::Left,
            Some((_, End::Interrupted)) => State::Interrupted,
            Some((_, End::Failed(_))) => State::Failed,
            Some((_, End::Refused(_))) => State::Refused,
        }
    }

    /// Returns a remark about the statement, or an empty string.
    pub fn word(self) -> &'static str {
        match self {
            State::Done => "",
            State::Left => "left early",
            State::Running => "still running",
            State::Interrupted => "interrupted",
            State::Refused => "refused",
            State::Failed => "failed",
        }
    }

    /// Returns what its sign means.
    pub fn legend(self) -> &'static str {
        match self {
            State::Done => "a statement",
            word => word.word(),
        }
    }
}

impl Life {
    pub fn of(connection: &Connection) -> Life {
        match (connection.closing, connection.closed) {
            (Some(_), Some(_)) => Life::Closed,
            (None, Some(_)) => Life::Cut,
            (Some(_), None) => Life::Kept,
            (None, None) => Life::Open,
        }
    }

    /// Returns a remark about the connection, or an empty string if it was closed normally.
    pub fn word(self) -> &'static str {
        match self {
            Life::Closed => "",
            Life::Cut => "cut, not asked to close",
            Life::Kept => "close called, still open",
            Life::Open => "never closed",
        }
    }

    /// Returns what its sign means.
    pub fn legend(self) -> &'static str {
        match self {
            Life::Closed => "closed",
            Life::Cut => "cut",
            Life::Kept => "still open",
            Life::Open => "never closed",
        }
    }
}

fn is_trouble(connection: &Connection) -> bool {
    let is_bad = |statement| State::of(statement) > State::Left;
    Life::of(connection) != Life::Closed || connection.statements.iter().any(is_bad)
}

/// Chooses `limit` things, or all of them if there is only one more. Up to half of them are things in trouble, because
/// readers look for these; the others are the first.
fn choose(count: usize, limit: usize, is_trouble: impl Fn(usize) -> bool) -> Vec<usize> {
    if count <= limit + 1 {
        return (0..count).collect();
    }
    let mut chosen: Vec<usize> = (0..count)
        .filter(|index| is_trouble(*index))
        .take(limit.div_ceil(2))
        .collect();
    let first: Vec<usize> = (0..count)
        .filter(|index| !chosen.contains(index))
        .take(limit - chosen.len())
        .collect();
    chosen.extend(first);
    chosen.sort_unstable();
    chosen
}

/// Returns `… and 1,234 more statements (2 failed)`, from a word for each of them; empty words are not counted.
fn more(what: &str, words: impl Iterator<Item = &'static str>) -> Option<String> {
    let mut counts = BTreeMap::<&str, u64>::new();
    words.for_each(|word| *counts.entry(word).or_default() += 1);
    let all = counts.values().sum();
    counts.remove("");
    let ends: Vec<String> = counts
        .iter()
        .map(|(word, count)| format!("{} {word}", grouped(*count)))
        .collect();
    let ends = if ends.is_empty() {
        String::new()
    } else {
        format!(" ({})", ends.join("; "))
    };
    (all > 0).then(|| format!("… and {} more {what}{}{ends}", grouped(all), plural(all)))
}

fn overlap(timeline: &Timeline, overlaps: &[(Duration, Duration)]) -> Option<String> {
    if timeline.connections.len() < 2 {
        return None;
    }
    if overlaps.is_empty() {
        return Some("no two connections were running statements at the same time".to_owned());
    }
    let spans = timeline
        .connections
        .iter()
        .map(|one| one.busy(timeline.watched));
    let most = match most_at_one_time(spans.flatten()) {
        2 => "2".to_owned(),
        most => format!("up to {}", grouped(most as u64)),
    };
    let lengths = overlaps.iter().map(|(from, to)| to.saturating_sub(*from));
    let all = time(lengths.fold(Duration::ZERO, Duration::saturating_add));
    Some(format!(
        "{most} connections were running statements at the same time for {all}"
    ))
}
