//! Submissions that ask for more than their task does: crates, features, and code that runs at compile time.

#[path = "support/folder.rs"]
mod folder;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::SystemTime;

use checker::bubblewrap;
use checker::download::Downloads;
use checker::fence::Fence;
use checker::official::Official;
use checker::outcome::{Problem, Verdict, Whose};
use checker::task::Task;
use folder::temporary_folder;
use tempfile::TempDir;

static OFFICIAL: LazyLock<Official> =
    LazyLock::new(|| Official::build(Task::find("0-databaseconnection").unwrap()).unwrap());

/// As grading does it, where that is possible.
fn fence() -> Fence {
    bubblewrap::find().map_or(Fence::Open, |bwrap| Fence::Closed { bwrap })
}

/// The task's solution and some more code, with this manifest in place of the task's.
fn submission(manifest: &str, more: &str) -> TempDir {
    let folder = temporary_folder();
    fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    let solution = fs::read_to_string(OFFICIAL.task.path().join("src/lib.rs")).unwrap();
    fs::write(folder.path().join("src/lib.rs"), solution + more).unwrap();
    folder
}

fn depends_on(dependencies: &str) -> String {
    format!("[package]\nname = 'databaseconnection'\n[dependencies]\n{dependencies}")
}

fn adding(submission: &TempDir) -> Result<Option<Official>, Problem> {
    OFFICIAL.adding(submission.path(), Downloads::Forbidden, &fence())
}

fn refused(manifest: &str) -> Problem {
    let problem = adding(&submission(manifest, "")).unwrap_err();
    assert!(!problem.help.is_empty(), "{problem:?}");
    problem
}

fn written(externs: &BTreeMap<String, PathBuf>) -> Vec<SystemTime> {
    let written = |file: &PathBuf| fs::metadata(file).unwrap().modified().unwrap();
    externs.values().map(written).collect()
}

/// A crate, one under another name that has a build script, one with a procedural macro, and a feature.
const MORE: &str = "
    hex = '0.4'
    thiserror = { version = '2', optional = true }
    numbers = { package = 'num-traits', version = '0.2' }
    rusqlite = { version = '0.39', features = ['limits', 'blob'] }
";

const USE_OF_MORE: &str = "
    /// Uses what was added.
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
fn what_a_submission_adds_is_there_and_is_built_once_for_all_who_add_the_same() {
    let first = submission(&depends_on(MORE), USE_OF_MORE);
    let official = adding(&first).unwrap().expect("it adds something");
    for name in ["hex", "thiserror", "numbers", "rusqlite", "shared", "tempfile"] {
        assert!(
            official.externs.contains_key(name),
            "no {name}: {:?}",
            official.externs
        );
    }
    let root = first.path().join("src/lib.rs");
    let compiled = official.compile(&root, &["checks"], &fence());
    let compiled = compiled.unwrap_or_else(|problem| panic!("{}\n{}", problem.message, problem.details));
    let checks = official.target("checks").unwrap();
    for check in compiled.run_required(checks, &fence()).unwrap() {
        assert_eq!(check.verdict, Verdict::Passed, "{}", check.name);
    }

    let before = written(&official.externs);
    let in_another_order = MORE.trim_end().lines().rev().collect::<Vec<_>>().join("\n");
    let in_another_order = in_another_order.replace("'limits', 'blob'", "'blob', 'limits'");
    let second = submission(&depends_on(&in_another_order), "");
    let again = adding(&second).unwrap().expect("it adds something");
    assert_eq!(again.externs, official.externs);
    assert_eq!(written(&again.externs), before, "something was built anew");
}

#[test]
fn one_that_adds_nothing_is_served_by_the_tasks_own_libraries() {
    let task = fs::read_to_string(OFFICIAL.task.path().join("Cargo.toml")).unwrap();
    assert!(adding(&submission(&task, "")).unwrap().is_none());
    let less = depends_on("rusqlite = '0.30'\n[features]\nmine = []");
    assert!(adding(&submission(&less, "")).unwrap().is_none());
}

#[test]
fn a_crate_that_is_not_on_a_machine_without_network_is_the_machines_problem() {
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
fn a_dependency_from_elsewhere_than_the_registry_is_refused() {
    for elsewhere in [
        "mine = { path = '../mine' }",
        "mine = { git = 'https://127.0.0.1/mine' }",
        "mine = { version = '1', registry-index = 'https://127.0.0.1/' }",
        "mine = { workspace = true }",
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
    let problem = adding(&submission).unwrap_err();
    assert_eq!(problem.whose, Whose::YourCode);
    assert!(problem.message.contains("build script"), "{problem:?}");
}

#[test]
fn another_packages_manifest_and_a_missing_one_are_refused() {
    let problem = refused("[package]\nname = 'mine'\n");
    assert!(problem.help.contains("databaseconnection"), "{problem:?}");
    let problem = adding(&temporary_folder()).unwrap_err();
    assert_eq!(problem.whose, Whose::YourCode);
}

/// Neither Cargo's settings nor another toolchain: nothing but the manifest's dependencies is looked at.
#[test]
fn a_submissions_own_settings_of_cargo_are_not_looked_at() {
    let submission = submission(&depends_on(MORE), "");
    let write = |name: &str, text: &str| fs::write(submission.path().join(name), text).unwrap();
    fs::create_dir(submission.path().join(".cargo")).unwrap();
    write(".cargo/config.toml", "[build]\nrustc-wrapper = '/bin/false'\n");
    write("rust-toolchain.toml", "[toolchain]\nchannel = 'none'\n");
    write("Cargo.lock", "nonsense");
    assert!(adding(&submission).unwrap().is_some());
}

#[test]
fn where_it_is_built_lies_below_the_workspaces_target() {
    let official = adding(&submission(&depends_on(MORE), "")).unwrap().unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .unwrap()
        .join("checker");
    let folder = folder.canonicalize().unwrap();
    assert!(official.externs.values().all(|file| file.starts_with(&folder)));
}
