//! The program as its users meet it: output, exit status, and what it leaves behind.

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use shared::{User, sample_users};
use support::{Database, run, waits_for_a_lock};

const EXPECTED: &str = include_str!("../expected.txt");

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_3-mysql-pool"));
    command
        .env_remove("DATABASE_URL")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    stdout(&output)
}

/// An error is `error: ...` and `help: ...` on standard error, and nothing on standard output.
fn fails(command: &mut Command, status: i32) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(status), "{output:?}");
    assert_eq!(stdout(&output), "");
    let text = stderr(&output);
    assert!(text.starts_with("error: ") && text.contains("\nhelp: "), "{text}");
    text
}

fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !happened() {
        assert!(begun.elapsed() < support::DEADLINE, "still waiting until {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn entries(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

fn signal(name: &str, child: &Child) {
    let pid = child.id().to_string();
    let status = Command::new("/bin/sh")
        .args(["-c", "kill -s \"$1\" \"$2\"", "sh", name, &pid])
        .status();
    assert!(status.unwrap().success());
}

#[test]
fn without_a_database_it_prints_the_sample_from_a_throwaway_server_and_leaves_nothing() {
    let temporary = tempfile::tempdir().unwrap();
    // An empty variable is one that is not set.
    for url in [None, Some("")] {
        let output = program()
            .envs(url.map(|url| ("DATABASE_URL", url)))
            .env("TMPDIR", temporary.path())
            .output();
        let output = output.unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(stdout(&output), EXPECTED);
        assert_eq!(entries(temporary.path()), 0);
    }
}

#[test]
fn a_database_is_taken_from_the_option_before_the_environment() {
    run(async {
        let mut database = Database::create().await;
        assert_eq!(succeeds(program().args(["--database", &database.url])), EXPECTED);
        assert_eq!(succeeds(program().env("DATABASE_URL", &database.url)), EXPECTED);
        let both = succeeds(
            program()
                .env("DATABASE_URL", "mysql://nowhere.invalid/")
                .args(["--database", &database.url]),
        );
        assert_eq!(both, EXPECTED);
        database.until_nobody_is_left().await;
    });
}

/// What the formats must say, made from the sample.
fn lists() -> impl Iterator<Item = (&'static str, User)> {
    let all = sample_users().into_iter().map(|user| ("all", user));
    all.chain(
        sample_users()
            .into_iter()
            .filter(|user| user.age > 40)
            .map(|user| ("older", user)),
    )
}

#[test]
fn json_is_one_object_a_line_with_its_list() {
    run(async {
        let database = Database::create().await;
        let text = succeeds(program().args(["--format", "json", "--database", &database.url]));
        let expected: Vec<serde_json::Value> = lists()
            .map(|(list, user)| {
                let mut object = serde_json::to_value(user).unwrap();
                object["list"] = list.into();
                object
            })
            .collect();
        let found: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(found, expected);
    });
}

#[test]
fn csv_has_a_header_line_and_a_column_for_the_list() {
    run(async {
        let database = Database::create().await;
        let text = succeeds(program().args(["--format", "csv", "--database", &database.url]));
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("list,id,name,email,age"));
        let expected: Vec<String> = lists()
            .map(|(list, user)| format!("{list},{},{},{},{}", user.id, user.name, user.email, user.age))
            .collect();
        assert_eq!(lines.collect::<Vec<_>>(), expected);
    });
}

#[test]
fn the_options_are_heeded() {
    run(async {
        let database = Database::create().await;
        for connections in ["1", "2", "50"] {
            let text = succeeds(program().args([
                "--connections",
                connections,
                "--older-than",
                "52",
                "--format",
                "csv",
                "--database",
                &database.url,
            ]));
            assert_eq!(
                text.lines().filter(|line| line.starts_with("older,")).count(),
                2,
                "{text}"
            );
        }
    });
}

#[test]
fn help_explains_every_option_with_its_default() {
    let text = succeeds(program().arg("--help"));
    for words in [
        "--database",
        "DATABASE_URL",
        "throwaway",
        "--connections",
        "10",
        "--older-than",
        "40",
        "--format",
        "table",
    ] {
        assert!(text.contains(words), "no {words} in {text}");
    }
}

#[test]
fn a_reader_who_leaves_early_ends_it_quietly() {
    run(async {
        let mut database = Database::create().await;
        database
            .sql(
                "INSERT INTO users (id, name, email, age) \
                 SELECT seq, 'Somebody', CONCAT('n', seq, '@example.com'), 50 FROM seq_100_to_50000",
            )
            .await;
        for format in ["table", "json", "csv"] {
            let mut child = program()
                .args(["--format", format, "--database", &database.url])
                .spawn()
                .unwrap();
            let mut line = String::new();
            BufReader::with_capacity(64, child.stdout.take().unwrap())
                .read_line(&mut line)
                .unwrap();
            assert!(!line.is_empty());
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{output:?}");
            assert_eq!(stderr(&output), "");
        }
    });
}

#[test]
fn work_that_fails_is_status_1_and_shows_no_password() {
    run(async {
        let database = Database::create().await;
        let wrong = database.url.replace(&database.password(), "hunter2");
        for url in [
            wrong.as_str(),
            "mysql://ada:hunter2@127.0.0.1:1/school",
            "mysql://ada:hunter2/@127.0.0.1:1/school",
            "hunter2",
            "postgres://ada:hunter2@localhost/school",
            "",
        ] {
            let text = fails(program().args(["--database", url]), 1);
            assert!(!text.contains("hunter2"), "{text}");
            if !url.is_empty() {
                let text = fails(program().env("DATABASE_URL", url), 1);
                assert!(!text.contains("hunter2"), "{text}");
            }
        }
    });
}

#[test]
fn a_wrong_command_line_is_status_2_and_shows_no_password() {
    let url = "mysql://ada:hunter2@localhost/school";
    for arguments in [
        &["--no-such-option"][..],
        &[url],
        &["--databse", url],
        &["--database"],
        &[&format!("--database-url={url}")],
        &["--database", url, "--database", url],
        &["--database", url, "--older-than", "hunter2"],
        &["--older-than", "-1"],
        &["--connections", "0"],
        &["--connections", url],
        &["--format", "hunter2"],
    ] {
        let text = fails(program().args(arguments), 2);
        assert!(!text.contains("hunter2"), "{arguments:?}: {text}");
    }
}

/// Ctrl-C while the queries run: they stop on the server, and the connections are closed the polite way.
#[test]
fn a_signal_stops_the_statements_and_leaves_nothing() {
    for (name, status) in [("INT", 130), ("TERM", 143)] {
        run(async {
            let mut database = Database::on_its_own_server().await;
            database.sql("DO GET_LOCK('gate', 0)").await;
            database.gate("gate").await;
            let before = database.aborted().await;
            let child = program().args(["--database", &database.url]).spawn().unwrap();
            database
                .until("both wait", |list| {
                    list.iter().filter(|one| waits_for_a_lock(one)).count() == 2
                })
                .await;
            signal(name, &child);
            let output = child.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(status), "{output:?}");
            database.until_nobody_is_left().await;
            assert_eq!(database.aborted().await, before);
        });
    }
}

