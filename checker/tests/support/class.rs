//! A class with every kind of verdict.

use std::time::Duration;

use checker::outcome::{Check, Problem, Submission, Task, Verdict, Whose};

/// A check that took 1.234 seconds.
pub fn check(name: &str, is_required: bool, verdict: Verdict) -> Check {
    Check {
        name: name.to_owned(),
        is_required,
        verdict,
        took: Duration::from_millis(1234),
    }
}

pub fn failed(message: &str, saw: &str, hint: &str) -> Verdict {
    Verdict::Failed {
        message: message.to_owned(),
        saw: saw.to_owned(),
        hint: hint.to_owned(),
        timeline: None,
    }
}

pub fn task(task: &str, checks: Vec<Check>) -> Task {
    Task {
        task: task.to_owned(),
        checks,
        problem: None,
        files: None,
        extras_problem: None,
    }
}

pub fn submission(name: &str, tasks: Vec<Task>) -> Submission {
    Submission {
        name: name.to_owned(),
        tasks,
        problem: None,
    }
}

pub fn problem(whose: Whose, message: &str, details: &str, help: &str) -> Option<Problem> {
    Some(Problem {
        whose,
        message: message.to_owned(),
        details: details.to_owned(),
        help: help.to_owned(),
    })
}

/// A submission that passed every check and an extra.
pub fn alice() -> Submission {
    let checks = vec![
        check("reads_every_user", true, Verdict::Passed),
        check("ten_thousand_at_once", false, Verdict::Passed),
    ];
    submission("alice", vec![task("2-concurrent", checks)])
}

/// A submission with each verdict, a failed extra, and a task that does not compile.
pub fn bob() -> Submission {
    let message = "expected: the users older than 40\nfound: one of 40";
    let output = "one\ntwo".to_owned();
    let how = "it was ended by SIGSEGV".to_owned();
    let checks = vec![
        check("reads_every_user", true, Verdict::Passed),
        check(
            "ten_thousand_at_once",
            false,
            failed("too few", "", "a hint about an extra"),
        ),
        check(
            "the_older_are_older",
            true,
            failed(message, "open\nclose", "is `>=` older?"),
        ),
        check(
            "ends",
            true,
            Verdict::TimedOut {
                output: output.clone(),
            },
        ),
        check("stays_alive", true, Verdict::Crashed { how, output }),
    ];
    let mut broken = task("3-mysql-pool", Vec::new());
    let details = "error[E0425]: cannot find value `x`\n --> src/lib.rs:3:5";
    broken.problem = problem(Whose::YourCode, "it does not compile", details, "fix it");
    submission("bob", vec![task("2-concurrent", checks), broken])
}

/// A submission that could not be opened.
pub fn carol() -> Submission {
    Submission {
        name: "carol".to_owned(),
        tasks: Vec::new(),
        problem: problem(
            Whose::YourCode,
            "the archive is encrypted",
            "",
            "pack it again without a password",
        ),
    }
}

/// A submission that could not be checked because of the machine.
pub fn dave() -> Submission {
    let mut without = task("3-mysql-pool", Vec::new());
    without.problem = problem(Whose::YourMachine, "there is no MariaDB", "", "install it");
    submission("dave", vec![without])
}

pub fn class() -> Vec<Submission> {
    vec![alice(), bob(), carol(), dave()]
}
