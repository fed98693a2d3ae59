//! Systems that refuse links or threads.

#![cfg(target_os = "linux")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use robustness::program::{Outcome, command, run};
use rusqlite::Connection;

const TASK_0: &str = env!("CARGO_BIN_EXE_robust-0");
const TASK_2: &str = env!("CARGO_BIN_EXE_robust-2");
const TASK_2_ON_SQLX: &str = env!("CARGO_BIN_EXE_robust-2-on-sqlx");
const SEED: &str = env!("CARGO_BIN_EXE_robust-seed");

/// Returns whether a program of the system works here, and prints a line if not.
fn can_run(program: &str, arguments: &[&str]) -> bool {
    let tried = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let can = tried.is_ok_and(|status| status.success());
    if !can {
        println!("{program} cannot be used here: this is not tried");
    }
    can
}

fn count_users(database: &Path) -> i64 {
    let connection = Connection::open(database).expect("opens");
    connection
        .query_one("SELECT count(*) FROM users", [], |row| row.get(0))
        .expect("has users")
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder");
    entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}

/// A shared folder of VirtualBox allows no links, and no rename that refuses to overwrite.
#[test]
fn a_file_system_without_links_is_enough_for_a_new_database() {
    const WITHOUT_LINKS: [&str; 6] = [
        "-f",
        "-o",
        "/dev/null",
        "-e",
        "inject=renameat2:error=EINVAL",
        "--inject=link,linkat:error=EPERM",
    ];
    if !can_run("strace", &[&WITHOUT_LINKS[..], &["true"]].concat()) {
        return;
    }
    for program in [TASK_0, SEED] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut strace = command("strace", folder.path());
        let outcome = run(strace.args(WITHOUT_LINKS).arg(program)).expect("it ends");
        assert_eq!(outcome.status, Some(0), "{outcome:?}");
        assert_eq!(count_users(&folder.path().join("users.db")), 12);
        assert_eq!(names(folder.path()), ["users.db"]);
    }
}

/// Runs a program as a user with a limit on processes and threads. Returns `None` if that is not possible here. The limit
/// counts all processes of a user, so each test has a different user.
fn with_threads(
    user: u32,
    limit: u32,
    program: &str,
    folder: &Path,
    options: &[&str],
) -> Option<Outcome> {
    let limit = format!("--nproc={limit}");
    let ids = [format!("--reuid={user}"), format!("--regid={user}")];
    let user = [&*ids[0], &*ids[1], "--clear-groups"];
    if !can_run(
        "prlimit",
        &[&[&*limit, "setpriv"], &user[..], &["true"]].concat(),
    ) {
        return None;
    }
    let copy = copy_of(program, folder);
    let mut prlimit = command("prlimit", folder);
    prlimit
        .args([&limit, "setpriv"])
        .args(user)
        .arg(copy)
        .args(options);
    Some(run(&mut prlimit).expect("it ends, and does not retry forever"))
}

/// Copies a program, because only root may be allowed to read the original's folder. Another process makes the copy: a file
/// that this process has open for writing cannot be started while a child of another test has inherited it.
fn copy_of(program: &str, folder: &Path) -> PathBuf {
    let copy = folder.join("program");
    let mut cp = Command::new("cp");
    assert!(
        cp.arg(program)
            .arg(&copy)
            .status()
            .expect("cp runs")
            .success()
    );
    copy
}

fn open_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).expect("may");
    folder
}

#[test]
fn where_no_thread_can_be_started_that_is_the_error() {
    // With a limit of 2, only one thread can be started.
    for (limit, program) in [(1, TASK_2), (1, TASK_2_ON_SQLX), (2, TASK_2_ON_SQLX)] {
        let folder = open_folder();
        let options = ["--database", "theirs.db"];
        assert!(run(command(SEED, folder.path()).args(options)).is_some());
        fs::set_permissions(
            folder.path().join("theirs.db"),
            Permissions::from_mode(0o666),
        )
        .expect("may");
        let Some(outcome) = with_threads(64001, limit, program, folder.path(), &options) else {
            return;
        };
        assert!(
            outcome.is_orderly() && outcome.status == Some(1),
            "{program}: {outcome:?}"
        );
        assert!(
            outcome
                .stderr
                .contains("theirs.db`: could not start a thread"),
            "{program}: {outcome:?}"
        );
    }
}

/// A program's current folder can become inaccessible later. SQLite resolves the file's path from the root.
#[test]
fn a_file_that_has_no_whole_path_is_an_error_also_for_a_timeline() {
    let closed = tempfile::tempdir().expect("a folder");
    let inner = closed.path().join("inner");
    fs::create_dir(&inner).expect("makes");
    assert!(run(&mut command(SEED, &inner)).is_some());
    for path in [&inner, &inner.join("users.db")] {
        fs::set_permissions(path, Permissions::from_mode(0o777)).expect("may");
    }
    fs::set_permissions(closed.path(), Permissions::from_mode(0o700)).expect("may");
    let programs = open_folder();
    let copy = copy_of(TASK_0, programs.path());
    let user = ["--reuid=64003", "--regid=64003", "--clear-groups"];
    if !can_run("setpriv", &[&user[..], &["true"]].concat()) {
        return;
    }
    for options in [&[][..], &["--timeline"]] {
        let mut setpriv = command("setpriv", &inner);
        let outcome = run(setpriv.args(user).arg(&copy).args(options)).expect("it ends");
        assert!(
            outcome.is_orderly() && outcome.status == Some(1),
            "{outcome:?}"
        );
    }
}

#[test]
fn a_database_is_made_whole_or_not_at_all_where_no_thread_can_be_started() {
    for limit in 1..=4 {
        let folder = open_folder();
        let Some(outcome) = with_threads(64002, limit, SEED, folder.path(), &[]) else {
            return;
        };
        assert!(outcome.is_orderly(), "{limit}: {outcome:?}");
        let database = folder.path().join("users.db");
        match outcome.status {
            Some(0) => assert_eq!(count_users(&database), 12, "{limit}"),
            _ => assert_eq!(names(folder.path()), ["program"], "{limit}: {outcome:?}"),
        }
        let outcome = with_threads(64002, limit, TASK_0, folder.path(), &[]).expect("as above");
        assert_eq!(outcome.status, Some(0), "{limit}: {outcome:?}");
        assert_eq!(count_users(&database), 12, "{limit}");
    }
}
