//! Reports the end of a check: to people, and to a program that runs the checks and expects its token.

use std::collections::VecDeque;
use std::env;
use std::io;
use std::panic::{self, resume_unwind};
use std::sync::{Mutex, Once, OnceLock};
use std::thread;

use serde_json::json;

use recorder::timeline::text;

use crate::{Bench, Failure, lock, message};

/// A check that has begun.
pub(super) struct Report {
    seed: u64,
    token: Option<&'static str>,
}

impl Report {
    /// # Panics
    ///
    /// When `CHECK_SEED` is not a number.
    pub(super) fn begin() -> Report {
        remember_panics();
        let given = env::var("CHECK_SEED").ok();
        Report {
            seed: given.map_or_else(
                || fastrand::u64(..),
                |seed| {
                    seed.parse()
                        .expect("CHECK_SEED is a number, as a failing check prints it")
                },
            ),
            token: token(),
        }
    }

    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    /// # Panics
    ///
    /// When the check has failed.
    pub(super) fn end(self, hint: &str, outcome: Result<(), Failure>, bench: &dyn Bench) {
        let Err(failure) = outcome else {
            return self.give_token(&json!({ "check": name(), "verdict": "passed" }));
        };
        let found = match &failure {
            Some(panic) => message(&**panic).map_or_else(
                || "a panic with a value that is not a string".to_owned(),
                with_origin,
            ),
            None => "expected: the check ends\nfound: it still runs".to_owned(),
        };
        let seed = self.seed;
        let drawing = bench.saw();
        let saw = [text::legend(&drawing), drawing].join("\n");
        let saw = saw.trim_start();
        // A longer one is not worth drawing.
        let timeline = bench.timeline().filter(|it| it.statements().count() <= 50);
        let name = name();
        if failure.is_none() {
            println!("{found}");
        }
        println!("saw:\n    {}", saw.trim_end().replace('\n', "\n    "));
        println!("hint: {hint}");
        println!("replay: CHECK_SEED={seed} cargo test {name}");
        self.give_token(&json!({
            "check": name, "verdict": "failed", "message": found, "saw": saw, "hint": hint,
            "seed": seed, "timeline": timeline,
        }));
        match failure {
            Some(panic) => resume_unwind(panic),
            None => panic!("{name} did not finish in time"),
        }
    }

    fn give_token(&self, what: &serde_json::Value) {
        if let Some(token) = self.token {
            println!("\n{token} {what}");
        }
    }
}

/// Returns the token that a program which runs the checks has given to this process, once for each check.
///
/// A line that begins with it, on standard output, proves that the check has run to its end. The exit status does not
/// prove that: `std::process::exit(0)` in the checked code has the same one. So the token must not be where that code
/// can find it, such as in the environment: it is the line on standard input, which has been read before that code
/// runs. It is given once for each name, because the checked code can call these functions.
fn token() -> Option<&'static str> {
    static TOKEN: OnceLock<Option<String>> = OnceLock::new();
    static GIVEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

    let read = || {
        if env::var_os("CHECK_TOKEN")? != "stdin" {
            return None;
        }
        let mut line = String::new();
        io::stdin().read_line(&mut line).ok()?;
        Some(line.trim_end().to_owned()).filter(|token| !token.is_empty())
    };
    let token = TOKEN.get_or_init(read).as_deref()?;
    let mut given = lock(&GIVEN);
    let name = name();
    if given.contains(&name) {
        return None;
    }
    given.push(name);
    Some(token)
}

/// Returns the check's name, which is that of its thread.
fn name() -> String {
    thread::current().name().unwrap_or("check").to_owned()
}

/// The number of panics that are remembered. Checks that run at the same time share them.
const REMEMBERED: usize = 100;

/// The messages of the last panics, each with its file and line.
static LAST: Mutex<VecDeque<(String, String)>> = Mutex::new(VecDeque::new());

/// Starts to remember panics, in addition to what the process does with them already.
fn remember_panics() {
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
fn with_origin(message: &str) -> String {
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
        remember_panics();
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
        remember_panics();
        for text in ["expected: 1\nfound: 2", "not yet implemented: open it"] {
            assert!(panic::catch_unwind(|| panic!("{text}")).is_err());
            assert_eq!(with_origin(text), text);
        }
        assert_eq!(with_origin("never seen"), "never seen");
    }
}
