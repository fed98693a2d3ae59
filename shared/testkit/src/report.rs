//! Reports the end of a check: to people, and to a program that runs the checks and expects its token.

use std::env;
use std::io;
use std::panic::resume_unwind;
use std::sync::{Mutex, OnceLock};
use std::thread;

use serde_json::json;

use recorder::timeline::text;

use crate::{Bench, Failure, limit, lock, message, origin};

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
        origin::remember();
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
        let in_vain = format!(
            "expected: the check ends within {} seconds",
            limit().as_secs()
        );
        let found = match &failure {
            Some(panic) => message(&**panic).map_or_else(
                || "a panic with a value that is not a string".to_owned(),
                origin::with_origin,
            ),
            None => in_vain,
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