/// In the middle of starting its server, when its folder has just appeared.
#[test]
fn a_signal_while_the_throwaway_server_starts_leaves_nothing() {
    for (name, status) in [("INT", Some(130)), ("TERM", Some(143)), ("KILL", None)] {
        let temporary = tempfile::tempdir().unwrap();
        let mut child = program().env("TMPDIR", temporary.path()).spawn().unwrap();
        wait_until("its folder is there", || entries(temporary.path()) > 0);
        signal(name, &child);
        assert_eq!(child.wait().unwrap().code(), status);
        if status.is_some() {
            assert_eq!(entries(temporary.path()), 0, "it ends when all is gone");
        } else {
            // Killed before there was a guard, it leaves an empty folder, which the next start sweeps.
            succeeds(program().env("TMPDIR", temporary.path()));
            wait_until("all is gone", || entries(temporary.path()) == 0);
        }
    }
}

/// As in `$(3-mysql-pool)`: the output ends with the program, whatever else it has started.
#[test]
fn its_output_ends_when_it_is_killed() {
    let temporary = tempfile::tempdir().unwrap();
    let mut child = program().env("TMPDIR", temporary.path()).spawn().unwrap();
    wait_until("its server is there", || {
        let server = fs::read_dir(temporary.path()).unwrap().flatten().next();
        server.is_some_and(|folder| folder.path().join("server/server.pid").exists())
    });
    signal("KILL", &child);
    let mut rest = String::new();
    child.stdout.take().unwrap().read_to_string(&mut rest).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut rest).unwrap();
    child.wait().unwrap();
    wait_until("all is gone", || entries(temporary.path()) == 0);
}
