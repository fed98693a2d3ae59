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
const DEADLINE: u64 = 20;

/// One that has not given itself up by then hangs.
const LIMITS: Limits = Limits {
    time: Duration::from_secs(2 * DEADLINE + 20),
    memory: 4 << 30,
    output: 1 << 20,
};

/// Of those that run in one process.
const LIMITS_TOGETHER: Limits = Limits {
    time: LIMITS.time.saturating_mul(10),
    output: 64 * LIMITS.output,
    ..LIMITS
};

/// More than cores, for checks mostly wait.
const TOGETHER: [&str; 1] = ["--test-threads=4"];

/// How much of a crashed check's output is shown, in bytes, its end.
const SHOWN: usize = 4000;

/// The word of a check that has ended, as `shared::check` gives it.
#[derive(Deserialize)]
struct Word {
    /// Its name.
    check: String,
    #[serde(flatten)]
    verdict: Verdict,
}

impl Compiled {
    /// Runs one check, in a process of its own.
    ///
    /// Passed it has only by its own word: a line that begins with a random text which it was told. An exit status says
    /// nothing, for code that is checked can end the process with any.
    ///
    /// # Errors
    ///
    /// When it cannot be started: our bug.
    pub fn run(&self, target: &Target, name: &str, fence: &Fence) -> Result<Check, Problem> {
        let arguments = ["--exact", name, "--include-ignored", "--test-threads=1"];
        let (ended, words) = self.start(target, &arguments, LIMITS, fence)?;
        Ok(Check {
            name: name.to_owned(),
            is_required: target.required.iter().any(|required| required == name),
            verdict: words
                .into_iter()
                .next()
                .map_or_else(|| without_a_word(&ended), |word| word.verdict),
            took: ended.took,
        })
    }

    /// Runs the required checks in one process, some at a time: faster, and one that ends the process ends the others.
    ///
    /// # Errors
    ///
    /// As [`run`](Compiled::run).
    pub fn run_required(&self, target: &Target, fence: &Fence) -> Result<Vec<Check>, Problem> {
        let (ended, words) = self.start(target, &TOGETHER, LIMITS_TOGETHER, fence)?;
        let verdict = |name: &String| {
            let word = words.iter().find(|word| word.check == *name);
            word.map_or_else(|| without_a_word(&ended), |word| word.verdict.clone())
        };
        let check = |name: &String| Check {
            name: name.clone(),
            is_required: true,
            verdict: verdict(name),
            took: ended.took,
        };
        Ok(target.required.iter().map(check).collect())
    }

    /// Runs the required tests of a target that gives no word for each: the exit status decides.
    ///
    /// # Errors
    ///
    /// As [`run`](Compiled::run).
    pub fn run_tests(&self, target: &Target, fence: &Fence) -> Result<Verdict, Problem> {
        let (ended, _) = self.start(target, &TOGETHER, LIMITS_TOGETHER, fence)?;
        let passed = ended.status.is_some_and(|status| status.success());
        Ok(if passed {
            Verdict::Passed
        } else {
            without_a_word(&ended)
        })
    }

    fn start(
        &self,
        target: &Target,
        arguments: &[&str],
        limits: Limits,
        fence: &Fence,
    ) -> Result<(Ended, Vec<Word>), Problem> {
        let mark = format!("{:032x} ", fastrand::u128(..));
        let given = Given {
            read: vec![self.folder()],
            ..Given::default()
        };
        let ended = process::run(fence, &given, Path::new("/usr/bin/env"), limits, |command| {
            // What a solution makes under a name without a folder goes with the folder.
            command
                .current_dir(self.folder())
                .arg(format!("CHECK_WORD={mark}"))
                .arg(format!("CHECK_DEADLINE={DEADLINE}"))
                .arg("RUST_BACKTRACE=0")
                .arg(&self.programs[&target.name])
                .arg("--nocapture")
                .args(arguments);
        });
        let ended = ended.map_err(|error| Problem::our_bug("start a check", &error))?;
        let stdout = String::from_utf8_lossy(&ended.stdout);
        let words = stdout.lines().filter_map(|line| line.strip_prefix(&mark));
        let words = words.filter_map(|word| serde_json::from_str(word).ok()).collect();
        Ok((ended, words))
    }
}

/// The verdict on a check that did not say how it ended.
fn without_a_word(ended: &Ended) -> Verdict {
    match ended.status {
        None => Verdict::TimedOut { output: shown(ended) },
        Some(_) => Verdict::Crashed {
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
