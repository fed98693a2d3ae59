//! A timeline as a picture for a slide or a page.

mod shapes;

use std::time::Duration;

use unicode_width::UnicodeWidthStr;

use self::shapes::{BAR, name};
use super::Timeline;
use super::layout::{Bar, Lane, Layout, State};
use super::scale::Scale;
use super::words::{counted, cut, one_line, time};
use crate::terminal::printable_lines;

/// The number of connections that are drawn, and of lines for all their statements.
const LANES: usize = 6;
const LINES: usize = 12;

// In the picture's units. It is legible at half its size: no letter is smaller than 18.
const WIDTH: f64 = 1200.0;
const LEFT: f64 = 50.0;
const RIGHT: f64 = 1136.0;
/// Where lanes begin, right of their names.
const LANE: f64 = 270.0;
/// Where the text of statements begins, right of their labels.
const TEXT: f64 = 100.0;
/// Where the axis is, from the top.
const AXIS: f64 = 112.0;
const LINE: f64 = 33.0;
/// The minimal width of a bar.
const NARROWEST: f64 = 5.0;
/// The distance that a label may be to the right of its bar, if short statements are close together.
const ASIDE: f64 = 75.0;
/// A letter's width in the lines of the statements, in the widest of their fonts; an East Asian one takes two.
const COLUMN: f64 = 12.4;

/// Draws it as SVG: a complete document without external files, light or dark as its reader prefers.
///
/// A bar's tooltip contains its complete SQL. The drawing has the same limits as [the text](super::text::draw).
pub fn draw(timeline: &Timeline) -> String {
    let layout = Layout::of(timeline, LANES, LINES);
    let title = title(timeline, &layout.scale);
    let mut picture = Picture::new(&layout);
    layout.lanes.iter().for_each(|lane| picture.lane(lane));
    let behind = behind(&layout, picture.y);
    picture.below(&layout);
    let (lanes, height) = (picture.out, picture.y + 34.0);
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" class="tl" role="img" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">
<title>{title}</title>
<style>
{style}</style>
<defs>
{patterns}</defs>
<rect class="tl-paper" width="{WIDTH}" height="{height}" rx="16"/>
<text class="tl-title tl-ink" x="{LEFT}" y="60">{title}</text>
{behind}{lanes}</svg>
"#,
        style = include_str!("svg/style.css"),
        patterns = shapes::patterns(),
    )
}

fn title(timeline: &Timeline, scale: &Scale) -> String {
    if timeline.connections.is_empty() {
        return "no connection was opened".to_owned();
    }
    let connections = counted(timeline.connections.len() as u64, "connection");
    let statements = counted(timeline.statements().count() as u64, "statement");
    format!("{connections}, {statements}, {}", time(scale.length()))
}

/// Draws the background: bands where statements overlap, and the axis with its grid.
fn behind(layout: &Layout, bottom: f64) -> String {
    let (mut out, mut bands) = (String::new(), Vec::<(f64, f64)>::new());
    for (from, to) in &layout.overlaps {
        let (x, width) = span(&layout.scale, *from, *to);
        match bands.last_mut() {
            // Bands that would be drawn over each other are one.
            Some((_, end)) if x <= *end => *end = x + width,
            _ => bands.push((x, x + width)),
        }
    }
    for (from, to) in bands {
        let (width, height) = (to - from, bottom - AXIS);
        out += &format!(
            r#"<rect class="tl-band" x="{from:.1}" y="{AXIS}" width="{width:.1}" height="{height}"/>"#
        );
        out.push('\n');
    }
    let ticks = if layout.lanes.is_empty() {
        Vec::new()
    } else {
        layout.scale.ticks(8)
    };
    for (at, label) in ticks {
        let (x, y) = (LANE + at * (RIGHT - LANE), AXIS - 10.0);
        out += &format!(
            r#"<path class="tl-grid" d="M{x:.1} {AXIS}V{bottom}"/><text class="tl-axis tl-quiet" x="{x:.1}" y="{y}" text-anchor="middle">{label}</text>"#
        );
        out.push('\n');
    }
    out
}

