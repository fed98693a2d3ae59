//! `--help`, and what is wrong on a command line.

use super::program::{Class, run};

#[test]
fn help_explains_every_command_and_option() {
    let help = run(["--help"]);
    assert_eq!((help.status, help.stderr.as_str()), (Some(0), ""));
    for command in [
        "start", "check", "watch", "hint", "reset", "status", "grade",
    ] {
        assert!(help.stdout.contains(command), "{command}: {}", help.stdout);
        let help = run([command, "--help"]);
        assert_eq!((help.status, help.stderr.as_str()), (Some(0), ""));
        assert!(help.stdout.lines().count() > 5, "{}", help.stdout);
    }
    for default in ["[default: text]", "[default: standard output]"] {
        assert!(
            run(["grade", "--help"]).stdout.contains(default),
            "{default}"
        );
    }
}

#[test]
fn a_path_is_no_command_to_the_terminal() {
    let class = Class::new();
    for arguments in [
        ["check", &class.named("\x1b]0;title\x07")],
        ["watch", &class.named("\x1b]0;title\x07")],
        ["hint", &class.named("\x1b]0;title\x07")],
        ["grade", &class.named("\x1b]0;title\x07")],
    ] {
        let ran = run(arguments);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(
            !said.contains(['\x1b', '\x07']) && said.contains("title"),
            "{arguments:?}: {said:?}"
        );
    }
}

#[test]
fn a_wrong_command_line_has_status_2_and_says_what_to_do() {
    let wrong: [&[&str]; 6] = [
        &["chekc"],
        &["check", "--formt", "json"],
        &["check", "--format", "yaml"],
        &["grade"],
        &["watch"],
        &["start", "5-nothing", "here"],
    ];
    for arguments in wrong {
        let ran = run(arguments.iter().copied());
        assert_eq!(
            (ran.status, ran.stdout.as_str()),
            (Some(2), ""),
            "{arguments:?}: {ran:?}"
        );
        assert!(
            ran.stderr.starts_with("error: ") && ran.stderr.contains("\nhelp: "),
            "{ran:?}"
        );
    }
    let tasks = run(["start", "5-nothing", "here"]).stderr;
    assert!(
        tasks.contains("2-concurrent"),
        "it names the tasks: {tasks}"
    );
}

#[test]
fn what_is_not_there_is_an_error_before_any_work() {
    let class = Class::new();
    let missing = class.named("nobody");
    for command in ["check", "watch", "hint", "reset", "status", "grade"] {
        run([command, &missing]).expect_error("nobody");
    }
    let report = class.named("no/such/folder/report.csv");
    let here = text_of_a_folder(&class);
    run(["grade", &here, "--output", &report]).expect_error("report.csv");
    run(["grade", &here, &here, "--format", "gradescope"]).expect_error("one submission");
}

fn text_of_a_folder(class: &Class) -> String {
    class.add("alice", "")
}

#[test]
fn a_folder_without_a_task_is_an_error_that_says_what_is_looked_for() {
    let class = Class::new();
    run(["check", &class.named(".")]).expect_error("no task");
}
