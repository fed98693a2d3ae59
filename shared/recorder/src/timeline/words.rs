//! Formats times, counts and foreign text for people.

use std::time::Duration;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::terminal::printable;

/// Returns the unit for a number of seconds: its size, and its name.
pub(super) fn unit(seconds: f64) -> (f64, &'static str) {
    match seconds {
        1.0.. => (1.0, "s"),
        1e-4.. => (1e-3, "ms"),
        _ => (1e-6, "µs"),
    }
}

/// Returns a length of time for people, such as `0.62 ms`.
pub(super) fn time(duration: Duration) -> String {
    let (size, unit) = unit(duration.as_secs_f64());
    let value = duration.as_secs_f64() / size;
    let decimals = match value {
        0.0 | 100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    format!("{value:.decimals$} {unit}")
}

/// `1 row`, `1,234 rows`.
pub(super) fn counted(count: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(count), plural(count))
}

/// Returns the plural ending of a word for this count.
pub(super) fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// Returns a number with its thousands separated.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    let groups: Vec<_> = groups.map(String::from_utf8_lossy).collect();
    groups.join(",")
}

/// `a` to `z`, then `aa`, `ab` and so on.
pub(super) fn label(mut index: usize) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(char::from(b'a' + (index % 26) as u8));
        index /= 26;
        if index == 0 {
            break letters.iter().rev().collect();
        }
        index -= 1;
    }
}

/// Returns the text on one line, safe for a terminal and for XML.
pub(super) fn one_line(text: &str) -> String {
    printable(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Returns the text shortened to a number of terminal columns, with an ellipsis.
pub(super) fn cut(text: &str, columns: usize) -> String {
    // Some characters have no width, and there may be a million of them.
    let few: String = text.chars().take(columns * 4 + 4).collect();
    if few.len() == text.len() && text.width() <= columns {
        return few;
    }
    let mut width = 0;
    let fits = |c: &char| {
        width += c.width().unwrap_or_default();
        width < columns
    };
    let mut kept: String = few.chars().take_while(fits).collect();
    // Several characters may combine into one, which may be wider than each of them.
    while kept.width() >= columns && kept.pop().is_some() {}
    format!("{}…", kept.trim_end())
}
