//! A folder to work in: what is in it, that it builds, and what its checks say before anything is written.

#[path = "support/folder.rs"]
mod folder;
#[path = "support/items.rs"]
mod items;

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use checker::outcome::{Check, Verdict, Whose};
use checker::reference::Reference;
use checker::sandbox::Sandbox;
use checker::start::start;
use checker::task::{TASKS, Task};
use folder::temporary_folder;
use items::public_items;
use tempfile::TempDir;

fn task(folder: &str) -> Task {
    Task::find(folder).unwrap()
}

/// A folder to work in, in a temporary one.
fn started(task: Task) -> (TempDir, PathBuf) {
    let parent = temporary_folder();
    let folder = start(task, parent.path()).unwrap();
    (parent, folder)
}

/// Puts the solution where the stub was.
fn solve(task: Task, folder: &Path) {
    copy(&task.path().join("src"), &folder.join("src"));
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        let (path, to) = (file.path(), to.join(file.file_name()));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(path, to).unwrap();
        }
    }
}

fn verdicts(reference: &Reference, root: &Path) -> Vec<Check> {
    let compiled = reference.compile(root, &["checks"], &Sandbox::None);
    let compiled =
        compiled.unwrap_or_else(|problem| panic!("{}\n{}", problem.message, problem.details));
    let checks = reference.target("checks").unwrap();
    let verdicts = compiled.run_together(checks, &Sandbox::None).unwrap();
    assert_eq!(verdicts.len(), checks.tests.len());
    assert!(!verdicts.is_empty());
    verdicts
}

#[test]
fn a_stub_has_the_public_items_of_its_solution() {
    for task in TASKS {
        let read = |file: &str| fs::read_to_string(task.path().join(file)).unwrap();
        let (stub, solution) = (
            public_items(&read("stub/lib.rs")),
            public_items(&read("src/lib.rs")),
        );
        let [missing, more] = [&solution - &stub, &stub - &solution];
        assert!(
            missing.is_empty() && more.is_empty(),
            "{}: only the solution has {missing:#?}, and only the stub has {more:#?}",
            task.folder
        );
        assert!(stub.len() >= 4, "{}: {stub:#?}", task.folder);
    }
}

#[test]
fn every_body_of_a_stub_says_what_to_do() {
    for task in TASKS {
        let stub = fs::read_to_string(task.path().join("stub/lib.rs")).unwrap();
        let sentences = sentences(&stub);
        assert_eq!(items::bodies(&stub), sentences.len(), "{}", task.folder);
        assert!(
            sentences.iter().all(|sentence| sentence.contains(' ')),
            "{sentences:?}"
        );
    }
}

/// Returns the messages in the bodies of a stub.
fn sentences(stub: &str) -> Vec<String> {
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    let code: Vec<&str> = stub.lines().filter(is_code).collect();
    let code = code.join("\n");
    let bodies = code.split("todo!(").skip(1);
    bodies
        .map(|body| body.split('"').nth(1).unwrap().to_owned())
        .collect()
}

#[test]
fn a_folder_has_what_is_needed_and_nothing_of_the_solution() {
    for task in TASKS {
        let (_parent, folder) = started(task);
        for file in [
            "Cargo.toml",
            "Cargo.lock",
            "README.md",
            "expected.txt",
            "tests/checks/main.rs",
            "src/main.rs",
        ] {
            assert!(folder.join(file).is_file(), "{}: no {file}", task.folder);
        }
        for file in [
            "stub",
            "examples",
            "target",
            "src/tests.rs",
            "src/cancel.rs",
            "src/worker.rs",
            "src/kill.rs",
        ] {
            assert!(!folder.join(file).exists(), "{}: {file}", task.folder);
        }
        let read = |file: PathBuf| fs::read_to_string(file).unwrap();
        assert_eq!(
            read(folder.join("src/lib.rs")),
            read(task.path().join("stub/lib.rs"))
        );
        let readme = read(folder.join("README.md"));
        for address in readme.split("](").skip(1) {
            let address = address.split([')', '#']).next().unwrap();
            let is_there = address.contains("://") || folder.join(address).exists();
            assert!(is_there, "{}: a link to {address}", task.folder);
        }
        assert!(
            readme.contains("src/lib.rs") && readme.ends_with('\n'),
            "{readme}"
        );
    }
}

/// Files and lines of a folder, without those that Cargo and Git make or read.
fn size(folder: &Path) -> (usize, usize) {
    let (mut files, mut lines) = (0, 0);
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let inside = size(&path);
            (files, lines) = (files + inside.0, lines + inside.1);
        } else if !path.ends_with("Cargo.lock") && !path.ends_with(".gitignore") {
            files += 1;
            lines += fs::read_to_string(&path).unwrap().lines().count();
        }
    }
    (files, lines)
}

