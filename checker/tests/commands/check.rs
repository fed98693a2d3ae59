//! `checker check`, and `checker` without a command.

use std::fs;
use std::path::Path;

use checker::task::Task;
use serde_json::Value;

use super::program::{Class, Ran, checker, run, solution, wrong};

#[test]
fn a_right_solution_is_done_and_the_next_task_comes_last() {
    let class = Class::new();
    let ran = run(["check", &class.add("alice", &solution())]);
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    let (required, extras) = counts(&class.named("alice"));
    for text in [
        format!(" {required} of {required} required checks passed, {extras} of {extras} extras\n"),
        format!("\n0-databaseconnection is done: all {required} required checks pass.\n"),
        format!("\nAll {extras} extras pass as well.\n"),
    ] {
        assert!(ran.stdout.contains(&text), "{text}: {}", ran.stdout);
    }
    assert!(!ran.stdout.contains("  passed "), "{}", ran.stdout);
    let last = ran.stdout.lines().last().unwrap_or_default();
    assert!(last.contains(" start 1-execute "), "{}", ran.stdout);
}

#[test]
fn a_relative_path_is_relative_to_the_current_folder() {
    let class = Class::new();
    let folder = Path::new(&class.add("alice", &solution())).join("0-databaseconnection");
    for (here, path) in [
        (folder.as_path(), "."),
        (folder.as_path(), "../0-databaseconnection"),
        (class.path(), "alice/0-databaseconnection"),
    ] {
        let output = checker(["check", path, "--required-only"])
            .current_dir(here)
            .output();
        let ran = Ran::new(output.expect("it starts"));
        assert_eq!(ran.status, Some(0), "check {path}: {ran:?}");
    }
    let mut command = checker(["grade", "--format", "json", "alice"]);
    let output = command.current_dir(class.path()).output();
    let ran = Ran::new(output.expect("it starts"));
    assert_eq!(ran.status, Some(0), "grade alice: {ran:?}");
}

/// The numbers of required checks and extras that task 0 has, as the machine formats list them.
fn counts(folder: &str) -> (usize, usize) {
    let json = run(["check", folder, "--format", "json"]).stdout;
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let checks = json["submissions"][0]["tasks"][0]["checks"]
        .as_array()
        .expect("checks");
    let required = checks.iter().filter(|check| check["required"] == true);
    let required = required.count();
    (required, checks.len() - required)
}

#[test]
fn the_first_check_that_fails_is_shown_in_full_and_the_others_are_counted() {
    let class = Class::new();
    let folder = class.add("bob", &wrong("a_list_of_open_connections"));
    let ran = run(["check", &folder]);
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(1), ""), "{ran:?}");
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(
        lines[0].contains(" required checks passed"),
        "{}",
        ran.stdout
    );
    assert!(
        lines[2].starts_with("  failed     closing: closes at the end of the scope"),
        "{}",
        ran.stdout
    );
    assert_eq!(ran.stdout.matches("  failed ").count(), 1, "{}", ran.stdout);
    assert!(!ran.stdout.contains("  passed "), "{}", ran.stdout);
    let saw = ran.stdout.find("connection 1 ");
    let hint = ran.stdout.find("\nhint: ");
    let more = ran.stdout.find("\n3 more required checks fail ");
    let next = ran.stdout.find("\nnext: ");
    assert!(
        saw.is_some() && saw < hint && hint < more && more < next,
        "{}",
        ran.stdout
    );
    assert!(
        !ran.stdout.contains('\x1b'),
        "no colours in a pipe: {}",
        ran.stdout
    );
    let all = run(["check", &folder, "--all"]).stdout;
    assert!(all.matches("  failed ").count() >= 4, "{all}");
    assert!(all.contains("  passed "), "{all}");
}

#[test]
fn a_stub_gets_one_check_and_the_function_to_write() {
    let class = Class::new();
    run(["start", "0-databaseconnection", &class.named("exercises")]);
    let ran = run(["check", &class.named("exercises")]);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert_eq!(ran.stdout.matches("  failed ").count(), 1, "{}", ran.stdout);
    for text in [
        "\nhint: write the body of `open` in src/lib.rs",
        " more required checks fail ",
        "\n  cargo test --test checks ",
    ] {
        assert!(ran.stdout.contains(text), "{text}: {}", ran.stdout);
    }
    assert!(ran.stdout.lines().count() < 25, "{}", ran.stdout);
}

#[test]
fn a_signature_that_was_changed_is_named() {
    let class = Class::new();
    let lib = solution().replacen("pub fn close(self)", "pub fn close(&mut self)", 1);
    let folder = class.add("carol", &lib);
    let ran = run(["check", &folder]);
    let expected = "- `close`\n  in the task:   pub fn close(self) -> Result<()>\n  in your code:  pub fn close(&mut self)";
    assert!(ran.stdout.contains(expected), "{}", ran.stdout);
    let hint = run(["hint", &folder]).stdout;
    assert!(
        hint.contains("\nhint 1 of ") && hint.contains(expected),
        "{hint}"
    );
}

