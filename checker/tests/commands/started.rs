//! `checker status` and `checker reset`, in a folder with started tasks.

use std::fs;

use super::program::{Class, Ran, checker, run, solution};

const TASKS: [&str; 2] = ["0-databaseconnection", "1-execute"];

#[test]
fn a_folder_of_started_tasks_says_how_far_each_is() {
    let class = Class::new();
    for task in TASKS {
        let ran = run(["start", task, &class.named("my")]);
        assert_eq!(ran.status, Some(0), "{ran:?}");
    }
    let my = class.path().join("my");
    let lib = my.join("0-databaseconnection/src/lib.rs");
    let status = || {
        let output = checker([]).current_dir(&my).output().expect("it starts");
        let ran = Ran::new(output);
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
        let named = run(["status", &class.named("my")]);
        assert_eq!(
            named.stdout.lines().next(),
            ran.stdout.lines().next(),
            "`status DIR` says the same"
        );
        ran.stdout
    };
    let before = status();
    let lines: Vec<&str> = before.lines().collect();
    assert!(lines[0].starts_with("0-databaseconnection ") && lines[0].ends_with("not checked yet"));
    assert!(lines[1].starts_with("1-execute ") && lines[1].ends_with("not checked yet"));
    assert!(before.contains("next: go on with 0-databaseconnection"));

    run(["check", &class.named("my/0-databaseconnection")]);
    assert!(status().contains(" 0 of 28 required checks passed\n"));
    fs::write(&lib, "pub fn").expect("a save");
    run(["check", &class.named("my/0-databaseconnection")]);
    assert!(status().contains("could not be checked: "));
    fs::write(&lib, solution()).expect("a save");
    run(["check", &class.named("my/0-databaseconnection")]);
    let done = status();
    assert!(
        done.contains("done: 28 of 28 required checks passed\n")
            && done.contains("next: go on with 1-execute"),
        "{done}"
    );

    run(["reset", &class.named("my/0-databaseconnection")]);
    assert!(
        status().contains("not checked yet\n1-execute"),
        "after a reset"
    );
    run(["check", &class.named("my/0-databaseconnection")]);
    fs::remove_dir_all(my.join("0-databaseconnection")).expect("a folder");
    run(["start", TASKS[0], &class.named("my")]);
    assert!(
        status().contains("not checked yet\n1-execute"),
        "after a new start"
    );
}

#[test]
fn outside_the_repository_a_folder_without_tasks_says_how_to_start_one() {
    let class = Class::new();
    let output = checker([]).current_dir(class.path()).output();
    let ran = Ran::new(output.expect("it starts"));
    ran.expect_error("start 0-databaseconnection");
}

#[test]
fn a_reset_puts_the_stub_back_and_keeps_every_version_of_the_students_file() {
    let class = Class::new();
    run(["start", TASKS[0], &class.named("my")]);
    let source = class.path().join("my/0-databaseconnection/src");
    let read = |file: &str| fs::read_to_string(source.join(file)).expect("a file");
    let stub = read("lib.rs");
    for (text, kept) in [("// one", "lib.rs.1"), ("// two", "lib.rs.2")] {
        fs::write(source.join("lib.rs"), text).expect("a save");
        let ran = run(["reset", &class.named("my/0-databaseconnection")]);
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
        assert!(ran.stdout.contains(kept), "{ran:?}");
        assert_eq!(
            (read("lib.rs"), read(kept)),
            (stub.clone(), text.to_owned())
        );
    }
    assert_eq!(read("lib.rs.1"), "// one");
    fs::remove_file(source.join("lib.rs")).expect("a file");
    let ran = run(["reset", &class.named("my")]);
    assert_eq!((ran.status, read("lib.rs")), (Some(0), stub), "{ran:?}");
    assert!(!source.join("lib.rs.3").exists());
}

#[test]
fn a_reset_never_touches_the_solutions_of_this_repository() {
    let task = super::program::task_0();
    let before = solution();
    run(["reset", &super::program::text(&task.path())]).expect_error("0 tasks that you started");
    assert_eq!(solution(), before);
}
