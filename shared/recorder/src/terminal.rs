//! Escapes foreign text (a table's name, a cell, a path, a program's output) before it goes to a terminal.

/// Returns the text with every character escaped that would control a terminal or make it show a different text. Line
/// feeds and tabs stay.
///
/// Characters are escaped as in a Rust string. They are the control characters (an escape sequence can clear the screen,
/// or type), the marks that turn the direction of a line (`nimda` is shown as `admin` behind U+202E), and other
/// invisible characters.
///
/// Characters of ordinary writing stay: letters of any script, combining accents and emoji, and the zero-width joiner
/// and non-joiner, which emoji, Persian and Hindi need. The flags of England, Scotland and Wales are escaped, because
/// they consist of invisible letters that can hide any text.
pub(crate) fn printable_lines(text: &str) -> String {
    escape(text, |c| is_harmful(c) && c != '\n' && c != '\t')
}

/// Returns the text as [`printable_lines`] does, on one line: line feeds and tabs are escaped too. For a cell of a table.
pub(crate) fn printable(text: &str) -> String {
    escape(text, is_harmful)
}

fn escape(text: &str, is_escaped: impl Fn(char) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if is_escaped(c) {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// Returns whether a terminal must not get this character.
///
/// These are Unicode's control and format characters and its two line separators, without the visible format characters
/// (such as the Arabic sign of a year) and the two joiners; and two characters that XML forbids, because pictures and
/// reports contain the same texts.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'
                | '\u{200e}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{fffe}'..='\u{ffff}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0001}'..='\u{e007f}'
        )
}
