//! A timeline as text, shown on a terminal and in the message of a failed test.
//!
//! ```text
//!                ╷0 ms        ╷0.1 ms       ╷0.2 ms       ╷0.3 ms       ╷0.4 ms
//!                    a
//! connection 1  ├────█████████████████████████████████▉────────┤
//!   a  SELECT * FROM users                12 rows  0.24 ms
//!                           b
//! connection 2       ├──────▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓✗──────────────────▶
//!   never closed
//!   b  SELECT * FROM users WHERE age > ?   4 rows  0.25 ms  failed
//!      disk I/O error
//! overlap                   ═══════════════════════════
//! 2 connections were running statements at the same time for 0.19 ms
//! ```

use unicode_width::UnicodeWidthStr;

use super::Timeline;
use super::layout::{Bar, Lane, Layout, Life, State};
use super::scale::Scale;
use super::words::{cut, one_line};

/// The width of a drawing in the message of a failed test: indented by up to 18 columns, it fits on a terminal of 80.
pub const MESSAGE_WIDTH: usize = 62;
/// The minimal width.
const MINIMUM: usize = 40;
/// The number of connections that are drawn.
const LANES: usize = 8;
/// The number of lines for the statements of all connections.
const LINES: usize = 24;
/// Below this width lanes have a number only, and no name.
const NARROW: usize = 60;
/// The minimal number of columns of a statement that is on the same line as its figures.
const BESIDE: usize = 24;
/// The number of columns that a label may be to the right of its bar, if short statements are close together.
const ASIDE: usize = 6;

/// Draws it in lines of at most `width` columns (at least 40), with or without colours. There is no line feed after the
/// last line.
///
/// Of many connections or statements, the drawing shows the first few and those in trouble, and a line gives the number
/// of the others. Control characters in SQL are escaped.
pub fn draw(timeline: &Timeline, width: usize, colour: bool) -> String {
    if timeline.connections.is_empty() {
        return "no connection was opened".to_owned();
    }
    let layout = Layout::of(timeline, LANES, LINES);
    Drawing::new(&layout, width.max(MINIMUM), colour).all(&layout)
}

/// Returns what the signs in a drawing mean, in lines of at most [`MESSAGE_WIDTH`] columns: only those that it contains.
/// An empty string if it contains none.
pub fn legend(drawing: &str) -> String {
    let bars = [
        State::Done,
        State::Left,
        State::Running,
        State::Interrupted,
        State::Refused,
        State::Failed,
    ];
    let bars = bars.map(|state| (fill(state).1, state.legend()));
    let lives = [Life::Closed, Life::Cut, Life::Kept, Life::Open];
    let lives = lives.map(|life| (end(life), life.legend()));
    let signs = [('├', "opened")]
        .into_iter()
        .chain(bars)
        .chain([('┄', "being closed")])
        .chain(lives)
        .filter(|(sign, _)| drawing.contains(*sign))
        .map(|(sign, meaning)| format!("{sign} {meaning}"));
    let mut lines: Vec<String> = Vec::new();
    for sign in signs {
        match lines.last_mut() {
            Some(line) if line.width() + 3 + sign.width() <= MESSAGE_WIDTH => {
                line.push_str("   ");
                line.push_str(&sign);
            }
            _ => lines.push(sign),
        }
    }
    lines.join("\n")
}

/// Returns the sign at the end of a lane.
fn end(life: Life) -> char {
    match life {
        Life::Closed => '┤',
        Life::Cut => '╳',
        Life::Kept => '▷',
        Life::Open => '▶',
    }
}

/// A colour, as the numbers of an escape sequence.
type Style = &'static str;
const PLAIN: Style = "";
const QUIET: Style = "2";
const STRONG: Style = "1";
const ALARM: Style = "1;31";
const OVERLAP: Style = "35";

fn style(state: State) -> Style {
    match state {
        State::Done => "32",
        State::Left => "36",
        State::Running => "34",
        State::Interrupted => "33",
        State::Refused | State::Failed => "31",
    }
}

/// Returns the characters that fill a bar, and its last cell: they show the kind of end without colours.
fn fill(state: State) -> (char, char) {
    match state {
        // The last cell is a little narrower, so that two adjacent bars look like two.
        State::Done => ('█', '▉'),
        State::Left => ('▄', '▄'),
        State::Running => ('▒', '»'),
        State::Interrupted => ('▓', '!'),
        State::Refused => ('∅', '∅'),
        State::Failed => ('▓', '✗'),
    }
}

