//! Each task can be copied out with `shared`, and builds and passes its tests alone, offline, and inside another Cargo
//! workspace: that is how students work on it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

use rules::{TASKS, root};

#[test]
fn task_0_copied_out_passes_its_tests_alone_and_in_a_foreign_workspace() {
    check_copies("0-databaseconnection");
}

#[test]
fn task_1_copied_out_passes_its_tests_alone_and_in_a_foreign_workspace() {
    check_copies("1-execute");
}

#[test]
fn task_2_copied_out_passes_its_tests_alone_and_in_a_foreign_workspace() {
    check_copies("2-concurrent");
}

#[test]
fn task_3_copied_out_passes_its_tests_alone_and_in_a_foreign_workspace() {
    check_copies("3-mysql-pool");
}

/// Copies as README.md says, and runs `cargo test` in the copy, offline.
fn check_copies(task: &str) {
    // One at a time: each keeps both cores busy.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);

    let empty = tempfile::tempdir().unwrap();
    copy(task, empty.path());
    cargo_test(&empty.path().join(task));

    let foreign = tempfile::tempdir().unwrap();
    fs::write(
        foreign.path().join("Cargo.toml"),
        "[workspace]\nmembers = []\n",
    )
    .unwrap();
    let exercises = foreign.path().join("exercises");
    fs::create_dir(&exercises).unwrap();
    copy(task, &exercises);
    let manifest = exercises.join(task).join("Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(manifest, format!("{text}\n[workspace]\n")).unwrap();
    cargo_test(&exercises.join(task));
}

fn copy(task: &str, to: &Path) {
    let (root, lock) = (root(), to.join(task).join("Cargo.lock"));
    let status = Command::new("cp")
        .arg("-r")
        .args([root.join(task), root.join("shared")])
        .arg(to)
        .status();
    assert!(status.unwrap().success());
    fs::copy(root.join("Cargo.lock"), lock).unwrap();
}

fn cargo_test(folder: &Path) {
    let output = cargo(folder, &["test"]);
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success(),
        "in {}:\n{stdout}\n{stderr}",
        folder.display()
    );
    assert!(stdout.contains("test result: ok"), "{stdout}");
    // What was built of the copy is of no use to the next, which lies elsewhere.
    let packages = ["databaseconnection", "execute", "concurrent", "mysql-pool"];
    let package = packages[TASKS
        .iter()
        .position(|task| folder.ends_with(task))
        .unwrap()];
    assert!(
        cargo(
            folder,
            &[
                "clean", "-p", package, "-p", "shared", "-p", "recorder", "-p", "testkit"
            ]
        )
        .status
        .success()
    );
}

fn cargo(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO"))
        .args(arguments)
        .arg("--offline")
        .current_dir(folder)
        // Compiled once and run once.
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only")
        // All copies build into one folder: their dependencies are compiled once.
        .env(
            "CARGO_TARGET_DIR",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("copies"),
        )
        .output()
        .unwrap()
}
