//! The pieces of the page, and what fits into it.

use super::submission::{picture, words};
use crate::outcome::Check;

/// A piece of the page.
pub(super) enum Piece<'a> {
    /// A text that is always there.
    Fixed(String),
    /// Details of a failing check, if they fit.
    Details {
        check: &'a Check,
        kind: Details,
        /// True for the first failing check of a task, whose details come before those of all others.
        is_first: bool,
    },
}

/// The details of a failing check.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Details {
    /// Its expectation, the result, and its hint. `false` leaves out what it found, which the check before it says.
    Words(bool),
    /// The drawing of what it saw.
    Picture,
}

/// Returns the text that stands for details that do not fit.
fn left_out(kind: Details) -> &'static str {
    match kind {
        Details::Words(true) => {
            "<p class=\"quiet\">Left out to keep this page small. Grade this submission alone to see it.</p>\n"
        }
        Details::Words(false) => "",
        Details::Picture => "<p class=\"quiet\">What it saw is left out.</p>\n",
    }
}

/// Returns the texts of all pieces. Details that would make the page longer than `most` bytes are left out: pictures first,
/// and those of the first failing check of a task last.
pub(super) fn texts(pieces: &[Piece<'_>], most: usize) -> Vec<String> {
    let mut texts: Vec<String> = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Fixed(text) => text.clone(),
            Piece::Details { kind, .. } => left_out(*kind).to_owned(),
        })
        .collect();
    let mut room = most.saturating_sub(texts.iter().map(String::len).sum());
    for (wants_words, wants_first) in [(true, true), (true, false), (false, true), (false, false)] {
        for (piece, text) in pieces.iter().zip(&mut texts) {
            let Piece::Details {
                check,
                kind,
                is_first,
            } = piece
            else {
                continue;
            };
            let is_words = *kind != Details::Picture;
            // Drawing what cannot fit would take minutes for a hostile class.
            if (is_words, *is_first) != (wants_words, wants_first) || room < SMALLEST {
                continue;
            }
            let details = match kind {
                Details::Words(with_message) => words(check, *with_message),
                Details::Picture => picture(check),
            };
            if details.len() <= room + text.len() {
                room = room + text.len() - details.len();
                *text = details;
            }
        }
    }
    texts
}

/// The length of the shortest details, in bytes.
const SMALLEST: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Verdict;
    use std::time::Duration;

    #[test]
    fn words_come_before_pictures_and_those_of_the_first_check_before_others() {
        let check = |word: &str| Check {
            name: word.to_owned(),
            is_required: true,
            verdict: Verdict::Failed {
                message: format!("words {word}").repeat(20),
                saw: format!("seen {word}").repeat(20),
                hint: String::new(),
                timeline: None,
            },
            took: Duration::ZERO,
        };
        let checks = ["a", "b"].map(check);
        let pieces: Vec<Piece> = (checks.iter().enumerate())
            .flat_map(|(place, check)| {
                [Details::Words(true), Details::Picture].map(|kind| Piece::Details {
                    check,
                    kind,
                    is_first: place == 0,
                })
            })
            .collect();
        let parts = ["words a", "words b", "seen a", "seen b"];
        let mut counts = Vec::new();
        for most in 0..2000 {
            let texts = texts(&pieces, most).concat();
            let shown = parts.map(|part| texts.contains(part));
            // Each part comes only with all before it.
            assert!(
                shown.is_sorted_by(|one, next| one >= next),
                "{most}: {texts}"
            );
            let count = shown.into_iter().filter(|is_shown| *is_shown).count();
            assert!(count == 0 || texts.len() <= most, "{most}: {texts}");
            assert_eq!(texts.matches("eft out").count(), 4 - count, "{texts}");
            counts.push(count);
        }
        counts.dedup();
        assert_eq!(counts, [0, 1, 2, 3, 4]);
    }
}
