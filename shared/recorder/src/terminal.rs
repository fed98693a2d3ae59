//! Text from elsewhere (a table's name, a cell, a path, a program's output) on its way to a terminal.

/// Returns the text with every character escaped that would do something to a terminal, or that would make it show
/// something else than what the text says. Line feeds and tabs stay.
///
/// Characters are escaped as in a Rust string. They are the control characters (an escape sequence can clear the screen,
/// or type), the marks that turn the direction of a line (`nimda` is shown as `admin` behind U+202E), and other characters
/// that nobody sees.
///
/// What ordinary writing needs stays: letters of any script, which bring their direction along, combining accents and
/// emoji, and the zero-width joiner and non-joiner, without which emoji fall apart and Persian and Hindi are misspelt.
/// They change the shape of their neighbours, and nothing else. The flags of England, Scotland and Wales lose: they are
/// made of invisible letters, in which any text can be hidden.
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

/// Whether a terminal, or somebody who reads it, is not to get this character.
///
/// Unicode's control and format characters and its two separators of lines, without those format characters that have a
/// shape (such as the Arabic sign of a year) and the two joiners. And two characters that XML forbids, because pictures
/// and reports are made of the same texts.
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
