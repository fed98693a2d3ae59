//! Submissions of task 0: the reference solution with a twist, which is hostile code.

use std::fs;
use std::sync::OnceLock;

use checker::reference::{Reference, Target};
use checker::task::TASKS;

/// A check that opens a database, which runs the twist first.
pub const CHECK: &str = "closing::closes_at_the_end_of_the_scope";

/// Returns the reference solution, which calls `twist` wherever it opens a database. The code of `twist` is added.
pub fn with_twist(twist: &str) -> String {
    let ours =
        fs::read_to_string(reference().task.path().join("src/lib.rs")).expect("our solution");
    let (forbidden, begins) = (
        "#![forbid(unsafe_code)]",
        "let database = database.as_ref();",
    );
    assert!(ours.contains(forbidden) && ours.contains(begins));
    let ours = ours.replace(forbidden, "");
    let ours = ours.replace(begins, &format!("twist();\n{begins}"));
    format!("{ours}\n{twist}\n")
}

/// Returns the reference of task 0.
pub fn reference() -> &'static Reference {
    static BUILT: OnceLock<Reference> = OnceLock::new();
    BUILT.get_or_init(|| Reference::build(TASKS[0]).expect("a workspace that builds"))
}

/// Returns its checks.
pub fn checks() -> &'static Target {
    reference().target("checks").expect("a task has checks")
}