/// An unfinished drawing, and the widths of its columns.
struct Drawing {
    out: String,
    width: usize,
    colour: bool,
    /// The columns before the lanes.
    margin: usize,
    /// The columns of a lane between its two ends.
    cells: usize,
    label: usize,
    sql: usize,
    rows: usize,
    time: usize,
    is_beside: bool,
}

impl Drawing {
    fn new(layout: &Layout, width: usize, colour: bool) -> Self {
        let names = layout.lanes.iter().map(|lane| name(lane, width).len());
        let margin = 2 + names.max().unwrap_or_default().max("overlap".len());
        let widest = |text: fn(&str, &Bar) -> String| {
            let bars = layout.lanes.iter().flat_map(Lane::labelled);
            let widths = bars.map(|(label, bar)| text(label, bar).width());
            widths.max().unwrap_or_default()
        };
        let label = widest(|label, _| label.to_owned());
        let rows = widest(|_, bar| bar.rows());
        let time = widest(|_, bar| bar.time());
        let word = widest(|_, bar| bar.state.word().to_owned());
        // Two columns stand before each of the five.
        let sql = width.saturating_sub(2 + label + 2 + 2 + rows + 2 + time + 2 + word);
        let is_beside = sql >= BESIDE;
        Drawing {
            out: String::new(),
            width,
            colour,
            margin,
            cells: width - margin - 2,
            label,
            sql: if is_beside {
                sql.min(widest(|_, bar| one_line(&bar.statement.sql)))
            } else {
                width - label - 4
            },
            rows,
            time,
            is_beside,
        }
    }

    fn all(mut self, layout: &Layout) -> String {
        self.axis(&layout.scale);
        for lane in &layout.lanes {
            self.lane(lane, &layout.scale);
        }
        if let Some(more) = &layout.more {
            self.sentence(QUIET, "", more);
        }
        if !layout.overlaps.is_empty() {
            let mut cells = vec![(' ', PLAIN); self.cells + 2];
            for (from, to) in &layout.overlaps {
                let (first, last) = layout.scale.cells(*from, *to, self.cells);
                cells[first + 1..=last + 1].fill(('═', OVERLAP));
            }
            self.cells((OVERLAP, "overlap"), &cells);
        }
        if let Some(overlap) = &layout.overlap {
            self.sentence(OVERLAP, "", overlap);
        }
        self.out.truncate(self.out.trim_end().len());
        self.out
    }

    fn axis(&mut self, scale: &Scale) {
        let mut line = String::new();
        for (at, label) in scale.ticks(self.cells / 10) {
            let at = (at * self.cells as f64) as usize;
            place(&mut line, at, at, self.cells + 1, &format!("╷{label}"));
        }
        self.above_lane(QUIET, &line);
    }

    /// A line whose columns are the cells of the lane below.
    fn above_lane(&mut self, style: Style, text: &str) {
        if !text.is_empty() {
            let indent = " ".repeat(self.margin + 1);
            self.line(&[(PLAIN, &indent), (style, text)]);
        }
    }

    fn lane(&mut self, lane: &Lane, scale: &Scale) {
        self.labels(lane, scale);
        self.cells(
            (STRONG, &name(lane, self.width)),
            &self.lane_cells(lane, scale),
        );
        if !lane.life.word().is_empty() {
            self.line(&[(PLAIN, "  "), (ALARM, lane.life.word())]);
        }
        for (label, bar) in lane.labelled() {
            self.statement(label, bar);
        }
        if let Some(more) = &lane.more {
            self.sentence(QUIET, "  ", more);
        }
    }

    /// The labels, each above its bar, or a little to the right of it where others are in the way.
    fn labels(&mut self, lane: &Lane, scale: &Scale) {
        let mut line = String::new();
        for (label, bar) in lane.labelled() {
            let (first, last) = scale.cells(bar.statement.begun, bar.to, self.cells);
            place(&mut line, first, last + ASIDE, self.cells + 1, label);
        }
        self.above_lane(STRONG, &line);
    }

