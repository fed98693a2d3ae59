//! Parses rows and times as the server writes them.

use std::time::Duration;

/// The rows of a table of the CSV storage engine. One that is just being written is left out.
///
/// Text stands in quotes; a backslash stands before a quote and a backslash in it, and `\n` and `\r` for a line's end,
/// so a row is a line (`ha_tina::encode_quote` in MariaDB's storage/csv/ha_tina.cc; MySQL's is the same).
pub fn rows(table: &str) -> impl Iterator<Item = Vec<String>> {
    let lines = table.split_inclusive('\n');
    lines.filter_map(|line| line.strip_suffix('\n')).map(fields)
}

fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            '\\' => field.extend(characters.next().map(|escaped| match escaped {
                'n' => '\n',
                'r' => '\r',
                itself => itself,
            })),
            other => field.push(other),
        }
    }
    fields.push(field);
    fields
}

/// A moment such as `2026-11-20 16:23:45.615621`, with or without the fraction, since the beginning of 1970.
pub fn moment(text: &str) -> Option<Duration> {
    let mut numbers = numbers(text);
    let mut next = || numbers.next();
    let [year, month, day] = [next()?, next()?, next()?];
    // Years that begin in March: then the day that some of them have more is their last.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year.checked_sub(1)?, month + 9)
    };
    let days_before = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
    let days = days_before.checked_sub(719_469)?; // as many are before 1970
    Some(Duration::from_secs(days * 86_400) + clock(numbers)?)
}

/// A span such as `00:00:00.100298`.
pub fn span(text: &str) -> Option<Duration> {
    clock(numbers(text))
}

fn clock(mut numbers: impl Iterator<Item = u64>) -> Option<Duration> {
    let mut next = || numbers.next();
    let seconds = 3600 * next()? + 60 * next()? + next()?;
    Some(Duration::from_secs(seconds) + Duration::from_micros(next().unwrap_or(0)))
}

/// Hours may have a blank before them; and where a blank stands between date and time, MySQL writes a `T` elsewhere.
fn numbers(text: &str) -> impl Iterator<Item = u64> {
    text.split(|character: char| !character.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
}
