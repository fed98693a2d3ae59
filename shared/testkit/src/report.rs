//! What a check says when it has ended: to people, and to a program that runs the checks and asks for a word.

use std::env;
use std::panic::resume_unwind;
use std::thread;

use serde_json::json;

use crate::{Bench, Failure, limit, message};

/// A check that has begun.
pub(super) struct Report {
    seed: u64,
    word: Option<String>,
}

impl Report {
    /// # Panics
    ///
    /// When `CHECK_SEED` is not a number.
    pub(super) fn begin() -> Report {
        let given = env::var("CHECK_SEED").ok();
        Report {
            seed: given.map_or_else(
                || fastrand::u64(..),
                |seed| {
                    seed.parse()
                        .expect("CHECK_SEED is a number, as a failing check prints it")
                },
            ),
            // A line that begins with this, on standard output, says that the check has run to its end. The exit
            // status alone does not: `std::process::exit(0)` in the code that is checked has the same.
            word: env::var("CHECK_WORD").ok(),
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
            return self.give_word(&json!({ "check": name(), "verdict": "passed" }));
        };
        let in_vain = format!("expected: an end within {} seconds", limit().as_secs());
        let found = match &failure {
            Some(panic) => message(&**panic).unwrap_or("a panic without a message"),
            None => &in_vain,
        };
        let (saw, seed) = (bench.saw(), self.seed);
        let name = name();
        if failure.is_none() {
            println!("{found}");
        }
        println!("saw:\n    {}", saw.trim_end().replace('\n', "\n    "));
        println!("hint: {hint}");
        println!("replay: CHECK_SEED={seed} cargo test {name}");
        self.give_word(
            &json!({ "check": name, "verdict": "failed", "message": found, "saw": saw, "hint": hint, "seed": seed }),
        );
        match failure {
            Some(panic) => resume_unwind(panic),
            None => panic!("{name} did not end"),
        }
    }

    fn give_word(&self, what: &serde_json::Value) {
        if let Some(word) = &self.word {
            println!("\n{word}{what}");
        }
    }
}

/// The check's name, which is that of its thread.
fn name() -> String {
    thread::current().name().unwrap_or("check").to_owned()
}