fn x(scale: &Scale, time: Duration) -> f64 {
    LANE + scale.at(time) * (RIGHT - LANE)
}

/// The left edge and the width of a span of time.
fn span(scale: &Scale, from: Duration, to: Duration) -> (f64, f64) {
    let left = x(scale, from).min(RIGHT - NARROWEST);
    (left, (x(scale, to) - left).max(NARROWEST))
}

/// A picture that is being drawn from top to bottom.
struct Picture<'a> {
    scale: &'a Scale,
    out: String,
    /// The position down to which it is drawn.
    y: f64,
    // Where the figures end, and where it says how a statement ended.
    rows: f64,
    time: f64,
    word: f64,
}

impl<'a> Picture<'a> {
    fn new(layout: &'a Layout) -> Self {
        let widest = |text: fn(&Bar) -> String| {
            let bars = layout.lanes.iter().flat_map(Lane::labelled);
            let widths = bars.map(|(_, bar)| text(bar).width());
            widths.max().unwrap_or_default() as f64 * COLUMN
        };
        let words = widest(|bar| bar.state.word().to_owned());
        let word = RIGHT - words;
        let time = if words > 0.0 { word - 24.0 } else { word };
        Picture {
            scale: &layout.scale,
            out: String::new(),
            y: AXIS,
            rows: time - widest(|bar| bar.time()) - 24.0,
            time,
            word,
        }
    }

    /// Draws the name of a connection and a remark, and the lane to the right of them.
    fn lane(&mut self, lane: &Lane) {
        self.y += 16.0;
        let opened = x(self.scale, lane.connection.opened);
        let end = |time: Option<Duration>, else_at| time.map_or(else_at, |at| x(self.scale, at));
        let closed = end(lane.connection.closed, RIGHT).max(opened);
        let asked = end(lane.connection.closing, closed).clamp(opened, closed);
        self.put(&shapes::life(lane.life, self.y, [opened, asked, closed]));
        self.bars(lane);
        self.y += 26.0;
        self.text(
            "tl-name tl-ink",
            LEFT,
            &format!("connection {}", lane.number),
        );
        let words: Vec<&str> = lane.life.word().split_inclusive(", ").collect();
        for (line, words) in (1..).zip(&words) {
            let y = self.y + 22.0 * f64::from(line) + 2.0;
            self.text_at("tl-life tl-alarm", LEFT, y, words.trim_end());
        }
        self.y += if words.len() < 2 { 44.0 } else { 58.0 };
    }

    fn bars(&mut self, lane: &Lane) {
        // Bars without a label that would touch are merged, so that a million of them are few.
        let slots = ((RIGHT - LANE) / NARROWEST) as usize;
        let mut taken: Vec<Option<State>> = vec![None; slots];
        for bar in lane.painted().into_iter().filter(|bar| bar.label.is_none()) {
            let (first, last) = self.scale.cells(bar.statement.begun, bar.to, slots);
            taken[first..=last].fill(Some(bar.state));
        }
        let mut left = LANE;
        for run in taken.chunk_by(PartialEq::eq) {
            let width = run.len() as f64 * NARROWEST;
            if let Some(state) = run[0] {
                let shape = shapes::bar(state, left, self.y, width);
                self.put(&format!("<g>{shape}</g>"));
            }
            left += width;
        }
        for bar in lane.painted().into_iter().filter(|bar| bar.label.is_some()) {
            let (left, width) = span(self.scale, bar.statement.begun, bar.to);
            let (shape, tooltip) = (shapes::bar(bar.state, left, self.y, width), tooltip(bar));
            self.put(&format!("<g>{tooltip}{shape}</g>"));
        }
        self.labels(lane, self.y + BAR + 22.0);
    }

