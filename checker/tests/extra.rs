//! Submissions that need more than their task: crates, features, and code that runs at compile time.

#[path = "support/folder.rs"]
mod folder;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::SystemTime;

use checker::bubblewrap;
use checker::download::Downloads;
use checker::outcome::{Problem, Verdict, Whose};
use checker::reference::Reference;
use checker::sandbox::Sandbox;
use checker::task::Task;
use folder::temporary_folder;
use tempfile::TempDir;

static REFERENCE: LazyLock<Reference> =
    LazyLock::new(|| Reference::build(Task::find("0-databaseconnection").unwrap()).unwrap());

/// Returns the full sandbox, which grading uses, if this machine has bubblewrap.
fn sandbox() -> Sandbox {
    bubblewrap::find().map_or(Sandbox::None, |bwrap| Sandbox::Full { bwrap })
}

/// Makes a submission: the reference solution with more code and this manifest.
fn submission(manifest: &str, more: &str) -> TempDir {
    let folder = temporary_folder();
    fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    let solution = fs::read_to_string(REFERENCE.task.path().join("src/lib.rs")).unwrap();
    fs::write(folder.path().join("src/lib.rs"), solution + more).unwrap();
    folder
}

fn depends_on(dependencies: &str) -> String {
    format!(
        "[package]\nname = 'databaseconnection'\nedition = '2024'\n[dependencies]\n{dependencies}"
    )
}

fn for_submission(submission: &TempDir) -> Result<Reference, Problem> {
    REFERENCE.for_submission(submission.path(), Downloads::Forbidden, &sandbox())
}

fn refused(manifest: &str) -> Problem {
    let problem = for_submission(&submission(manifest, "")).unwrap_err();
    assert!(!problem.help.is_empty(), "{problem:?}");
    problem
}

fn written(externs: &BTreeMap<String, PathBuf>) -> Vec<SystemTime> {
    let written = |file: &PathBuf| fs::metadata(file).unwrap().modified().unwrap();
    externs.values().map(written).collect()
}

/// A crate, a renamed crate with a build script, a crate with a procedural macro, and a feature.
const MORE: &str = "
    hex = '0.4'
    thiserror = '2'
    numbers = { package = 'num-traits', version = '0.2' }
    rusqlite = { version = '0.39', features = ['limits', 'blob'] }
";

const USE_OF_MORE: &str = "
    /// Uses the added dependencies.
    pub fn more() -> String {
        #[derive(Debug, thiserror::Error)]
        #[error(\"{0}\")]
        struct Error(u32);
        let zero: u32 = numbers::Zero::zero();
        let _ = std::mem::size_of::<rusqlite::blob::Blob<'_>>();
        let _ = rusqlite::limits::Limit::SQLITE_LIMIT_LENGTH;
        hex::encode(Error(zero).to_string())
    }
";

#[test]
fn added_dependencies_are_built_once_for_all_submissions_that_add_the_same() {
    let first = submission(&depends_on(MORE), USE_OF_MORE);
    let reference = for_submission(&first).unwrap();
    let externs = reference.plan.library.externs();
    for name in ["hex", "thiserror", "numbers", "rusqlite", "shared"] {
        assert!(externs.contains_key(name), "no {name}: {externs:?}");
    }
    let root = first.path().join("src/lib.rs");
    let compiled = reference.compile(&root, &["checks"], &sandbox());
    let compiled =
        compiled.unwrap_or_else(|problem| panic!("{}\n{}", problem.message, problem.details));
    let checks = reference.target("checks").unwrap();
    for check in compiled.run_together(checks, &sandbox()).unwrap() {
        assert_eq!(check.verdict, Verdict::Passed, "{}", check.name);
    }

    let before = written(&externs);
    let in_another_order = MORE.trim_end().lines().rev().collect::<Vec<_>>().join("\n");
    let in_another_order = in_another_order.replace("'limits', 'blob'", "'blob', 'limits'");
    let second = submission(&depends_on(&in_another_order), "");
    let again = for_submission(&second).unwrap().plan.library.externs();
    assert_eq!(again, externs);
    assert_eq!(written(&again), before, "something was built again");
}

