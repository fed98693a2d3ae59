//! Breaks long lines between words, because a terminal breaks them inside a word.

use unicode_width::UnicodeWidthStr;

/// Breaks a line into lines of at most `width` columns. The second and later ones begin with `hanging` spaces.
///
/// It never breaks what stands between two backticks: a command can still be copied. A line with escape sequences, and a
/// line whose indentation leaves less than half of the width, stays as it is.
pub(super) fn fold(line: &str, hanging: usize, width: usize) -> String {
    if line.width() <= width || line.contains('\x1b') || hanging * 2 > width {
        return line.to_owned();
    }
    let indent = line.len() - line.trim_start().len();
    let mut lines = vec![line[..indent].to_owned()];
    for piece in pieces(&line[indent..]) {
        let last = lines.last_mut().expect("one line at least");
        let is_empty = last.trim_start().is_empty();
        if is_empty || last.width() + piece.trim_end().width() <= width {
            last.push_str(piece);
        } else {
            lines.push(" ".repeat(hanging) + piece);
        }
    }
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    lines.join("\n")
}

/// Splits a line after each space that is not between two backticks.
fn pieces(line: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    line.split_inclusive(move |c| {
        in_code ^= c == '`';
        c == ' ' && !in_code
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_between_words_and_never_inside_code() {
        for (line, hanging, expected) in [
            ("fits", 0, "fits"),
            ("one two three four", 0, "one two\nthree four"),
            ("  one two three four", 2, "  one two\n  three\n  four"),
            ("run `a b c d e f` now", 0, "run\n`a b c d e f`\nnow"),
            ("anunbreakableword end", 2, "anunbreakableword\n  end"),
            ("李李 李李 李李", 0, "李李 李李\n李李"),
            (
                "\x1b[1m one two three four\x1b[0m",
                0,
                "\x1b[1m one two three four\x1b[0m",
            ),
        ] {
            assert_eq!(fold(line, hanging, 10), expected);
        }
    }
}
