//! Runs the checks of a compiled solution and reads their verdicts.

use std::io::{self, PipeReader, Write};
use std::path::Path;

use serde::Deserialize;
use shared::files::private_folder;

use crate::compile::{Compiled, no_room};
use crate::fault;
use crate::outcome::{Check, Problem, Verdict};
use crate::process::{self, End, Ended, Limits, MOST_OUTPUT};
use crate::reference::Target;
use crate::sandbox::{Mounts, Sandbox};

/// The number of checks that run at the same time in one process. This is more than the number of cores because checks mostly wait.
const AT_A_TIME: u64 = 4;
const TOGETHER: [&str; 1] = ["--test-threads=4"];

/// The number of bytes to show from the end of a crashed check's output.
const SHOWN: usize = 4000;

/// The report that `testkit` prints after the token when a check ends.
#[derive(Deserialize)]
struct CheckReport {
    /// The name of the check.
    check: String,
    #[serde(flatten)]
    verdict: Verdict,
}

impl Compiled {
    /// Runs one check in a separate process.
    ///
    /// A check has passed only if it printed its token and its name; an exit status can be forged.
    ///
    /// # Errors
    ///
    /// If it cannot be started or is killed from outside. The problem is the machine's.
    pub fn run(&self, target: &Target, name: &str, sandbox: &Sandbox) -> Result<Check, Problem> {
        let arguments = ["--exact", name, "--test-threads=1"];
        let (ended, reports) = self.start(target, &arguments, self.limits(), sandbox)?;
        let report = reports.into_iter().find(|report| report.check == name);
        Ok(Check {
            name: name.to_owned(),
            is_required: target.is_required(),
            verdict: report
                .map_or_else(|| without_a_report(&ended), |report| Ok(report.verdict))?,
            took: ended.took,
        })
    }

    /// Runs the checks of a target in one process. This is faster, but a check that ends the process ends the others too.
    ///
    /// # Errors
    ///
    /// Like [`run`](Compiled::run).
    pub fn run_together(&self, target: &Target, sandbox: &Sandbox) -> Result<Vec<Check>, Problem> {
        let (ended, reports) = self.start(target, &TOGETHER, self.limits_together(), sandbox)?;
        let verdict = |name: &String| {
            let report = reports.iter().find(|report| report.check == *name);
            report.map_or_else(
                || without_a_report(&ended),
                |report| Ok(report.verdict.clone()),
            )
        };
        let check = |name: &String| {
            Ok(Check {
                name: name.clone(),
                is_required: target.is_required(),
                verdict: verdict(name)?,
                took: ended.took,
            })
        };
        target.tests.iter().map(check).collect()
    }

    /// Runs the tests of a target whose tests print no token. The exit status decides.
    ///
    /// # Errors
    ///
    /// Like [`run`](Compiled::run).
    pub fn run_tests(&self, target: &Target, sandbox: &Sandbox) -> Result<Verdict, Problem> {
        let (ended, _) = self.start(target, &TOGETHER, self.limits_together(), sandbox)?;
        let has_passed = matches!(ended.end, End::Exited(status) if status.success());
        if has_passed {
            return Ok(Verdict::Passed);
        }
        without_a_report(&ended)
    }

    fn limits(&self) -> Limits {
        Limits {
            // A check gives up after twice its deadline, so it hangs if it still runs.
            time: 3 * self.deadline,
            memory: 1 << 30,
            // MariaDB and the shell that starts it count.
            processes: 100,
            output: MOST_OUTPUT,
        }
    }

    /// Returns the limits of checks that run in one process.
    fn limits_together(&self) -> Limits {
        let one = self.limits();
        Limits {
            time: 10 * one.time,
            memory: AT_A_TIME * one.memory,
            processes: AT_A_TIME as usize * one.processes,
            // If the other checks' output pushes a report out, its check runs again in a separate process.
            output: one.output,
        }
    }

    fn start(
        &self,
        target: &Target,
        arguments: &[&str],
        limits: Limits,
        sandbox: &Sandbox,
    ) -> Result<(Ended, Vec<CheckReport>), Problem> {
        // The check reads standard input to its end before it calls the solution. The solution could read the environment and
        // the command line again.
        let started = random_token().and_then(|token| Ok((given_on_stdin(&token)?, token)));
        let (stdin, token) = started.map_err(|error| Problem::our_bug("start a check", &error))?;
        let mounts = Mounts {
            read: vec![self.folder()],
            ..Mounts::default()
        };
        // For files that a solution creates under a relative path, and files that a killed check leaves.
        let room = private_folder().map_err(|error| no_room(&error))?;
        let ended = process::run(
            sandbox,
            &mounts,
            Path::new("/usr/bin/env"),
            limits,
            |command| {
                command
                    .current_dir(room.path())
                    .env("TMPDIR", room.path())
                    .stdin(stdin)
                    .arg("CHECK_TOKEN=stdin")
                    .arg(format!("CHECK_DEADLINE={}", self.deadline.as_secs()))
                    .arg("RUST_BACKTRACE=0")
                    .arg(&self.programs[&target.name])
                    .arg("--nocapture")
                    .args(arguments);
            },
        );
        let ended = ended.map_err(|error| fault::not_started("a check", &error))?;
        let stdout = String::from_utf8_lossy(&ended.stdout);
        let reports = stdout.lines().filter_map(|line| line.strip_prefix(&token));
        let reports = reports.filter_map(|report| serde_json::from_str(report).ok());
        let reports = reports.collect();
        Ok((ended, reports))
    }
}

/// Returns a text that cannot be guessed.
fn random_token() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}

/// Returns the reading end of a pipe that contains only this line.
fn given_on_stdin(line: &str) -> io::Result<PipeReader> {
    let (reader, mut writer) = io::pipe()?;
    writeln!(writer, "{line}")?;
    Ok(reader)
}

/// Returns the verdict of a check that printed no report. If it was killed from outside, there is no verdict.
fn without_a_report(ended: &Ended) -> Result<Verdict, Problem> {
    if let Some(problem) = fault::of_the_machine("a check", ended) {
        return Err(problem);
    }
    Ok(match ended.end {
        End::TimedOut => Verdict::TimedOut {
            output: shown(ended),
        },
        End::Exited(_) | End::TooManyProcesses | End::OutOfMemory | End::TooMuchWritten => {
            Verdict::Crashed {
                how: ended.how(),
                output: shown(ended),
            }
        }
    })
}

/// Returns the end of its output.
fn shown(ended: &Ended) -> String {
    let mut output = ended.stdout.clone();
    output.extend(&ended.stderr);
    let from = output.len().saturating_sub(SHOWN);
    String::from_utf8_lossy(&output[from..]).into_owned()
}
