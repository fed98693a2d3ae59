//! `checker check`, and `checker` without a command.

use std::fs;

use serde_json::Value;

use super::program::{Class, Ran, checker, run, solution, wrong};

#[test]
fn a_right_solution_passes_and_what_comes_next_is_said_last() {
    let class = Class::new();
    let ran = run(["check", &class.add("alice", &solution())]);
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    assert!(
        ran.stdout
            .contains(" 26 of 26 required checks passed, 10 of 10 extras"),
        "{}",
        ran.stdout
    );
    let last = ran.stdout.lines().last().unwrap_or_default();
    assert!(
        last.starts_with("next: ") && last.contains("start 1-execute"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_wrong_solution_fails_with_the_checks_message_first_and_the_hint_last() {
    let class = Class::new();
    let ran = run([
        "check",
        &class.add("bob", &wrong("a_list_of_open_connections")),
    ]);
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(1), ""), "{ran:?}");
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(
        lines[0].contains(" 22 of 26 required checks passed"),
        "{}",
        ran.stdout
    );
    assert!(
        lines[1].starts_with("  failed     closing: closes at the end of the scope"),
        "{}",
        ran.stdout
    );
    let saw = ran.stdout.find("connection 1 ");
    let hint = ran.stdout.find("\nhint: which variable or field owns");
    let next = ran.stdout.find("\nnext: ");
    assert!(saw.is_some() && saw < hint && hint < next, "{}", ran.stdout);
    assert!(
        !ran.stdout.contains('\x1b'),
        "no colours in a pipe: {}",
        ran.stdout
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
    assert!(ran.stdout.contains("next: mend that"), "{}", ran.stdout);
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
    assert!(ran.stdout.contains("22 of 26"), "{}", ran.stdout);
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
    assert_eq!(task["checks"].as_array().map(Vec::len), Some(26));
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
            .is_some_and(|line| line.starts_with("next: ")),
        "{}",
        ran.stdout
    );
}
