//! The program from outside: its output, its exit status, and that it leaves nothing behind. It consists of `src/main.rs` and
//! `shared`. Of `src/lib.rs` it needs only that the right users are returned, or an error.

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use mysql_async::prelude::Queryable;
use serde_json::Value;
use shared::{User, sample_users};
use support::check;
use temp_mariadb::TempServer;
use testkit::Deadline;

const EXPECTED: &str = include_str!("../expected.txt");

/// The hint where the program prints what the library returns.
const HINT: &str = "the program prints what `with_pool` and `fetch_concurrently` return: make their checks pass first";

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
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

fn succeeds(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    assert!(output.status.success(), "{output:?}");
    stdout(&output)
}

/// Expects this exit status, an error on standard error, and nothing on standard output. Returns the error.
fn fails(command: &mut Command, status: i32) -> String {
    let output = command.output().expect("the program starts");
    assert_eq!(output.status.code(), Some(status), "{output:?}");
    assert_eq!(stdout(&output), "");
    let text = stderr(&output);
    assert!(text.starts_with("error: "), "{text}");
    text
}

fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    let deadline = Deadline::start();
    while !happened() {
        assert!(!deadline.has_passed(), "still waiting until {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn entries(folder: &Path) -> usize {
    fs::read_dir(folder).expect("a folder").count()
}

fn signal(name: &str, child: &Child) {
    let pid = child.id().to_string();
    let status = Command::new("/bin/sh")
        .args(["-c", "kill -s \"$1\" \"$2\"", "sh", name, &pid])
        .status();
    assert!(status.expect("a shell").success());
}

/// Returns the two lists as the program must print them in JSON.
fn json(users: &[User], older_than: u32) -> Vec<Value> {
    let older = users.iter().filter(|user| user.age > older_than);
    let all = users.iter().map(|user| ("all", user));
    all.chain(older.map(|user| ("older", user)))
        .map(|(list, user)| {
            let mut object = serde_json::to_value(user).expect("a user");
            object["list"] = list.into();
            object
        })
        .collect()
}

/// Parses the JSON output: one object on each line.
fn objects(text: &str) -> Vec<Value> {
    let objects = text.lines().map(serde_json::from_str);
    objects
        .collect::<Result<_, _>>()
        .expect("one object a line")
}

#[test]
fn without_a_database_prints_the_sample_and_leaves_nothing_behind() {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    // An empty variable counts as not set.
    for url in [None, Some("")] {
        let output = program()
            .args(["--format", "json"])
            .envs(url.map(|url| ("DATABASE_URL", url)))
            .env("TMPDIR", temporary.path())
            .output();
        let output = output.expect("the program starts");
        assert!(output.status.success(), "{output:?}");
        assert_eq!(objects(&stdout(&output)), json(&sample_users(), 40));
        assert_eq!(entries(temporary.path()), 0);
    }
}

#[test]
fn prints_all_users_and_the_older_ones_of_the_given_database() {
    check(HINT, async |server| {
        let age = server.age.to_string();
        let text = succeeds(program().args([
            "--database",
            &server.url,
            "--format",
            "json",
            "--older-than",
            &age,
        ]));
        assert_eq!(objects(&text), json(&server.users, server.age));
        let text = succeeds(program().args(["--database", &server.url, "--format", "json"]));
        assert_eq!(objects(&text), json(&server.users, 40));
    });
}

#[test]
fn exits_with_1_and_prints_nothing_when_it_fails() {
    let hint = "the program fails when the library returns an error: make the checks of `06_errors.rs` pass first";
    check(hint, async |server| {
        let wrong = server.url.replace(&server.password, "hunter2");
        for url in [
            &wrong,
            "mysql://ada:hunter2@127.0.0.1:1/school",
            "hunter2",
            "",
        ] {
            fails(program().args(["--database", url]), 1);
        }
        fails(program().env("DATABASE_URL", &wrong), 1);
        server.sql("DROP TABLE users").await;
        fails(program().args(["--database", &server.url]), 1);
    });
}

#[test]
fn prints_the_sample_as_a_table() {
    assert_eq!(succeeds(&mut program()), EXPECTED);
}

#[test]
fn the_option_wins_over_the_environment() {
    check(HINT, async |server| {
        let expected = json(&server.users, 40);
        let printed =
            |command: &mut Command| objects(&succeeds(command.args(["--format", "json"])));
        let from_environment = printed(program().env("DATABASE_URL", &server.url));
        assert_eq!(from_environment, expected);
        let from_option = printed(
            program()
                .env("DATABASE_URL", "mysql://nowhere.invalid/")
                .args(["--database", &server.url]),
        );
        assert_eq!(from_option, expected);
        server
            .until_no_connection_is_left("after the program's end")
            .await;
    });
}

#[test]
fn csv_has_a_header_line_and_a_column_for_the_list() {
    let text = succeeds(program().args(["--format", "csv"]));
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("list,id,name,email,age"));
    let expected: Vec<String> = json(&sample_users(), 40)
        .iter()
        .map(|user| {
            let text = |field: &str| user[field].as_str().expect("a text").to_owned();
            let (list, name, email) = (text("list"), text("name"), text("email"));
            format!("{list},{},{name},{email},{}", user["id"], user["age"])
        })
        .collect();
    assert_eq!(lines.collect::<Vec<_>>(), expected);
}