#[test]
fn a_folder_is_small() {
    let mut too_large = Vec::new();
    for (task, (most_own, most_in_all)) in TASKS.into_iter().zip(LIMITS) {
        let (_parent, folder) = started(task);
        let (all, shared) = (size(&folder), size(&folder.join("shared")));
        let own = (all.0 - shared.0, all.1 - shared.1);
        println!(
            "{}: {own:?} outside `shared`, {all:?} in all (files, lines)",
            task.folder
        );
        for (found, most) in [(own, most_own), (all, most_in_all)] {
            if found.0 > most.0 || found.1 > most.1 {
                too_large.push(format!("{}: {found:?}, at most {most:?}", task.folder));
            }
        }
    }
    assert!(too_large.is_empty(), "{too_large:#?}");
}

/// For each task, how many files and lines its folder may have outside `shared`, and in all.
///
/// The goal for task 2 is 7,000 lines in all.
const LIMITS: [((usize, usize), (usize, usize)); 4] = [
    ((14, 1_300), (60, 7_000)),
    ((14, 1_300), (60, 7_000)),
    ((18, 2_000), (60, 7_490)),
    ((18, 2_000), (65, 8_050)),
];

#[test]
fn a_folder_has_none_of_our_machinery() {
    for task in TASKS {
        let (_parent, folder) = started(task);
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        for file in [
            "tests/cli.rs",
            "tests/examples",
            "tests/extras",
            "tests/ours",
            "tests/cluster",
            "shared/tests",
            "shared/recorder/compat",
            "shared/recorder/examples",
            "shared/recorder/tests",
            "shared/scope",
            "shared/temp-mariadb/tests",
            "shared/temp-mariadb/src/log/tests.rs",
            "shared/recorder/README.md",
            "shared/testkit/README.md",
            "shared/testkit/src/cases.rs",
            "shared/testkit/src/program.rs",
        ] {
            assert!(!folder.join(file).exists(), "{}: {file}", task.folder);
        }
        assert_eq!(
            folder.join("shared/temp-mariadb").exists(),
            task.needs_mariadb
        );
        assert_eq!(
            folder.join("shared/src/mysql.rs").exists(),
            task.needs_mariadb
        );
        for word in ["scope", "tracing-subscriber", "extras"] {
            assert!(!manifest.contains(word), "{word}: {manifest}");
        }
        for line in ["testkit = ", "\n[workspace]\n"] {
            assert!(manifest.contains(line), "{line}: {manifest}");
        }
    }
}

#[test]
fn formatting_a_folder_changes_nothing() {
    for task in TASKS {
        let (_parent, folder) = started(task);
        let formatted = Command::new(env!("CARGO"))
            .args(["fmt", "--all", "--check"])
            .current_dir(&folder)
            .output();
        succeeded(&formatted.unwrap());
    }
}

#[test]
fn nothing_that_exists_is_overwritten() {
    let task = task("0-databaseconnection");
    let make: [fn(&Path); 4] = [
        |path| fs::create_dir(path).unwrap(),
        |path| fs::write(path, "mine").unwrap(),
        |path| symlink("nowhere", path).unwrap(),
        |path| symlink(".", path).unwrap(),
    ];
    for (number, make) in make.into_iter().enumerate() {
        let parent = temporary_folder();
        let taken = parent.path().join(task.folder);
        make(&taken);
        // An empty folder would be replaced by a rename alone.
        if number == 0 {
            fs::write(taken.join("mine.txt"), "mine").unwrap();
        }
        let before = taken.symlink_metadata().unwrap();
        let problem = start(task, parent.path()).unwrap_err();
        assert_eq!(problem.whose, Whose::YourMachine);
        assert!(
            problem.message.contains("already exists"),
            "{}",
            problem.message
        );
        let after = taken.symlink_metadata().unwrap();
        assert_eq!(before.file_type(), after.file_type());
        assert_eq!(before.modified().unwrap(), after.modified().unwrap());
        let left: Vec<_> = fs::read_dir(parent.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }
}

#[test]
fn an_empty_folder_of_that_name_is_left_as_it_is_too() {
    let (parent, task) = (temporary_folder(), task("1-execute"));
    let taken = parent.path().join(task.folder);
    fs::create_dir(&taken).unwrap();
    let problem = start(task, parent.path()).unwrap_err();
    assert!(
        problem.message.contains("already exists"),
        "{}",
        problem.message
    );
    assert_eq!(fs::read_dir(&taken).unwrap().count(), 0);
}

#[test]
fn a_folder_that_cannot_be_made_is_a_problem_with_a_remedy() {
    let parent = temporary_folder();
    let file = parent.path().join("file");
    fs::write(&file, "mine").unwrap();
    let problem = start(task("1-execute"), &file).unwrap_err();
    assert_eq!(problem.whose, Whose::YourMachine);
    assert!(problem.help.contains("give a folder"), "{}", problem.help);
}

/// With rustc, and with the lints that the checker leaves to the student's builds.
#[test]
fn every_stub_compiles_without_a_warning_with_its_program() {
    for task in TASKS {
        let reference = Reference::build(task).unwrap();
        let (parent, folder) = started(task);
        let library = parent.path().join(format!("lib{}.rlib", task.library));
        let rustc = |arguments: &[&str], source: &str| {
            let mut command = Command::new("rustc");
            command
                .args(["--edition=2024", "-Dwarnings"])
                .args(arguments);
            let externs = reference.plan.program.externs();
            for (name, file) in externs.iter().filter(|(name, _)| *name != task.library) {
                command
                    .arg("--extern")
                    .arg(format!("{name}={}", file.display()));
                command
                    .arg("-L")
                    .arg(format!("dependency={}", file.parent().unwrap().display()));
            }
            command
                .args([
                    "--extern",
                    &format!("{}={}", task.library, library.display()),
                ])
                .arg(folder.join(source))
                .env("CARGO_BIN_NAME", task.folder)
                .env("CARGO_PKG_VERSION", "0.1.0")
                .env("CARGO_PKG_NAME", task.package)
                .env("CARGO_PKG_DESCRIPTION", "")
                .env("CARGO_PKG_AUTHORS", "");
            succeeded(&command.output().unwrap());
        };
        let output = library.to_str().unwrap();
        rustc(
            &[
                "--crate-type=lib",
                "--crate-name",
                task.library,
                "-o",
                output,
            ],
            "src/lib.rs",
        );
        let output = parent.path().join("program");
        rustc(
            &[
                "--crate-name=program",
                "--emit=metadata",
                "-o",
                output.to_str().unwrap(),
            ],
            "src/main.rs",
        );
    }
}

fn succeeded(output: &Output) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{stdout}\n{stderr}");
    assert!(!stderr.contains("warning"), "{stderr}");
}

