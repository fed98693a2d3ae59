//! Runs the reference solutions like a class: in the full sandbox, with a separate process for each check. Every required
//! check passes, including those that start a MariaDB. Prints the time for each, with and without a sandbox.

#[path = "support/sandboxes.rs"]
mod sandboxes;

use std::time::{Duration, Instant};

use checker::compile::Compiled;
use checker::outcome::Verdict;
use checker::reference::{Reference, Target};
use checker::sandbox::Sandbox;
use checker::task::{TASKS, Task};

use sandboxes::sandboxes;

#[test]
fn the_solution_of_task_0_passes_in_each_sandbox() {
    expect_passed(TASKS[0]);
}

#[test]
fn the_solution_of_task_1_passes_in_each_sandbox() {
    expect_passed(TASKS[1]);
}

#[test]
fn the_solution_of_task_2_passes_in_each_sandbox() {
    expect_passed(TASKS[2]);
}

#[test]
fn the_solution_of_task_3_passes_in_each_sandbox() {
    expect_passed(TASKS[3]);
}

/// A program that does not compile against a submission would leave the extras out of the report.
#[test]
fn the_extras_of_tasks_0_and_1_pass_in_each_sandbox() {
    for task in &TASKS[..2] {
        let reference = Reference::build(*task).expect("a workspace that builds");
        let extras = reference.target("extras").expect("a task has extras");
        for sandbox in sandboxes() {
            let root = task.path().join("src/lib.rs");
            let compiled = reference.compile(&root, &["extras"], &sandbox);
            run(&compiled.expect("our solution"), extras, &sandbox);
        }
    }
}

fn expect_passed(task: Task) {
    let reference = Reference::build(task).expect("a workspace that builds");
    let checks = reference.target("checks").expect("a task has checks");
    for sandbox in sandboxes() {
        let begun = Instant::now();
        let compiled = reference.compile(&task.path().join("src/lib.rs"), &["checks"], &sandbox);
        let compiled =
            compiled.unwrap_or_else(|problem| panic!("{}\n{}", problem.message, problem.details));
        let compiling = begun.elapsed();
        let took = run(&compiled, checks, &sandbox);
        println!(
            "{}, {sandbox:?}: compiled in {compiling:.1?}; {} checks in {:.1?}, the longest {:.2?}",
            task.folder,
            took.len(),
            took.iter().sum::<Duration>(),
            took.iter().max().expect("a check"),
        );
    }
}

/// Returns how long each check took.
fn run(compiled: &Compiled, checks: &Target, sandbox: &Sandbox) -> Vec<Duration> {
    let time = |name: &String| {
        let check = compiled
            .run(checks, name, sandbox)
            .expect("a check that starts");
        assert_eq!(check.verdict, Verdict::Passed, "{name}, {sandbox:?}");
        check.took
    };
    checks.tests.iter().map(time).collect()
}
