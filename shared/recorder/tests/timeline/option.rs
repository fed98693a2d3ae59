//! The option that asks for a timeline: what it takes, what it writes, and what it says when it cannot.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use clap::Parser;
use clap::error::ErrorKind;
use recorder::timeline::option::TimelineOption;
use recorder::timeline::{svg, text, trace};

use crate::examples::two;

#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    timeline: TimelineOption,
}

#[test]
fn the_option_takes_a_picture_or_a_trace_or_nothing() {
    for (words, is_wanted) in [
        (&[][..], false),
        (&["--timeline"], true),
        (&["--timeline=a.svg"], true),
        (&["--timeline=A.JSON"], true),
    ] {
        let arguments = Arguments::try_parse_from([&["program"], words].concat())
            .expect("a right command line");
        assert_eq!(arguments.timeline.is_wanted(), is_wanted, "{words:?}");
    }
    for (words, kind) in [
        (&["--timeline=a.png"][..], ErrorKind::ValueValidation),
        (&["--timeline="], ErrorKind::ValueValidation),
        (&["--timeline", "a.svg"], ErrorKind::UnknownArgument),
        (&["--timeline", "--timeline"], ErrorKind::ArgumentConflict),
    ] {
        let error = Arguments::try_parse_from([&["program"], words].concat())
            .expect_err("a wrong command line");
        assert_eq!(error.kind(), kind, "{words:?}");
    }
}

fn database_at(path: &Path) {
    rusqlite::Connection::open(path)
        .and_then(|connection| connection.execute_batch("CREATE TABLE users (id)"))
        .expect("a database");
}

/// Standard error can be watched from outside only.
#[test]
#[ignore = "other tests run it, in a separate process"]
fn a_program_with_the_option() {
    let Ok(word) = std::env::var("OPTION") else {
        return;
    };
    let arguments = Arguments::try_parse_from(["program", &word]).expect("a right command line");
    if let Err(error) = arguments.timeline.show(&two()) {
        eprintln!("error: {error}");
        std::process::exit(1);
    }
}

fn program(option: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command
        .args([
            "--exact",
            "option::a_program_with_the_option",
            "--ignored",
            "--nocapture",
        ])
        .env("OPTION", option)
        .current_dir(folder);
    command
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

#[test]
fn draws_to_standard_error_without_colour_where_that_is_no_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = program("--timeline", folder.path())
        .env("TERM", "xterm")
        .output()
        .expect("it runs");
    assert!(
        stderr(&output).contains(&text::draw(&two(), 100, false)),
        "{output:?}"
    );
    assert!(!String::from_utf8_lossy(&output.stdout).contains("connection"));
}

#[test]
fn draws_as_wide_as_the_terminal_and_in_colour_unless_no_color_is_set() {
    if Command::new("script").arg("--version").output().is_err() {
        return println!("skipped: there is no `script`, which makes a terminal");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let own = std::env::current_exe().expect("this test");
    let on_a_terminal = |variable: (&str, &str)| {
        let line = format!(
            "stty rows 24 cols 132; '{}' --exact option::a_program_with_the_option --ignored --nocapture",
            own.display()
        );
        let output = Command::new("script")
            .args(["--quiet", "--return", "--command", &line, "/dev/null"])
            .env("OPTION", "--timeline")
            .env("TERM", "xterm")
            .env_remove("NO_COLOR")
            .env(variable.0, variable.1)
            .current_dir(folder.path())
            .output()
            .expect("it runs");
        String::from_utf8(output.stdout)
            .expect("UTF-8")
            .replace("\r\n", "\n")
    };
    for (variable, is_coloured) in [
        (("NO_COLOR", ""), true),
        (("NO_COLOR", "1"), false),
        (("TERM", "dumb"), false),
    ] {
        let seen = on_a_terminal(variable);
        assert!(
            seen.contains(&text::draw(&two(), 132, is_coloured)),
            "{variable:?}: {seen}"
        );
    }
}

#[test]
fn writes_a_file_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, expected) in [
        ("a.svg", svg::draw(&two())),
        ("b.json", trace::draw(&two())),
    ] {
        fs::write(folder.path().join(name), "an older one").expect("a file");
        let output = program(&format!("--timeline={name}"), folder.path())
            .output()
            .expect("it runs");
        assert!(
            stderr(&output).contains(&format!("wrote the timeline to {name}")),
            "{output:?}"
        );
        assert_eq!(
            fs::read_to_string(folder.path().join(name)).expect("the file"),
            expected
        );
    }
    assert_eq!(
        fs::read_dir(folder.path()).expect("the folder").count(),
        2,
        "nothing else is left"
    );
}

