//! The pictures of timelines, in a real browser: that it reads them, that every text has its place in them, and that
//! all can be seen, in light and dark.

use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use recorder::timeline::{Connection, End, Statement, Timeline, svg};

/// The time limit for a browser.
const DEADLINE: Duration = Duration::from_secs(120);

fn micros(count: u64) -> Duration {
    Duration::from_micros(count)
}

fn connection(
    opened: u64,
    closing: Option<u64>,
    closed: Option<u64>,
    statements: Vec<Statement>,
) -> Connection {
    Connection {
        opened: micros(opened),
        statements,
        closing: closing.map(micros),
        closed: closed.map(micros),
    }
}

fn statement(sql: &str, begun: u64, ended: u64, end: Option<End>) -> Statement {
    Statement {
        sql: sql.to_owned(),
        expanded: sql.replace('?', "40"),
        begun: micros(begun),
        rows: 1_234_567,
        ended: end.map(|end| (micros(ended), end)),
    }
}

/// Pictures with what may go wrong in one.
fn pictures() -> Vec<(&'static str, String)> {
    let query = |at, end| statement("SELECT * FROM users", at, at + 400, end);
    let ends = |length| {
        let ends = [
            Some(End::Done),
            Some(End::Left),
            Some(End::Interrupted),
            Some(End::Failed(
                "UNIQUE constraint failed: users.email".to_owned(),
            )),
            Some(End::Refused("near \"SELEC\": syntax error".to_owned())),
            None,
        ];
        let query = |(at, end): (u64, _)| {
            statement("SELECT * FROM users", 100 * at, 100 * at + length, end)
        };
        (1..).zip(ends).map(query).collect::<Vec<_>>()
    };
    let long = [
        "SELECT ".repeat(100),
        "M".repeat(300),
        "李小龍".repeat(100),
        "ＷＩＤＥ".repeat(100),
        "&lt; <b> \" ' ]]> \u{1} \u{ffff} \x1b[2J".repeat(10),
        "\u{fdfd}👩‍👩‍👧‍👧e\u{301}\u{202e}עברית ".repeat(50),
    ];
    let long = long.map(|sql| statement(&sql, 10, 20, Some(End::Failed(sql.clone()))));
    let insert = |at| {
        statement(
            "INSERT INTO users VALUES (?, ?, ?, ?)",
            at,
            at + 1,
            Some(End::Done),
        )
    };
    let many = connection(0, Some(5000), Some(5000), (0..5000).map(insert).collect());
    let crowd = (0..100_000).map(|at| {
        let closed = (at < 99_997).then_some(at + 50);
        connection(at, closed, closed, vec![query(at, Some(End::Done))])
    });
    let timelines = [
        ("no connection", vec![]),
        (
            "an idle connection",
            vec![connection(0, Some(0), Some(0), vec![])],
        ),
        (
            "two queries",
            vec![
                connection(0, Some(700), Some(700), vec![query(100, Some(End::Done))]),
                connection(0, Some(700), Some(710), vec![query(300, Some(End::Done))]),
            ],
        ),
        (
            "every end",
            vec![
                connection(0, Some(700), Some(900), ends(80)),
                connection(0, None, Some(900), ends(0)),
                connection(20, Some(700), None, ends(10)),
                connection(60, None, None, ends(90)),
            ],
        ),
        (
            "long texts",
            vec![connection(0, Some(30), Some(40), long.to_vec())],
        ),
        ("many statements", vec![many]),
        ("many connections", crowd.collect()),
    ];
    let draw = |(name, connections)| {
        let watched = micros(1000);
        (
            name,
            svg::draw(&Timeline {
                connections,
                watched,
            }),
        )
    };
    timelines.map(draw).into()
}

fn browser() -> Option<PathBuf> {
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let files = names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    files.into_iter().find(|file| file.is_file())
}

/// The words that the script leaves in the page.
fn look(browser: &PathBuf, scheme: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    // In a script, `</` would end it.
    let pictures = serde_json::to_string(&pictures())
        .expect("JSON")
        .replace("</", "<\\/");
    let script = include_str!("timeline_in_a_browser.js");
    let page = format!(
        "<!doctype html><meta charset=utf-8><body><script>const pictures = {pictures};\n{script}</script>"
    );
    let (file, errors) = (
        folder.path().join("page.html"),
        folder.path().join("errors"),
    );
    fs::write(&file, page).expect("a file");
    let mut browser = Command::new(browser)
        // No sandbox, because many containers do not allow one; the page is trusted.
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--dump-dom",
        ])
        .arg(format!(
            "--user-data-dir={}",
            folder.path().join("profile").display()
        ))
        .arg(format!("--blink-settings=preferredColorScheme={scheme}"))
        .arg(&file)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(File::create(&errors).expect("a file"))
        .spawn()
        .expect("the browser starts");
    let mut stdout = browser.stdout.take().expect("a pipe");
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut page = String::new();
        sender.send(stdout.read_to_string(&mut page).map(|_| page))
    });
    let page = receiver.recv_timeout(DEADLINE);
    if page.is_err() {
        browser.kill().expect("it can be ended");
    }
    let status = browser.wait().expect("its end");
    let errors = fs::read_to_string(errors).unwrap_or_default();
    let page = page.unwrap_or_else(|_| panic!("the browser did not exit\n{errors}"));
    let page = page.expect("UTF-8");
    let words = page
        .split_once("<body>")
        .and_then(|(_, rest)| rest.split_once("</body>"));
    words
        .unwrap_or_else(|| panic!("no page: {status}\n{page}\n{errors}"))
        .0
        .trim()
        .to_owned()
}

#[test]
fn a_browser_shows_all_texts_and_shapes_in_their_place_and_with_contrast_in_light_and_dark() {
    let Some(browser) = browser() else {
        return println!("skipped: there is neither chromium nor google-chrome on the PATH");
    };
    // As Chromium numbers them.
    for (name, number) in [("dark", "0"), ("light", "1")] {
        let words = look(&browser, number);
        let lines: Vec<&str> = words.lines().collect();
        assert!(
            lines[0].starts_with(&format!("{name}, 7 pictures, texts: 1,")),
            "{words}"
        );
        assert_eq!(lines[1..], ["the end"], "{name}");
    }
}