#[test]
fn accepts_any_number_of_connections() {
    check(HINT, async |server| {
        for connections in ["1", "2", "50"] {
            let text = succeeds(program().args([
                "--connections",
                connections,
                "--format",
                "json",
                "--database",
                &server.url,
            ]));
            assert_eq!(objects(&text), json(&server.users, 40));
        }
    });
}

#[test]
fn help_explains_every_option_with_its_default() {
    let text = succeeds(program().arg("--help"));
    for words in [
        "--database",
        "DATABASE_URL",
        "temp",
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
fn a_closed_pipe_ends_the_program_quietly() {
    check(HINT, async |server| {
        server
            .sql(
                "INSERT INTO users (id, name, email, age) \
                 SELECT seq, 'Somebody', CONCAT('n', seq, '@example.com'), 50 FROM seq_10001_to_60000",
            )
            .await;
        for format in ["table", "json", "csv"] {
            let mut child = program()
                .args(["--format", format, "--database", &server.url])
                .spawn()
                .expect("the program starts");
            let mut line = String::new();
            BufReader::with_capacity(64, child.stdout.take().expect("a pipe"))
                .read_line(&mut line)
                .expect("a line");
            assert!(!line.is_empty());
            let output = child.wait_with_output().expect("its end");
            assert!(output.status.success(), "{output:?}");
            assert_eq!(stderr(&output), "");
        }
    });
}

#[test]
fn a_wrong_command_line_exits_with_2_and_shows_no_password() {
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
        assert!(text.contains("\nhelp: "), "{text}");
        assert!(!text.contains("hunter2"), "{arguments:?}: {text}");
    }
}

#[test]
fn escapes_control_characters_in_cells_and_in_errors() {
    let server = TempServer::with(shared::schema::mysql_sample()).expect("a server");
    let options = mysql_async::Opts::from_url(&server.url()).expect("a URL");
    tokio::runtime::Runtime::new()
        .expect("a runtime")
        .block_on(async {
            let mut own = mysql_async::Conn::new(options).await.expect("a connection");
            own.exec_drop(
                "UPDATE users SET name = ? WHERE id = 1",
                ("ada\x1b[2J\u{202e}nimda",),
            )
            .await
            .expect("a new name");
            own.disconnect().await.expect("a clean end");
        });
    let text = succeeds(program().args(["--database", &server.url()]));
    assert!(!text.contains(['\x1b', '\u{202e}']), "{text:?}");
    assert!(text.contains("ada\\u{1b}[2J\\u{202e}nimda"), "{text}");
    for url in ["mysql://ada\x1b[2J@127.0.0.1:1/school", "\x1b[2J://"] {
        let text = fails(program().args(["--database", url]), 1);
        assert!(!text.contains('\x1b'), "{text:?}");
    }
}

/// The error comes before a server is started, because nothing else is printed.
#[test]
fn a_timeline_that_cannot_be_written_is_an_error_before_the_work() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("folder.svg")).expect("a folder");
    for file in ["missing/a.svg", "folder.svg"] {
        let option = format!("--timeline={file}");
        let text = fails(program().arg(option).current_dir(folder.path()), 1);
        let error = format!("error: could not write the timeline to {file}: ");
        assert!(
            text.starts_with(&error) && text.contains("\nhelp: "),
            "{text}"
        );
    }
    assert_eq!(entries(folder.path()), 1);
}

/// The signal arrives while the server starts, when its folder has just appeared.
#[test]
fn a_signal_while_the_temporary_server_starts_leaves_nothing() {
    for (name, status) in [("INT", Some(130)), ("TERM", Some(143)), ("KILL", None)] {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let mut child = program()
            .env("TMPDIR", temporary.path())
            .spawn()
            .expect("the program starts");
        wait_until("its folder exists", || entries(temporary.path()) > 0);
        signal(name, &child);
        assert_eq!(child.wait().expect("its end").code(), status);
        if status.is_none() {
            // Killed before it has a supervisor, it leaves an empty folder, which the next start removes.
            succeeds(program().env("TMPDIR", temporary.path()));
        }
        // The program waits 5 seconds for the server's start. If that takes longer, the supervisor removes everything.
        wait_until("everything is removed", || entries(temporary.path()) == 0);
    }
}

/// As in `$(3-mysql-pool)`: the output ends when the program ends, even if processes that it started still run.
#[test]
fn its_output_ends_when_it_is_killed() {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let mut child = program()
        .env("TMPDIR", temporary.path())
        .spawn()
        .expect("the program starts");
    wait_until("its server runs", || {
        let server = fs::read_dir(temporary.path())
            .expect("a folder")
            .flatten()
            .next();
        server.is_some_and(|folder| folder.path().join("server/server.pid").exists())
    });
    signal("KILL", &child);
    let mut rest = String::new();
    let (mut stdout, mut stderr) = (
        child.stdout.take().expect("a pipe"),
        child.stderr.take().expect("a pipe"),
    );
    stdout.read_to_string(&mut rest).expect("UTF-8");
    stderr.read_to_string(&mut rest).expect("UTF-8");
    child.wait().expect("its end");
    wait_until("everything is removed", || entries(temporary.path()) == 0);
}