#[test]
fn what_does_not_compile_is_ones_own_code_with_the_compilers_words() {
    let class = Class::new();
    let lib = solution().replacen("pub fn close(self)", "pub fn close(self, why: Why)", 1);
    let ran = run(["check", &class.add("carol", &lib)]);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(
        ran.stdout.contains("your code: it does not compile"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout.contains("error") && ran.stdout.contains("src/lib.rs:"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("next: fix this"), "{}", ran.stdout);
}

#[test]
fn a_name_that_is_missing_is_ones_own_code_too() {
    let class = Class::new();
    let lib = solution().replace("pub fn fetch_users", "pub fn fetch_all_users");
    let ran = run(["check", &class.add("carol", &lib)]);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(
        ran.stdout
            .contains("your code: the checks do not find what the task asks for"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("fetch_users"), "{}", ran.stdout);
}

/// Only the task's program, which belongs to the extras, passes a `String` to `new`.
#[test]
fn extras_that_do_not_compile_are_one_line_and_change_no_verdict() {
    let class = Class::new();
    let task = Task::find("1-execute").expect("a task");
    let folder = class.path().join("gina").join(task.folder);
    fs::create_dir_all(folder.join("src")).expect("a folder");
    let lib = fs::read_to_string(task.path().join("src/lib.rs")).expect("our solution");
    let narrow = lib.replace("query: impl Into<String>,", "query: &str,");
    assert_ne!(narrow, lib);
    fs::write(folder.join("src/lib.rs"), narrow).expect("a file");
    fs::copy(task.path().join("Cargo.toml"), folder.join("Cargo.toml")).expect("a file");
    let folder = class.named("gina");

    let ran = run(["check", &folder]);
    let line = "  the extras did not run: they do not compile with this code: error[E0308]: mismatched types\n";
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert_eq!(ran.stdout.matches(line).count(), 1, "{ran:?}");
    // It would run them again, and they would fail again.
    assert!(!ran.stdout.contains("To run its extras"), "{ran:?}");

    let ran = run(["check", &folder, "--format", "json"]);
    let json: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let task = &json["submissions"][0]["tasks"][0];
    assert_eq!(task["passed"], true);
    let why = task["extras_problem"].as_str().expect("a line");
    assert!(why.contains("E0308"), "{why}");
}

#[test]
fn ones_own_tests_do_not_count() {
    let class = Class::new();
    let folder = class.add("dave", &wrong("a_list_of_open_connections"));
    let tests = class.path().join("dave/0-databaseconnection/tests/checks");
    fs::create_dir_all(&tests).expect("a folder");
    fs::write(
        tests.join("main.rs"),
        "#[test] fn closes_at_the_end_of_the_scope() {}",
    )
    .expect("a file");
    let ran = run(["check", &folder, "--required-only"]);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(ran.stdout.contains("24 of 28"), "{}", ran.stdout);
}

#[test]
fn an_editor_gets_json() {
    let class = Class::new();
    let ran = run([
        "check",
        &class.add("erin", &solution()),
        "--format",
        "json",
        "--required-only",
    ]);
    let json: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let task = &json["submissions"][0]["tasks"][0];
    assert_eq!(task["task"], "0-databaseconnection");
    assert_eq!(task["checks"].as_array().map(Vec::len), Some(28));
}

#[test]
fn a_reader_who_has_had_enough_ends_it_quietly() {
    let class = Class::new();
    let folder = class.add("frank", &solution());
    let script = format!(
        "{} check {folder} | head -1; echo ${{PIPESTATUS[0]}}",
        env!("CARGO_BIN_EXE_checker")
    );
    let mut bash = checker([]);
    bash = {
        let mut command = std::process::Command::new("bash");
        command.args(["-c", &script]);
        drop(bash);
        command
    };
    let ran = Ran::new(bash.output().expect("bash"));
    assert_eq!(ran.stderr, "");
    assert!(ran.stdout.ends_with("\n0\n"), "{ran:?}");
}

#[test]
fn every_task_of_this_workspace_passes() {
    let ran = run([]);
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    for task in [
        "0-databaseconnection: █",
        "1-execute: █",
        "2-concurrent: █",
        "3-mysql-pool: █",
    ] {
        assert!(ran.stdout.contains(task), "{task}: {}", ran.stdout);
    }
    assert!(
        ran.stdout
            .lines()
            .last()
            .is_some_and(|line| line.contains(" start 0-databaseconnection DIR")),
        "{}",
        ran.stdout
    );
}
