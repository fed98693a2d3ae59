//! Finds the prepared statement of an execution: the general log has the text of both, but no link between them.

use std::collections::HashSet;

/// Returns the prepared statement of this execution, or the text itself if there is none. If several match, the one
/// that has most in common with it.
pub fn as_written<'a>(expanded: &'a str, prepared: &'a HashSet<String>) -> &'a str {
    if prepared.contains(expanded) {
        return expanded;
    }
    let fitting = prepared.iter().filter(|prepared| fits(expanded, prepared));
    let in_common = |prepared: &&String| prepared.len() - prepared.matches('?').count();
    fitting
        .max_by_key(in_common)
        .map_or(expanded, String::as_str)
}

/// Returns whether this is the prepared text with a value in the place of each question mark. A question mark in a
/// string stays: no value begins with one.
fn fits(expanded: &str, prepared: &str) -> bool {
    let mut parts = prepared.split_inclusive('?');
    let rest = parts.try_fold(expanded, |rest, part| match part.strip_suffix('?') {
        Some(text) => {
            let rest = rest.strip_prefix(text)?;
            Some(rest.strip_prefix('?').unwrap_or_else(|| after_value(rest)))
        }
        None => rest.strip_prefix(part),
    });
    rest == Some("")
}

/// Returns the text after a value: a number, a word such as `NULL`, a string, or both as in `DATE'2026-11-20'`.
fn after_value(text: &str) -> &str {
    let is_of_a_word =
        |character: char| character.is_ascii_alphanumeric() || "_.".contains(character);
    let mut rest = text
        .trim_start_matches('-')
        .trim_start_matches(is_of_a_word);
    if text[..text.len() - rest.len()].ends_with('e') {
        rest = rest
            .trim_start_matches(['-', '+'])
            .trim_start_matches(is_of_a_word);
    }
    let Some(string) = rest.strip_prefix('\'') else {
        return rest;
    };
    let mut characters = string.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => _ = characters.next(),
            '\'' => break,
            _ => {}
        }
    }
    characters.as_str()
}
