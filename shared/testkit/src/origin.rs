//! Remembers where panics began: the message of a panic does not say it.

use std::collections::VecDeque;
use std::panic;
use std::sync::{Mutex, Once};

use crate::{lock, message};

/// How many panics are remembered. Checks that run at the same time share them.
const REMEMBERED: usize = 100;

/// The messages of the last panics, each with its file and line.
static LAST: Mutex<VecDeque<(String, String)>> = Mutex::new(VecDeque::new());

/// Starts to remember panics, in addition to what the process does with them already.
pub(super) fn remember() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if let (Some(message), Some(at)) = (message(panic.payload()), panic.location()) {
                let mut last = lock(&LAST);
                last.truncate(REMEMBERED - 1);
                last.push_front((message.to_owned(), format!("{}:{}", at.file(), at.line())));
            }
            before(panic);
        }));
    });
}

/// Returns the message of a panic with its origin, as `panicked at src/lib.rs:7: …`. A message of a check itself, and that
/// of a `todo!()`, say what to do, and are returned as they are.
pub(super) fn with_origin(message: &str) -> String {
    let is_clear = ["expected", "not yet implemented"]
        .iter()
        .any(|start| message.starts_with(start));
    let last = lock(&LAST);
    let origin = last.iter().find(|(known, _)| known == message);
    match origin {
        Some((_, origin)) if !is_clear => format!("panicked at {origin}: {message}"),
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_shown_with_its_file_and_line() {
        remember();
        let line = line!() + 1;
        let panic = panic::catch_unwind(|| panic!("no such luck")).unwrap_err();
        let shown = with_origin(message(&*panic).unwrap());
        assert_eq!(
            shown,
            format!("panicked at {}:{line}: no such luck", file!())
        );
    }

    #[test]
    fn what_a_check_expects_and_what_is_not_written_yet_are_shown_as_they_are() {
        remember();
        for text in ["expected: 1\nfound: 2", "not yet implemented: open it"] {
            assert!(panic::catch_unwind(|| panic!("{text}")).is_err());
            assert_eq!(with_origin(text), text);
        }
        assert_eq!(with_origin("never seen"), "never seen");
    }
}
