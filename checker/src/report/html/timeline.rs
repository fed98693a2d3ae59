//! Timelines in the page, drawn by the recorder.
//!
//! The recorder draws complete documents. Here they share one style and one set of patterns: without those a picture takes
//! half the space.

use std::sync::LazyLock;

use crate::report::clean;

use recorder::timeline::{Connection, End, Statement, Timeline, svg};

struct Parts {
    style: String,
    patterns: String,
}

static PARTS: LazyLock<Parts> = LazyLock::new(|| {
    let drawing = svg::draw(&Timeline::default());
    let between = |begin: &str, end: &str| {
        let rest = drawing.split_once(begin).map_or("", |(_, rest)| rest);
        rest.split_once(end).map_or("", |(text, _)| text).to_owned()
    };
    Parts {
        style: between("<style>\n", "</style>"),
        patterns: between("<defs>\n", "</defs>"),
    }
});

/// Returns the style of all pictures. Paper is light.
pub(super) fn style() -> String {
    let (dark, on_a_screen) = (
        "@media (prefers-color-scheme: dark)",
        "@media screen and (prefers-color-scheme: dark)",
    );
    PARTS.style.replace(dark, on_a_screen)
}

/// Returns an invisible picture with the patterns that all pictures use.
pub(super) fn patterns() -> String {
    format!(
        "<svg class=\"patterns\" aria-hidden=\"true\"><defs>\n{}</defs></svg>\n",
        PARTS.patterns
    )
}

/// Draws a timeline, without style and patterns.
pub(super) fn draw(timeline: &Timeline) -> String {
    let drawing = svg::draw(timeline);
    // A text from a statement cannot be mistaken for the style, because its `<` is escaped.
    let parts = drawing
        .split_once("<style>")
        .zip(drawing.split_once("</defs>\n"));
    match parts {
        Some(((before, _), (_, after))) => format!("{before}{after}"),
        None => drawing,
    }
}

/// The number of connections, and of statements of each, that are described: as many as are drawn.
const CONNECTIONS: usize = 6;
const STATEMENTS: usize = 12;

/// Describes a timeline in words, because a screen reader does not read what is in a picture.
pub(super) fn described(timeline: &Timeline) -> String {
    let connections = (1..).zip(timeline.connections.iter().take(CONNECTIONS));
    let described = connections.map(|(number, connection)| {
        let statements = connection.statements.iter().take(STATEMENTS);
        let statements: Vec<String> = statements.map(statement).collect();
        let life = life(connection);
        format!("Connection {number}, {life}: {}.", statements.join("; "))
    });
    described.collect::<Vec<_>>().join(" ")
}

fn life(connection: &Connection) -> &'static str {
    match (connection.closing, connection.closed) {
        (Some(_), Some(_)) => "closed",
        (None, Some(_)) => "cut off",
        (Some(_), None) => "asked to close, but kept open by a statement",
        (None, None) => "never closed",
    }
}

fn statement(statement: &Statement) -> String {
    let rows = statement.rows;
    let end = match &statement.ended {
        None => "still running".to_owned(),
        Some((_, End::Done)) => "done".to_owned(),
        Some((_, End::Left)) => "not read to its end".to_owned(),
        Some((_, End::Interrupted)) => "interrupted".to_owned(),
        Some((_, End::Failed(message))) => format!("failed: {message}"),
        Some((_, End::Refused(message))) => format!("refused: {message}"),
    };
    let sql = clean::line(&statement.sql, SQL);
    format!("{sql}, rows: {rows}, {end}")
}

/// The maximum length of a described statement, in bytes.
const SQL: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_neither_style_nor_patterns() {
        let drawing = draw(&Timeline::default());
        assert!(drawing.starts_with("<svg ") && drawing.ends_with("</svg>\n"));
        assert!(
            !drawing.contains("style") && !drawing.contains("<pattern"),
            "{drawing}"
        );
        assert!(style().contains(".tl-paper") && style().contains("screen and"));
        assert!(patterns().contains("id=\"tl-pattern-failed\""));
    }
}