#[test]
fn a_submission_that_adds_nothing_uses_the_tasks_libraries() {
    let task = fs::read_to_string(REFERENCE.task.path().join("Cargo.toml")).unwrap();
    let externs = REFERENCE.plan.library.externs();
    let of = |manifest: &str| {
        for_submission(&submission(manifest, ""))
            .unwrap()
            .plan
            .library
            .externs()
    };
    assert_eq!(of(&task), externs);
    assert_eq!(
        of(&depends_on("rusqlite = '0.30'\n[features]\nmine = []")),
        externs
    );
}

#[test]
fn a_crate_that_cannot_be_downloaded_is_the_machines_problem() {
    let problem = refused(&depends_on("no-such-crate-there-is-none = '1'"));
    assert_eq!(problem.whose, Whose::YourMachine, "{problem:?}");
    assert!(
        problem.details.contains("no-such-crate-there-is-none"),
        "{problem:?}"
    );
    let problem = refused(&depends_on("hex = '0.3'"));
    assert_eq!(problem.whose, Whose::YourMachine, "{problem:?}");
}

#[test]
fn a_feature_that_does_not_exist_is_the_codes_problem() {
    let problem = refused(&depends_on(
        "rusqlite = { version = '0.39', features = ['nonsense'] }",
    ));
    assert_eq!(problem.whose, Whose::YourCode, "{problem:?}");
    assert!(problem.details.contains("nonsense"), "{problem:?}");
}

#[test]
fn a_dependency_that_is_not_from_the_registry_is_refused() {
    for elsewhere in [
        "mine = { path = '../mine' }",
        "mine = { git = 'https://127.0.0.1/mine' }",
        "mine = { version = '1', registry-index = 'https://127.0.0.1/' }",
    ] {
        let problem = refused(&depends_on(elsewhere));
        assert_eq!(problem.whose, Whose::YourCode, "{problem:?}");
        assert!(problem.message.contains("`mine`"), "{problem:?}");
    }
}

#[test]
fn code_that_would_run_at_compile_time_is_refused() {
    for manifest in [
        "[package]\nname = 'databaseconnection'\nbuild = 'other.rs'\n",
        "[package]\nname = 'databaseconnection'\n[lib]\nproc-macro = true\n",
    ] {
        let problem = refused(manifest);
        assert_eq!(problem.whose, Whose::YourCode);
        assert!(problem.message.contains("build script"), "{problem:?}");
    }
    let submission = submission(&depends_on(""), "");
    fs::write(submission.path().join("build.rs"), "fn main() {}").unwrap();
    let problem = for_submission(&submission).unwrap_err();
    assert_eq!(problem.whose, Whose::YourCode);
    assert!(problem.message.contains("build script"), "{problem:?}");
}

#[test]
fn another_packages_manifest_and_a_missing_one_are_refused() {
    let problem = refused("[package]\nname = 'mine'\n");
    assert!(problem.help.contains("databaseconnection"), "{problem:?}");
    let problem = for_submission(&temporary_folder()).unwrap_err();
    assert_eq!(problem.whose, Whose::YourCode);
}

/// Neither Cargo's settings nor another toolchain count.
#[test]
fn a_submissions_settings_of_cargo_are_ignored() {
    let submission = submission(&depends_on(MORE), "");
    let write = |name: &str, text: &str| fs::write(submission.path().join(name), text).unwrap();
    fs::create_dir(submission.path().join(".cargo")).unwrap();
    write(
        ".cargo/config.toml",
        "[build]\nrustc-wrapper = '/bin/false'\n",
    );
    write("rust-toolchain.toml", "[toolchain]\nchannel = 'none'\n");
    write("Cargo.lock", "nonsense");
    for_submission(&submission).unwrap();
}

#[test]
fn added_dependencies_are_built_below_the_workspaces_target() {
    let reference = for_submission(&submission(&depends_on(MORE), "")).unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .unwrap()
        .join("checker");
    let folder = folder.canonicalize().unwrap();
    let externs = reference.plan.library.externs();
    assert!(externs.values().all(|file| file.starts_with(&folder)));
}