    /// The labels, each below its bar, or a little to the right of it where others are in the way.
    fn labels(&mut self, lane: &Lane, y: f64) {
        let mut taken = 0.0;
        for (label, bar) in lane.labelled() {
            let (left, width) = span(self.scale, bar.statement.begun, bar.to);
            let x = left.max(taken);
            if x <= left + width + ASIDE && x < RIGHT {
                self.text_at("tl-label tl-ink", x, y, label);
                taken = x + (label.len() + 1) as f64 * COLUMN;
            }
        }
    }

    fn statement(&mut self, label: &str, bar: &Bar) {
        self.y += LINE;
        self.text("tl-label tl-ink", LEFT, label);
        let (rows, word) = (bar.rows(), format!("tl-word-{}", name(bar.state)));
        let rows_left = self.rows - rows.len() as f64 * COLUMN;
        self.sql("tl-ink", rows_left - 24.0, &bar.statement.sql);
        for (right, figure) in [(self.rows, rows), (self.time, bar.time())] {
            self.text("tl-quiet", right - figure.width() as f64 * COLUMN, &figure);
        }
        self.text(&word, self.word, bar.state.word());
        if let Some(message) = bar.message() {
            self.y += LINE;
            self.sql(&word, RIGHT, message);
        }
    }

    /// Below the lanes: for how long statements overlapped, the statements, what was left out.
    fn below(&mut self, layout: &Layout) {
        if let Some(overlap) = &layout.overlap {
            self.y += LINE;
            if !layout.overlaps.is_empty() {
                let (x, y) = (LANE - 46.0, self.y - 18.0);
                self.put(&format!(
                    r#"<rect class="tl-band" x="{x}" y="{y}" width="34" height="22"/>"#
                ));
            }
            self.text("tl-words tl-overlap", LANE, overlap);
        }
        for lane in &layout.lanes {
            self.y += 16.0;
            for (label, bar) in lane.labelled() {
                self.statement(label, bar);
            }
            if let Some(more) = &lane.more {
                self.y += LINE;
                self.text(
                    "tl-words tl-quiet",
                    TEXT,
                    &format!("{more} of connection {}", lane.number),
                );
            }
        }
        if let Some(more) = &layout.more {
            self.y += LINE + 16.0;
            self.text("tl-words tl-quiet", TEXT, more);
        }
    }

    fn put(&mut self, element: &str) {
        self.out.extend([element, "\n"]);
    }

    fn text(&mut self, class: &str, x: f64, text: &str) {
        self.text_at(class, x, self.y, text);
    }

    fn text_at(&mut self, class: &str, x: f64, y: f64, text: &str) {
        if !text.is_empty() {
            let text = escaped(text);
            self.put(&format!(
                r#"<text class="{class}" x="{x:.1}" y="{y}">{text}</text>"#
            ));
        }
    }

    /// Draws foreign text up to `right`. Its width is estimated, so a frame cuts it off.
    fn sql(&mut self, class: &str, right: f64, text: &str) {
        let (width, y) = (right - TEXT, self.y - 24.0);
        let text = escaped(&cut(&one_line(text), (width / COLUMN) as usize));
        self.put(&format!(
            r#"<svg x="{TEXT}" y="{y}" width="{width:.1}" height="34"><text class="{class}" y="24">{text}</text></svg>"#
        ));
    }
}

/// Returns the tooltip of a bar: the complete SQL, and how it ended.
fn tooltip(bar: &Bar) -> String {
    let statement = bar.statement;
    let mut texts = vec![printable_lines(&statement.sql)];
    if statement.expanded != statement.sql {
        texts.push(printable_lines(&statement.expanded));
    }
    let end = [bar.state.word(), bar.message().unwrap_or_default()];
    let words = [bar.rows(), bar.time()]
        .into_iter()
        .chain(end.map(printable_lines));
    texts.push(
        words
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(", "),
    );
    format!("<title>{}</title>", escaped(&texts.join("\n\n")))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
