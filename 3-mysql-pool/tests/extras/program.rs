//! More about the program: its messages for a wrong URL, and Ctrl-C.

use std::process::{Child, Command, Stdio};

use crate::own_server::check_alone;
use crate::support::check;

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_3-mysql-pool"));
    command
        .env_remove("DATABASE_URL")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Expects exit status 1, an error on standard error, and nothing on standard output. Returns the error.
fn fails(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(output.stdout, b"");
    let text = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(text.starts_with("error: "), "{text}");
    text
}

fn signal(name: &str, child: &Child) {
    let pid = child.id().to_string();
    let status = Command::new("/bin/sh")
        .args(["-c", "kill -s \"$1\" \"$2\"", "sh", name, &pid])
        .status();
    assert!(status.expect("a shell").success());
}

#[test]
fn an_error_says_what_to_do_and_shows_no_password() {
    let hint = "the program prints the `Display` of the library's error, which must end with a line `help: …`";
    check(hint, async |server| {
        let wrong = server.url.replace(&server.password, "hunter2");
        for url in [
            wrong.as_str(),
            "mysql://ada:hunter2@127.0.0.1:1/school",
            "mysql://ada:hunter2/@127.0.0.1:1/school",
            "hunter2",
            "postgres://ada:hunter2@localhost/school",
            "",
        ] {
            for command in [
                program().args(["--database", url]),
                program().env("DATABASE_URL", if url.is_empty() { "hunter2" } else { url }),
            ] {
                let text = fails(command);
                assert!(text.contains("\nhelp: "), "{text}");
                assert!(!text.contains("hunter2"), "{text}");
            }
        }
    });
}

/// Each help fits this URL. It does not ask for what the URL already contains.
#[test]
fn the_error_of_an_unknown_url_option_says_what_to_write_instead() {
    for (options, named, help) in [
        ("ssl-mode=REQUIRED", "`ssl-mode`", "`require_ssl=true"),
        (
            "serverVersion=8.0&charset=utf8mb4",
            "`serverVersion` and `charset`",
            "leave it out",
        ),
        (
            "charset=utf8mb4&require_ssl=true",
            "`charset`",
            "leave it out",
        ),
        (
            "require_ssl=yes",
            "`require_ssl` has an invalid value",
            "`true` or `false`",
        ),
    ] {
        let url = format!("mysql://ada:hunter2@localhost/school?{options}");
        let text = fails(program().args(["--database", &url]));
        let (message, helped) = text.split_once("\nhelp: ").expect("a help");
        assert!(message.contains(named), "{text}");
        assert!(helped.contains(help), "{text}");
        assert!(
            !helped.contains("%40") && !text.contains("hunter2"),
            "{text}"
        );
    }
}

#[test]
fn the_help_for_an_invalid_url_shows_how_to_write_one() {
    for url in [
        "hunter2",
        "mysql://ada:hunter2@localhost:port/school",
        "sqlite:users.db",
        "",
    ] {
        let text = fails(program().args(["--database", url]));
        let help = "\nhelp: write it as `mysql://user:password@host:port/database`; ";
        assert!(
            text.contains(help) && text.contains("%40 for @, %2F for /"),
            "{text}"
        );
        assert!(!text.contains("DATABASE_URL"), "{text}");
    }
}

#[test]
fn the_error_of_a_url_from_the_environment_says_so() {
    for url in [
        "postgres://ada@localhost/other",
        "sqlite:users.db",
        "mysql://ada@127.0.0.1:1/school",
    ] {
        let text = fails(program().env("DATABASE_URL", url));
        assert_eq!(text.lines().count(), 2, "{text}");
        let (message, help) = text.split_once("\nhelp: ").expect("a help");
        assert!(message.contains("DATABASE_URL"), "{text}");
        assert!(
            help.contains("`env -u DATABASE_URL 3-mysql-pool`"),
            "{text}"
        );
        assert!(help.contains("`--database URL`"), "{text}");
    }
}

/// Ctrl-C while the queries run: the statements stop on the server, and the connections are closed with `COM_QUIT`.
#[test]
fn a_signal_stops_the_statements_and_leaves_nothing() {
    let hint = "the program drops the future of `with_pool`, and waits for the Tokio tasks that the drop spawns on the runtime";
    for (name, status) in [("INT", 130), ("TERM", 143)] {
        check_alone(hint, async move |server| {
            server.set_breakpoint().await;
            let before = server.aborted().await;
            let child = program()
                .args(["--database", &server.url])
                .spawn()
                .expect("the program starts");
            server
                .until_at_breakpoint("two queries at the same time", 2)
                .await;
            signal(name, &child);
            let output = child.wait_with_output().expect("its end");
            assert_eq!(output.status.code(), Some(status), "{output:?}");
            server
                .until_no_connection_is_left("after the program's end")
                .await;
            assert_eq!(server.aborted().await, before);
        });
    }
}
