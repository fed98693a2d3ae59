//! Proof of the checks: every wrong solution is caught by the check that it names and by no other, every right one
//! passes all that are required, also in the place of ours in the task's program, and there is a wrong one for each.
//!
//! `cargo test -p solutions -- 2-concurrent/wrong` runs some of them.

mod solution;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::thread::available_parallelism;

use checker::compile::BINARY;
use checker::fence::Fence;
use checker::outcome::{self, Check, Problem};
use checker::reference::{Reference, Target, Tasks};
use checker::task::{CHECKS, TASKS, Task};
use libtest_mimic::{Arguments, Failed, Trial};

use solution::{Solution, Verdict};

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // One more than cores, for the checks of most wrong solutions wait in vain.
    let cores = available_parallelism().map_or(1, |count| count.get());
    arguments.test_threads.get_or_insert(cores + 1);
    let (mut trials, mut wrong, mut right) = (Vec::new(), 0, 0);
    for task in TASKS {
        let solutions = solutions(task);
        for solution in &solutions {
            match solution.verdict {
                Verdict::Right => right += 1,
                Verdict::Wrong { .. } => wrong += 1,
            }
            let solution = solution.clone();
            trials.push(Trial::test(solution.name(), move || judge(task, &solution)));
        }
        let name = format!("{}: every required check catches a wrong solution", task.folder);
        trials.push(Trial::test(name, move || every_check_is_named(task, &solutions)));
    }
    let count = trials.len();
    let conclusion = libtest_mimic::run(&arguments, trials);
    // Only where all of them have been judged.
    if conclusion.num_passed as usize == count {
        println!(
            "{wrong} wrong solutions, each caught by the check that it names; {right} right ones, all passed\n"
        );
    }
    conclusion.exit_code()
}

/// The solutions of a task, in the order of their names.
fn solutions(task: Task) -> Vec<Solution> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(task.folder);
    let mut solutions = Vec::new();
    for kind in ["right", "wrong"] {
        let files = fs::read_dir(folder.join(kind)).into_iter().flatten();
        let mut files: Vec<_> = files
            .map(|file| file.expect("a folder that can be read").path())
            .collect();
        files.sort();
        solutions.extend(
            files
                .into_iter()
                .map(|file| Solution::read(task.folder, kind, file)),
        );
    }
    solutions
}

/// Runs the required checks on a solution, and compares those that failed with those that should.
fn judge(task: Task, solution: &Solution) -> Result<(), Failed> {
    let (reference, checks) = reference(task)?;
    let targets: &[&str] = match &solution.verdict {
        Verdict::Right => &[CHECKS, BINARY],
        Verdict::Wrong { .. } => &[CHECKS],
    };
    let compiled = reference
        .compile(&solution.file, targets, &Fence::Open)
        .map_err(in_full)?;
    let mut outcomes = compiled.run_required(checks, &Fence::Open).map_err(in_full)?;
    let expected = solution.verdict.failing(&names(checks));
    match solution.verdict {
        Verdict::Right => {
            compare(&outcomes, &expected)?;
            let binary = reference
                .target(BINARY)
                .ok_or("a task without tests of its program")?;
            match compiled.run_tests(binary, &Fence::Open).map_err(in_full)? {
                outcome::Verdict::Passed => Ok(()),
                failed => Err(format!("the tests of the program: {failed:#?}").into()),
            }
        }
        Verdict::Wrong { .. } => {
            // What is wrong with it may also fail a check that ran beside the one which is there for it, in the same
            // process. So whatever is not as expected has the process for itself, the second time.
            for check in &mut outcomes {
                if has_failed(check) != expected.contains(last_name(&check.name)) {
                    *check = compiled.run(checks, &check.name, &Fence::Open).map_err(in_full)?;
                }
            }
            compare(&outcomes, &expected)
        }
    }
}

fn has_failed(check: &Check) -> bool {
    check.verdict != outcome::Verdict::Passed
}

fn compare(outcomes: &[Check], expected: &BTreeSet<&str>) -> Result<(), Failed> {
    let (mut failed, mut report) = (BTreeSet::new(), String::new());
    for check in outcomes.iter().filter(|check| has_failed(check)) {
        failed.insert(last_name(&check.name));
        let _ = writeln!(report, "{}: {:#?}", check.name, check.verdict);
    }
    if failed == *expected {
        return Ok(());
    }
    let list = |what: &str, names: BTreeSet<&str>| -> String {
        names
            .into_iter()
            .map(|name| format!("{what}: {name}\n"))
            .collect()
    };
    let missed = list("should have failed", expected - &failed);
    let surprising = list("should have passed", &failed - expected);
    Err(format!("{missed}{surprising}\n{report}").into())
}

/// Whether a wrong solution stands against each required check, and there are four right ones.
fn every_check_is_named(task: Task, solutions: &[Solution]) -> Result<(), Failed> {
    let (_, checks) = reference(task)?;
    let required = names(checks);
    let verdicts = || solutions.iter().map(|solution| &solution.verdict);
    let caught: BTreeSet<&str> = verdicts()
        .flat_map(Verdict::caught_by)
        .map(String::as_str)
        .collect();
    let missing = &required - &caught;
    if !missing.is_empty() {
        return Err(format!("no wrong solution is caught by: {missing:#?}").into());
    }
    let rights = verdicts()
        .filter(|verdict| matches!(verdict, Verdict::Right))
        .count();
    if rights < 4 {
        return Err(format!("{rights} right solutions, and not four").into());
    }
    Ok(())
}

/// A task and its checks, built when the first solution asks for them.
fn reference(task: Task) -> Result<(&'static Reference, &'static Target), Failed> {
    static BUILT: Tasks = Tasks::new();
    let reference = BUILT.reference(task).map_err(in_full)?;
    Ok((reference, reference.checks().map_err(in_full)?))
}

fn in_full(problem: Problem) -> Failed {
    format!("{}\n{}", problem.message, problem.details).into()
}

/// The names of the required checks.
fn names(checks: &Target) -> BTreeSet<&str> {
    checks.required.iter().map(|path| last_name(path)).collect()
}

/// `closing::closes_after_success`, without its module.
fn last_name(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}
