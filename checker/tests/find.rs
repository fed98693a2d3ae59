//! Tests where `find::find_tasks` finds tasks, and its errors.

#[path = "support/folder.rs"]
mod folder;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use checker::find::{Found, find_tasks};
use checker::outcome::{Problem, Whose};
use folder::temporary_folder;
use tempfile::TempDir;

/// Makes a submission with these packages, each a folder and a name.
fn submission(packages: &[(&str, &str)]) -> TempDir {
    let submission = temporary_folder();
    for (folder, name) in packages {
        manifest(
            &submission,
            folder,
            &format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\n"),
        );
    }
    submission
}

fn manifest(submission: &TempDir, folder: &str, text: &str) {
    let folder = submission.path().join(folder);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("Cargo.toml"), text).unwrap();
}

/// Returns the tasks that were found, each with its folder inside the submission or the problem's message.
fn found(submission: &TempDir) -> Vec<(&'static str, String)> {
    let show = |found: Found| {
        let folder = match found.folder {
            Ok(folder) => folder
                .strip_prefix(submission.path())
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned(),
            Err(problem) => problem.message,
        };
        (found.task.folder, folder)
    };
    find_tasks(submission.path())
        .unwrap()
        .into_iter()
        .map(show)
        .collect()
}

fn error(folder: &Path) -> String {
    let text = find_tasks(folder).unwrap_err().to_string();
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.lines().nth(1).unwrap().starts_with("help: "), "{text}");
    text
}

#[test]
fn finds_a_task_in_the_folder_itself() {
    assert_eq!(
        found(&submission(&[("", "concurrent")])),
        [("2-concurrent", String::new())]
    );
}

#[test]
fn finds_every_task_of_a_workspace_in_one_more_folder_in_their_order() {
    let submission = submission(&[
        ("wrapped/z", "databaseconnection"),
        ("wrapped/1-execute", "execute"),
        ("wrapped/shared", "shared"),
        ("wrapped/a", "mysql-pool"),
    ]);
    manifest(
        &submission,
        "wrapped",
        "[workspace]\nmembers = ['z', '1-execute', 'a', 'shared']\n",
    );
    assert_eq!(
        found(&submission),
        [
            ("0-databaseconnection", "wrapped/z".to_owned()),
            ("1-execute", "wrapped/1-execute".to_owned()),
            ("3-mysql-pool", "wrapped/a".to_owned()),
        ]
    );
}

#[test]
fn a_task_may_lie_in_the_folder_of_another() {
    let submission = submission(&[("", "concurrent"), ("1-execute", "execute")]);
    assert_eq!(
        found(&submission),
        [
            ("1-execute", "1-execute".to_owned()),
            ("2-concurrent", String::new())
        ]
    );
}

#[test]
fn looks_four_folders_down_and_no_deeper() {
    assert_eq!(
        found(&submission(&[("1/2/3/4", "execute")])),
        [("1-execute", "1/2/3/4".to_owned())]
    );
    assert!(error(submission(&[("1/2/3/4/5", "execute")]).path()).contains("no Cargo.toml"));
}

#[test]
fn names_two_copies_of_a_task_takes_neither_and_finds_the_others() {
    let submission = submission(&[
        ("2-concurrent", "concurrent"),
        ("old/2-concurrent", "concurrent"),
        ("1-execute", "execute"),
    ]);
    let tasks = find_tasks(submission.path()).unwrap();

    assert_eq!(tasks.len(), 2);
    assert!(tasks[0].folder.is_ok());
    let problem = tasks[1].folder.clone().unwrap_err();
    assert_eq!(problem.whose, Whose::YourCode);
    assert_eq!(
        problem.message,
        "the submission has 2 copies of 2-concurrent: `2-concurrent` and `old/2-concurrent`"
    );
}

#[test]
fn a_copy_inside_the_crate_itself_does_not_count() {
    let submission = submission(&[("a", "execute"), ("a/backup", "execute")]);
    assert_eq!(found(&submission), [("1-execute", "a".to_owned())]);
}

#[test]
fn does_not_look_into_target_or_hidden_folders() {
    let submission = submission(&[
        ("a", "execute"),
        ("target/package/execute", "execute"),
        (".trash/execute", "execute"),
    ]);
    assert_eq!(found(&submission), [("1-execute", "a".to_owned())]);
}

#[test]
fn follows_no_link_to_a_folder_or_a_manifest() {
    let elsewhere = submission(&[("task", "execute")]);
    let here = submission(&[("other", "other")]);
    symlink(elsewhere.path().join("task"), here.path().join("folder")).unwrap();
    symlink(here.path(), here.path().join("round")).unwrap();
    fs::create_dir(here.path().join("file")).unwrap();
    symlink(
        elsewhere.path().join("task/Cargo.toml"),
        here.path().join("file/Cargo.toml"),
    )
    .unwrap();

    assert!(error(here.path()).contains("its packages are `other`"));
}

#[test]
fn lists_the_packages_if_none_is_a_task() {
    let names: Vec<String> = (0..6).map(|index| format!("p{index}")).collect();
    let packages: Vec<(&str, &str)> = names
        .iter()
        .map(|name| (name.as_str(), name.as_str()))
        .collect();

    let text = error(submission(&packages).path());

    assert!(
        text.contains("its packages are `p0`, `p1`, `p2`, `p3`, among others"),
        "{text}"
    );
    assert!(
        text.contains("`databaseconnection`, `execute`, `concurrent`, `mysql-pool`"),
        "{text}"
    );
}

#[test]
fn says_that_there_is_no_package() {
    assert!(error(submission(&[]).path()).contains("it has no Cargo.toml with a package"));
}

#[test]
fn a_manifest_that_cannot_be_read_is_the_problem_of_the_task_in_its_folder() {
    let submission = submission(&[("1-execute", "execute")]);
    manifest(&submission, "2-concurrent", "[package\nname = 'concurrent'");

    let tasks = find_tasks(submission.path()).unwrap();

    assert!(tasks[0].folder.is_ok());
    let problem = tasks[1].folder.clone().unwrap_err();
    assert_eq!(
        problem.message,
        "the Cargo.toml of 2-concurrent cannot be read"
    );
    assert!(problem.details.contains("line 1"), "{problem:?}");
}

#[test]
fn a_manifest_that_cannot_be_read_is_named_if_there_is_no_task() {
    let submission = submission(&[]);
    for text in [
        b"[package".to_vec(),
        b"\xff\xfe".to_vec(),
        vec![b'#'; 2 << 20],
    ] {
        fs::write(submission.path().join("Cargo.toml"), text).unwrap();
        assert!(error(submission.path()).contains("a Cargo.toml cannot be read"));
        let problem = Problem::from(find_tasks(submission.path()).unwrap_err());
        assert_eq!(problem.whose, Whose::YourCode);
        assert!(!problem.details.is_empty());
    }
}

#[test]
fn a_missing_folder_is_the_machines_problem() {
    let submission = submission(&[]);
    let missing = submission.path().join("missing");
    assert!(error(&missing).starts_with("could not read `"));
    assert_eq!(
        Problem::from(find_tasks(&missing).unwrap_err()).whose,
        Whose::YourMachine
    );
}

#[test]
fn too_many_folders_are_refused() {
    let submission = submission(&[("task", "execute")]);
    for index in 0..100 {
        let above = submission.path().join(format!("{index}"));
        for index in 0..100 {
            fs::create_dir_all(above.join(format!("{index}"))).unwrap();
        }
    }
    assert!(error(submission.path()).contains("more than 10000 folders"));
}