    /// A lane with its two ends, which stand outside its cells and so never cover a bar.
    fn lane_cells(&self, lane: &Lane, scale: &Scale) -> Vec<(char, Style)> {
        let connection = lane.connection;
        let style_of_end = match lane.life {
            Life::Closed => QUIET,
            Life::Cut | Life::Kept | Life::Open => ALARM,
        };
        let cell = |time| scale.cells(time, time, self.cells).0;
        let opened = cell(connection.opened);
        let closed = connection.closed.map_or(self.cells - 1, cell).max(opened);
        let asked = connection.closing.map_or(closed, cell);
        let mut cells = vec![(' ', PLAIN); self.cells + 2];
        for at in opened..=closed {
            cells[at + 1] = (if at > asked { '┄' } else { '─' }, QUIET);
        }
        for bar in lane.painted() {
            let (first, last) = scale.cells(bar.statement.begun, bar.to, self.cells);
            let (body, end) = fill(bar.state);
            cells[first + 1..=last].fill((body, style(bar.state)));
            cells[last + 1] = (end, style(bar.state));
        }
        cells[opened] = ('├', QUIET);
        cells[closed + 2] = (end(lane.life), style_of_end);
        cells
    }

    fn statement(&mut self, label: &str, bar: &Bar) {
        let (label_width, sql_width) = (self.label, self.sql);
        let sql = cut(&one_line(&bar.statement.sql), sql_width);
        let (rows, time, word) = (bar.rows(), bar.time(), bar.state.word());
        let label = format!("  {label:<label_width$}  ");
        if self.is_beside {
            let gap = " ".repeat(sql_width.saturating_sub(sql.width()));
            let (rows_width, time_width) = (self.rows, self.time);
            let figures = format!("{sql}{gap}  {rows:>rows_width$}  {time:>time_width$}  ");
            self.line(&[
                (STRONG, &label),
                (PLAIN, &figures),
                (style(bar.state), word),
            ]);
        } else {
            self.line(&[(STRONG, &label), (PLAIN, &sql)]);
            let figures = [rows.as_str(), &time, word].join(", ");
            let indent = " ".repeat(label.len());
            self.sentence(style(bar.state), &indent, figures.trim_end_matches(", "));
        }
        if let Some(message) = bar.message() {
            let indent = " ".repeat(label.len());
            let message = cut(&one_line(message), self.width - label.len());
            self.line(&[(PLAIN, &indent), (style(bar.state), &message)]);
        }
    }

    /// Adds a lane or a similar line: its name, then its cells, grouped by style.
    fn cells(&mut self, name: (Style, &str), cells: &[(char, Style)]) {
        let indent = " ".repeat(self.margin - name.1.len());
        let runs = cells.chunk_by(|(_, one), (_, next)| one == next);
        let runs: Vec<(Style, String)> = runs
            .map(|run| (run[0].1, run.iter().map(|(cell, _)| cell).collect()))
            .collect();
        let mut words = vec![name, (PLAIN, &indent)];
        words.extend(runs.iter().map(|(style, text)| (*style, text.as_str())));
        self.line(&words);
    }

    /// Adds a sentence, on as many lines as it needs.
    fn sentence(&mut self, style: Style, indent: &str, text: &str) {
        let mut line = String::new();
        for word in text.split(' ') {
            if !line.is_empty() && indent.len() + line.width() + 1 + word.width() > self.width {
                self.line(&[(PLAIN, indent), (style, &line)]);
                line.clear();
            }
            line.extend([if line.is_empty() { "" } else { " " }, word]);
        }
        self.line(&[(PLAIN, indent), (style, &line)]);
    }

    /// Adds a line of words, each with its style, without spaces at the end.
    fn line(&mut self, words: &[(Style, &str)]) {
        for (style, text) in words {
            if self.colour && !style.is_empty() && !text.is_empty() {
                self.out
                    .extend(["\x1b[", style, "m", text.trim_end(), "\x1b[0m"]);
                self.out.push_str(&text[text.trim_end().len()..]);
            } else {
                self.out.push_str(text);
            }
        }
        self.out.truncate(self.out.trim_end_matches(' ').len());
        self.out.push('\n');
    }
}

/// Returns the text before a lane.
fn name(lane: &Lane, width: usize) -> String {
    match width {
        ..NARROW => lane.number.to_string(),
        _ => format!("connection {}", lane.number),
    }
}

/// Places text in a line at a column, or a little further right, up to another column. Does nothing if it would touch
/// other text or go past `end`.
fn place(line: &mut String, first: usize, last: usize, end: usize, text: &str) {
    let taken = line.width();
    let gap = usize::from(taken > 0);
    let at = first.max(taken + gap);
    if at <= last && at + text.width() <= end {
        line.extend(std::iter::repeat_n(' ', at - taken));
        line.push_str(text);
    }
}
