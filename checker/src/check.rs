//! Runs the checks of a compiled solution, each in a process of its own, and reads its verdict.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use crate::compile::Compiled;
use crate::fence::{Fence, Given};
use crate::official::Target;
use crate::outcome::{Check, Problem, Verdict};
use crate::process::{self, Ended, Limits};

/// How long a check waits inside for what does not come, in seconds; it gives itself up after twice that.
const DEADLINE: u64 = 10;

/// One that has not given itself up by then hangs.
const LIMITS: Limits = Limits {
    time: Duration::from_secs(2 * DEADLINE + 20),
    memory: 4 << 30,
    output: 1 << 20,
};

/// How much of a crashed check's output is shown, in bytes, its end.
const SHOWN: usize = 4000;

/// The word of a check that has ended, as `shared::check` gives it.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
enum Word {
    Passed,
    Failed {
        message: String,
        saw: String,
        hint: String,
    },
}

impl Compiled {
    /// Runs one check.
    ///
    /// Passed it has only by its own word: a line that begins with a random text which it was told. An exit status says
    /// nothing, for code that is checked can end the process with any.
    ///
    /// # Errors
    ///
    /// When it cannot be started: our bug.
    pub fn run(&self, target: &Target, name: &str, fence: &Fence) -> Result<Check, Problem> {
        let word = format!("{:032x} ", fastrand::u128(..));
        let program = &self.programs[&target.name];
        let given = Given {
            read: vec![self.folder()],
        };
        let ended = process::run(fence, &given, Path::new("/usr/bin/env"), LIMITS, |command| {
            // What a solution makes under a name without a folder goes with the folder.
            command
                .current_dir(self.folder())
                .arg(format!("CHECK_WORD={word}"))
                .arg(format!("CHECK_DEADLINE={DEADLINE}"))
                .arg("RUST_BACKTRACE=0")
                .arg(program)
                .args([
                    "--exact",
                    name,
                    "--include-ignored",
                    "--nocapture",
                    "--test-threads=1",
                ]);
        });
        let ended = ended.map_err(|error| Problem::our_bug("start a check", &error))?;
        Ok(Check {
            name: name.to_owned(),
            is_required: target.required.contains(name),
            verdict: verdict(&ended, &word),
            took: ended.took,
        })
    }
}

fn verdict(ended: &Ended, word: &str) -> Verdict {
    let stdout = String::from_utf8_lossy(&ended.stdout);
    let mut words = stdout.lines().filter_map(|line| line.strip_prefix(word));
    let word = words.next().and_then(|line| serde_json::from_str(line).ok());
    match word {
        Some(Word::Passed) => Verdict::Passed,
        Some(Word::Failed { message, saw, hint }) => Verdict::Failed { message, saw, hint },
        None if ended.status.is_none() => Verdict::TimedOut { output: shown(ended) },
        None => Verdict::Crashed {
            how: ended.how(),
            output: shown(ended),
        },
    }
}

/// The end of what it printed.
fn shown(ended: &Ended) -> String {
    let mut output = ended.stdout.clone();
    output.extend(&ended.stderr);
    let from = output.len().saturating_sub(SHOWN);
    String::from_utf8_lossy(&output[from..]).into_owned()
}
