//! Proof of the checks: every wrong solution fails exactly the checks that its header names, every right one passes
//! all required checks and the tests of the program, and every required check catches a wrong solution.
//!
//! `cargo test -p solutions -- 2-concurrent/wrong` runs some of them.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::available_parallelism;

use checker::outcome::{Check, Problem, Verdict};
use checker::reference::{Reference, Target, Tasks};
use checker::sandbox::Sandbox;
use checker::solution::{EVERY_CHECK, Kind, Solution};
use checker::task::{CHECKS, CLI, TASKS, Task};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // One more than cores, because most wrong solutions make a check wait until its deadline.
    let cores = available_parallelism().map_or(1, |count| count.get());
    arguments.test_threads.get_or_insert(cores + 1);
    let (mut trials, mut wrong, mut right) = (Vec::new(), 0, 0);
    for task in TASKS {
        let solutions = match Solution::all(task) {
            Ok(solutions) => solutions,
            Err(error) => {
                eprintln!("error: {error}");
                return ExitCode::FAILURE;
            }
        };
        for solution in &solutions {
            match solution.kind {
                Kind::Right => right += 1,
                Kind::Wrong { .. } => wrong += 1,
            }
            let name = format!(
                "{}/{}/{}",
                task.folder,
                solution.kind.folder(),
                solution.name()
            );
            let solution = solution.clone();
            trials.push(Trial::test(name, move || {
                judge(task, &solution).map_err(|failed| explain(&solution, &failed))
            }));
        }
        let name = format!(
            "{}: every required check catches a wrong solution",
            task.folder
        );
        trials.push(Trial::test(name, move || {
            every_check_is_named(task, &solutions)
        }));
    }
    println!("\n{wrong} wrong and {right} right solutions");
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Runs the required checks on a solution, and compares those that failed with those that should.
fn judge(task: Task, solution: &Solution) -> Result<(), Failed> {
    let (reference, checks) = reference(task)?;
    let mut reference = reference.clone();
    let targets: &[&str] = match &solution.kind {
        Kind::Right => {
            // A student may add a crate to the dependencies that only our examples use, such as sqlx.
            reference.plan = Arc::new(reference.plan.with_dev_dependencies());
            &[CHECKS, CLI]
        }
        Kind::Wrong { .. } => &[CHECKS],
    };
    let folder = tempfile::tempdir()?;
    let root = folder.path().join("lib.rs");
    fs::write(&root, &solution.program)?;
    let compiled = match (
        reference.compile(&root, targets, &Sandbox::None),
        &solution.kind,
    ) {
        // No check runs, so none passes.
        (Err(problem), Kind::Wrong { caught_by, .. })
            if *caught_by == [EVERY_CHECK] && problem.message.contains("before the checks") =>
        {
            return Ok(());
        }
        (compiled, _) => compiled.map_err(in_full)?,
    };
    let mut outcomes = compiled
        .run_together(checks, &Sandbox::None)
        .map_err(in_full)?;
    match &solution.kind {
        Kind::Right => {
            compare(&outcomes, &BTreeSet::new())?;
            let cli = reference.target(CLI).map_err(in_full)?;
            match compiled.run_tests(cli, &Sandbox::None).map_err(in_full)? {
                Verdict::Passed => Ok(()),
                failed => Err(format!("the tests of the program: {failed:#?}").into()),
            }
        }
        Kind::Wrong {
            caught_by, also, ..
        } => {
            let expected = if *caught_by == [EVERY_CHECK] {
                names(checks)
            } else {
                caught_by.iter().chain(also).map(String::as_str).collect()
            };
            // A mistake can also fail a check that ran beside the one for it, in the same process. Each check with an
            // unexpected outcome gets a second run, in a separate process.
            for check in &mut outcomes {
                if has_failed(check) != expected.contains(last_name(&check.name)) {
                    *check = compiled
                        .run(checks, &check.name, &Sandbox::None)
                        .map_err(in_full)?;
                }
            }
            compare(&outcomes, &expected)
        }
    }
}

/// Adds the edit to what is wrong with the proof.
fn explain(solution: &Solution, failed: &Failed) -> Failed {
    let message = failed.message().unwrap_or_default().trim_end();
    let edit = solution.edit.as_deref().unwrap_or_default();
    format!("{message}\n\n{}\n{edit}", solution.file.display()).into()
}

fn has_failed(check: &Check) -> bool {
    check.verdict != Verdict::Passed
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

/// Fails if a required check catches no wrong solution, or if there are fewer than four right ones.
fn every_check_is_named(task: Task, solutions: &[Solution]) -> Result<(), Failed> {
    let (_, checks) = reference(task)?;
    let caught = solutions
        .iter()
        .flat_map(|solution| solution.kind.caught_by());
    let missing = &names(checks) - &caught.map(String::as_str).collect();
    if !missing.is_empty() {
        return Err(format!("no wrong solution is caught by: {missing:#?}").into());
    }
    let right = solutions
        .iter()
        .filter(|solution| solution.kind == Kind::Right)
        .count();
    if right < 4 {
        return Err(format!("{right} right solutions, expected at least 4").into());
    }
    Ok(())
}

/// Returns a task and its checks, built when the first solution asks for them.
fn reference(task: Task) -> Result<(&'static Reference, &'static Target), Failed> {
    static BUILT: Tasks = Tasks::new();
    let reference = BUILT.reference(task).map_err(in_full)?;
    Ok((reference, reference.target(CHECKS).map_err(in_full)?))
}

fn in_full(problem: Problem) -> Failed {
    format!("{}\n{}", problem.message, problem.details).into()
}

/// Returns the names of the required checks.
fn names(checks: &Target) -> BTreeSet<&str> {
    checks.tests.iter().map(|path| last_name(path)).collect()
}

/// `closing::closes_after_success`, without its module.
fn last_name(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}
