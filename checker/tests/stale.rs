//! A crate that changes gets the verdict of its new content, although the compiler's data of the old one is used again.

#[allow(dead_code)] // what is needed for hostile code
#[path = "support/submission.rs"]
mod submission;

use std::fs;
use std::num::NonZero;

use checker::judge::{Extras, Judge};
use checker::outcome::Verdict;
use checker::sandbox::Sandbox;

use submission::reference;

#[test]
fn a_changed_crate_gets_its_own_verdict() {
    let (package, stays) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (ours, path) = (reference().task.path(), package.path());
    fs::create_dir(path.join("src")).unwrap();
    fs::copy(ours.join("Cargo.toml"), path.join("Cargo.toml")).unwrap();
    let judge = Judge {
        sandbox: Sandbox::None,
        extras: Extras::Never,
        at_once: NonZero::<usize>::MIN,
        is_quick: true,
        stays: Some(stays.path().to_owned()),
    };
    let right = fs::read_to_string(ours.join("src/lib.rs")).unwrap();
    // The first user only. The file has the same name and the same length.
    let wrong = right.replace("ORDER BY id", "LIMIT 00001");
    assert!(wrong != right && wrong.len() == right.len());
    for (program, is_right) in [(&right, true), (&wrong, false), (&right, true)] {
        fs::write(path.join("src/lib.rs"), program).unwrap();
        let judged = judge.judge(reference(), path, &|_, _| {});
        assert!(judged.problem.is_none(), "{:?}", judged.problem);
        let mut checks = judged.checks.iter();
        let is_passed = checks.all(|check| check.verdict == Verdict::Passed);
        assert!(is_passed == is_right, "{:#?}", judged.checks);
    }
}