#[test]
fn every_required_check_fails_on_a_stub_and_says_what_to_do() {
    for task in TASKS {
        let reference = Reference::build(task).unwrap();
        let (_parent, folder) = started(task);
        let root = folder.join("src/lib.rs");
        let stub = fs::read_to_string(&root).unwrap();
        let sentences = sentences(&stub);
        let is_helped = |check: &Check| match &check.verdict {
            Verdict::Failed { message, hint, .. } => {
                !hint.is_empty()
                    && sentences
                        .iter()
                        .any(|sentence| message.contains(sentence.as_str()))
            }
            _ => false,
        };
        let mut verdicts = verdicts(&reference, &root);
        verdicts.retain(|check| !is_helped(check));
        assert!(verdicts.is_empty(), "{}: {verdicts:#?}", task.folder);
    }
}

#[test]
fn every_required_check_passes_on_the_solution_in_a_started_folder() {
    for task in TASKS {
        let reference = Reference::build(task).unwrap();
        let (_parent, folder) = started(task);
        solve(task, &folder);
        for check in verdicts(&reference, &folder.join("src/lib.rs")) {
            assert_eq!(
                check.verdict,
                Verdict::Passed,
                "{}: {}",
                task.folder,
                check.name
            );
        }
    }
}

/// Uses Cargo, which compiles everything again, so only for the simplest task.
#[test]
fn a_folder_builds_alone_and_offline_inside_of_another_workspace_and_cargo_tests_it() {
    let task = task("0-databaseconnection");
    // Always the same, so that Cargo builds the libraries once.
    let parent = Path::new(env!("CARGO_TARGET_TMPDIR")).join("another workspace");
    match fs::remove_dir_all(&parent) {
        Err(error) if error.kind() != ErrorKind::NotFound => panic!("{error}"),
        _ => fs::create_dir(&parent).unwrap(),
    }
    fs::write(
        parent.join("Cargo.toml"),
        "[workspace]\nmembers = []\nresolver = '3'\n",
    )
    .unwrap();
    let folder = start(task, &parent).unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("alone");
    let cargo = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CARGO_PKG_") {
                command.env_remove(name);
            }
        }
        command
            .args(arguments)
            .arg("--offline")
            .env_remove("CARGO_MANIFEST_DIR")
            .env("CARGO_TARGET_DIR", &target)
            .current_dir(&folder)
            .output()
            .unwrap()
    };
    succeeded(&cargo(&["test", "--no-run"]));
    let stub = cargo(&["test", "--test", "checks"]);
    assert_eq!(stub.status.code(), Some(101));
    let stdout = String::from_utf8_lossy(&stub.stdout);
    assert!(
        stdout.contains("test result: FAILED. 0 passed;"),
        "a check passes on the stub: {stdout}"
    );
    solve(task, &folder);
    succeeded(&cargo(&["test"]));
}
