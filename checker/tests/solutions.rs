//! Our own solutions behind the closed fence, each check in a process of its own, as a class is graded: every required
//! check passes, those that start a MariaDB as well. It prints how long that takes, there and without a fence.

#[path = "support/fences.rs"]
mod fences;

use std::time::{Duration, Instant};

use checker::compile::Compiled;
use checker::fence::Fence;
use checker::outcome::Verdict;
use checker::reference::{Reference, Target};
use checker::task::{TASKS, Task};

use fences::fences;

#[test]
fn our_solution_of_task_0_passes_behind_each_fence() {
    expect_passed(TASKS[0]);
}

#[test]
fn our_solution_of_task_1_passes_behind_each_fence() {
    expect_passed(TASKS[1]);
}

#[test]
fn our_solution_of_task_2_passes_behind_each_fence() {
    expect_passed(TASKS[2]);
}

#[test]
fn our_solution_of_task_3_passes_behind_each_fence() {
    expect_passed(TASKS[3]);
}

fn expect_passed(task: Task) {
    let reference = Reference::build(task).expect("a workspace that builds");
    let checks = reference.target("checks").expect("a task has checks");
    for fence in fences() {
        let begun = Instant::now();
        let compiled = reference.compile(&task.path().join("src/lib.rs"), &["checks"], &fence);
        let compiled = compiled.unwrap_or_else(|problem| panic!("{}\n{}", problem.message, problem.details));
        let compiling = begun.elapsed();
        let took = run(&compiled, checks, &fence);
        println!(
            "{}, {fence:?}: compiled in {compiling:.1?}; {} checks in {:.1?}, the longest {:.2?}",
            task.folder,
            took.len(),
            took.iter().sum::<Duration>(),
            took.iter().max().expect("a check"),
        );
    }
}

/// How long each check took.
fn run(compiled: &Compiled, checks: &Target, fence: &Fence) -> Vec<Duration> {
    let time = |name: &String| {
        let check = compiled.run(checks, name, fence).expect("a check that starts");
        assert_eq!(check.verdict, Verdict::Passed, "{name}, {fence:?}");
        check.took
    };
    checks.required.iter().map(time).collect()
}