#[test]
fn a_file_that_cannot_be_written_is_named_with_a_word_of_help_and_without_a_password() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("folder.svg")).expect("a folder");
    for (name, shown) in [
        ("missing/a.svg", "missing/a.svg"),
        ("folder.svg", "folder.svg"),
        ("root:s3cret@host/a.json", "the file that was named"),
        ("mysql://root:s3cret.svg", "the file that was named"),
    ] {
        let output = program(&format!("--timeline={name}"), folder.path())
            .output()
            .expect("it runs");
        let stderr = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(
            stderr.contains(&format!("error: could not write the timeline to {shown}: ")),
            "{stderr}"
        );
        assert!(stderr.contains("\nhelp: "), "{stderr}");
    }
    assert_eq!(
        fs::read_dir(folder.path()).expect("the folder").count(),
        1,
        "nothing else is left"
    );
}

/// An option that writes a trace, and where to.
fn option_for(folder: &Path) -> (TimelineOption, PathBuf) {
    let file = folder.join("timeline.json");
    let word = format!("--timeline={}", file.display());
    let arguments = Arguments::try_parse_from(["program", &word]).expect("a right command line");
    (arguments.timeline, file)
}

#[test]
fn records_what_work_does_on_a_database_also_where_it_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("users.db");
    database_at(&database);
    for (sql, is_right) in [
        ("SELECT count(*) FROM users", true),
        ("SELECT count(*) FROM missing", false),
    ] {
        let (option, file) = option_for(folder.path());
        let outcome = option.record(&database, || {
            let connection = rusqlite::Connection::open(&database)?;
            Ok(connection.query_row(sql, [], |row| row.get::<_, i64>(0))?)
        });
        assert_eq!(outcome.is_ok(), is_right, "{outcome:?}");
        let trace = fs::read_to_string(&file).expect("a file");
        fs::remove_file(file).expect("a file");
        assert!(trace.contains(r#""name":"connection 1""#), "{trace}");
        assert!(trace.contains(sql), "{trace}");
    }
}

#[test]
fn work_is_done_even_if_nothing_can_be_recorded_or_no_timeline_is_wanted() {
    let folder = tempfile::tempdir().expect("a folder");
    let (option, file) = option_for(folder.path());
    let missing = option.record(&folder.path().join("missing.db"), || Ok(42));
    assert_eq!(missing.expect("what the work gives"), 42);
    assert!(!file.exists());
    let unasked = Arguments::try_parse_from(["program"]).expect("a right command line");
    let outcome = unasked
        .timeline
        .record(folder.path(), || Err::<(), _>("the work's".into()));
    assert_eq!(outcome.expect_err("an error").to_string(), "the work's");
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_before_the_work() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("users.db");
    database_at(&database);
    let (option, _) = option_for(&folder.path().join("missing"));
    for database in [&database, &folder.path().join("missing.db")] {
        let error = option
            .record(database, || -> Result<(), _> { panic!("the work begins") })
            .expect_err("an error");
        assert!(
            error
                .to_string()
                .starts_with("could not write the timeline"),
            "{error}"
        );
    }
}

#[test]
fn an_option_that_is_tried_out_leaves_everything_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let (option, file) = option_for(folder.path());
    option.try_out().expect("a file that can be written");
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0);
    fs::write(&file, "an older one").expect("a file");
    option.try_out().expect("a file that can be written");
    assert_eq!(fs::read_to_string(&file).expect("a file"), "an older one");
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1);
}

/// In a folder that other users can write to, they may have created links, even under names that they guess.
#[test]
#[cfg(unix)]
fn nothing_is_written_through_a_link_that_another_user_has_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let (option, file) = option_for(folder.path());
    let victim = folder.path().join("victim");
    fs::write(&victim, "precious").expect("a file");
    let partial = format!("timeline.json.{}.partial", std::process::id());
    for name in ["timeline.json", &partial] {
        std::os::unix::fs::symlink(&victim, folder.path().join(name)).expect("a link");
    }
    option.try_out().expect("a file that can be written");
    option.show(&two()).expect("a file that can be written");
    assert_eq!(fs::read_to_string(&victim).expect("a file"), "precious");
    let written = fs::symlink_metadata(&file).expect("a file");
    assert!(written.is_file() && written.len() > 0, "{written:?}");
}

#[test]
fn the_error_of_the_work_wins_over_that_of_the_timeline() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("users.db");
    database_at(&database);
    let pictures = folder.path().join("pictures");
    let (option, _) = option_for(&pictures);
    // The work itself removes the folder, so the check before it cannot notice.
    let outcome_of = |outcome: Result<(), &str>| {
        fs::create_dir(&pictures).expect("a folder");
        option
            .record(&database, || {
                fs::remove_dir(&pictures)?;
                Ok(outcome?)
            })
            .expect_err("an error")
            .to_string()
    };
    assert_eq!(outcome_of(Err("the work's")), "the work's");
    assert!(outcome_of(Ok(())).starts_with("could not write the timeline"));
}
