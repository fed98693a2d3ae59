//! What is drawn of a timeline, as text, as a picture and for a trace viewer; and the option that asks for it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use clap::Parser;
use clap::error::ErrorKind;
use fastrand::Rng;
use serde_json::Value;
use shared::timeline::option::TimelineOption;
use shared::timeline::{Connection, End, Statement, Timeline, svg, text, trace};
use unicode_width::UnicodeWidthStr;

const NANO: Duration = Duration::from_nanos(1);

fn micros(count: u64) -> Duration {
    Duration::from_micros(count)
}

/// A statement that began and ended at these microseconds.
fn statement(sql: &str, begun: u64, ended: u64, end: End) -> Statement {
    Statement {
        sql: sql.to_owned(),
        expanded: sql.replace('?', "40"),
        begun: micros(begun),
        rows: 12,
        ended: Some((micros(ended), end)),
    }
}

fn connection(opened: u64, closed: u64, statements: Vec<Statement>) -> Connection {
    Connection {
        opened: micros(opened),
        statements,
        closing: Some(micros(closed)),
        closed: Some(micros(closed)),
    }
}

fn timeline(connections: Vec<Connection>) -> Timeline {
    Timeline {
        connections,
        watched: micros(1000),
    }
}

/// One connection from 0 to 1000 µs, with one statement.
fn single(statement: Statement) -> Timeline {
    timeline(vec![connection(0, 1000, vec![statement])])
}

/// Two queries that overlap from 400 to 650 µs.
fn two() -> Timeline {
    timeline(vec![
        connection(
            0,
            700,
            vec![statement("SELECT * FROM users", 100, 650, End::Done)],
        ),
        connection(
            50,
            1000,
            vec![statement(
                "SELECT 李 FROM users WHERE age > ?",
                400,
                900,
                End::Left,
            )],
        ),
    ])
}

/// Every end of a statement.
fn ends() -> [Option<End>; 6] {
    [
        None,
        Some(End::Done),
        Some(End::Left),
        Some(End::Interrupted),
        Some(End::Failed("it broke".to_owned())),
        Some(End::Refused("it is wrong".to_owned())),
    ]
}

/// Every end of a connection, at this microsecond.
fn lives(gone: u64) -> [(Option<Duration>, Option<Duration>); 4] {
    let gone = Some(micros(gone));
    [(gone, gone), (None, gone), (gone, None), (None, None)]
}

/// The lanes: what stands between an opening and a close.
fn lanes(drawing: &str) -> Vec<&str> {
    drawing.lines().filter(|line| line.contains('├')).collect()
}

fn assert_all_differ(drawings: &[String]) {
    let different: BTreeSet<_> = drawings.iter().collect();
    assert_eq!(different.len(), drawings.len(), "{drawings:#?}");
}

/// Anything at all: no order among the times, none of them bounded, and texts that nobody would like to print.
fn random(rng: &mut Rng) -> Timeline {
    fn time(rng: &mut Rng) -> Duration {
        match rng.u8(..20) {
            0 => Duration::ZERO,
            1 => Duration::MAX,
            2 => Duration::from_secs(rng.u64(..)),
            3 => NANO,
            _ => Duration::from_nanos(rng.u64(..2_000_000)),
        }
    }
    fn words(rng: &mut Rng) -> String {
        let words = [
            "SELECT",
            " ",
            "\n",
            "'李小龍'",
            "\x1b[2J",
            "\u{202e}",
            "👩‍👩‍👧",
            "e\u{301}",
            "&<\">",
            "\0",
            "\u{ffff}",
            "x",
        ];
        let count = rng.usize(..40);
        (0..count).map(|_| words[rng.usize(..words.len())]).collect()
    }
    fn maybe<T>(rng: &mut Rng, value: fn(&mut Rng) -> T) -> Option<T> {
        rng.bool().then(|| value(rng))
    }
    fn end(rng: &mut Rng) -> (Duration, End) {
        let ends = [
            End::Done,
            End::Left,
            End::Interrupted,
            End::Failed(words(rng)),
            End::Refused(words(rng)),
        ];
        (time(rng), rng.choice(ends).expect("one of them"))
    }
    let connections = (0..rng.usize(..15)).map(|_| Connection {
        opened: time(rng),
        statements: (0..rng.usize(..40))
            .map(|_| Statement {
                sql: words(rng),
                expanded: words(rng),
                begun: time(rng),
                rows: rng.u64(..) >> rng.u32(..64),
                ended: maybe(rng, end),
            })
            .collect(),
        closing: maybe(rng, time),
        closed: maybe(rng, time),
    });
    Timeline {
        connections: connections.collect(),
        watched: time(rng),
    }
}

#[test]
fn every_connection_has_a_lane_and_every_statement_its_label_sql_rows_and_time() {
    let drawing = text::draw(&two(), 100, false);
    assert_eq!(lanes(&drawing).len(), 2, "{drawing}");
    for (lane, label, sql, figures) in [
        ("connection 1", "a", "SELECT * FROM users", ["12 rows", "0.55 ms"]),
        (
            "connection 2",
            "b",
            "SELECT 李 FROM users WHERE age > ?",
            ["12 rows", "0.50 ms"],
        ),
    ] {
        assert!(drawing.contains(lane), "{drawing}");
        let line = drawing
            .lines()
            .find(|line| line.trim_start().starts_with(&format!("{label}  {sql}")));
        let line = line.unwrap_or_else(|| panic!("a line for {label}:\n{drawing}"));
        assert!(figures.iter().all(|figure| line.contains(figure)), "{line}");
        assert!(svg::draw(&two()).contains(lane));
    }
}

#[test]
fn a_bar_begins_where_its_statement_did_and_is_as_long() {
    for (begun, ended) in [(0, 1000), (0, 500), (250, 750), (900, 1000), (333, 334)] {
        let drawing = text::draw(
            &single(statement("SELECT 1", begun, ended, End::Left)),
            140,
            false,
        );
        let lane: Vec<char> = lanes(&drawing)[0]
            .chars()
            .skip_while(|cell| *cell != '├')
            .skip(1)
            .collect();
        let cells = (lane.len() - 1) as f64;
        let first = lane.iter().position(|cell| *cell == '▄').expect("a bar") as f64;
        let count = lane.iter().filter(|cell| **cell == '▄').count() as f64;
        assert!(
            (first - cells * begun as f64 / 1000.0).abs() <= 1.0,
            "{begun} to {ended}:\n{drawing}"
        );
        assert!(
            (count - cells * (ended - begun) as f64 / 1000.0).abs() <= 1.5,
            "{begun} to {ended}:\n{drawing}"
        );
    }
}

#[test]
fn a_line_is_no_wider_than_the_terminal_and_does_not_end_in_spaces() {
    let mut rng = Rng::with_seed(1);
    let random: Vec<Timeline> = (0..8).map(|_| random(&mut rng)).collect();
    for timeline in random.iter().chain([&two(), &Timeline::default()]) {
        for width in 20..=200 {
            for line in text::draw(timeline, width, false).lines() {
                assert!(
                    line.width() <= width.max(40),
                    "{width}: {} in {line:?}",
                    line.width()
                );
                assert_eq!(line, line.trim_end());
            }
        }
    }
}

#[test]
fn statements_that_ended_differently_look_different_without_colour_however_short_they_are() {
    for ended in [900, 100] {
        let drawings = ends().map(|end| {
            let mut timeline = single(statement("SELECT 1", 100, ended, End::Done));
            timeline.watched = micros(ended);
            timeline.connections[0].statements[0].ended = end.map(|end| (micros(ended), end));
            let words = text::draw(&timeline, 100, false);
            // The bar alone, without its colours and the tooltip; no class of the style sheet.
            let picture = svg::draw(&timeline);
            let bar = picture.split("<g>").nth(1).expect("a bar");
            let (_, bar) = bar.split_once("</title>").expect("a tooltip");
            let (shape, _) = bar.split_once("</g>").expect("its end");
            (
                lanes(&words)[0].to_owned(),
                words.replace(lanes(&words)[0], ""),
                without_classes(shape),
            )
        });
        assert_all_differ(&drawings.clone().map(|(lane, ..)| lane));
        assert_all_differ(&drawings.clone().map(|(_, words, _)| words));
        // What was left early and what ran to its end have one shape, hollow and filled.
        let shapes: BTreeSet<_> = drawings.map(|(.., shape)| shape).into();
        assert_eq!(shapes.len(), ends().len() - 1, "{shapes:#?}");
    }
}

/// A pattern's name is no class: it is a shape.
fn without_classes(shape: &str) -> String {
    let parts = shape
        .split("class=\"")
        .map(|part| part.split_once('"').map_or(part, |(_, rest)| rest));
    parts.collect()
}

#[test]
fn connections_that_ended_differently_look_different_without_colour_also_at_the_very_end() {
    for gone in [800, 1000] {
        let drawings = lives(gone).map(|(closing, closed)| {
            let mut timeline = single(statement("SELECT 1", 100, 200, End::Done));
            timeline.connections[0].closing = closing;
            timeline.connections[0].closed = closed;
            let words = text::draw(&timeline, 100, false);
            let picture = svg::draw(&timeline);
            let line = picture
                .lines()
                .find(|line| line.contains("tl-kept\""))
                .expect("a lane");
            (
                lanes(&words)[0].to_owned(),
                words.replace(lanes(&words)[0], ""),
                without_classes(line),
            )
        });
        assert_all_differ(&drawings.clone().map(|(lane, ..)| lane));
        let words: BTreeSet<_> = drawings.clone().map(|(_, words, _)| words).into();
        assert_eq!(words.len(), lives(gone).len(), "{words:#?}");
        assert_all_differ(&drawings.map(|(.., shape)| shape));
    }
}

#[test]
fn a_bar_of_no_length_is_seen_wherever_it_stands() {
    for at in 0..=100 {
        let drawing = text::draw(
            &single(statement("SELECT 1", at * 10, at * 10, End::Left)),
            116,
            false,
        );
        assert_eq!(drawing.matches('▄').count(), 1, "{at}:\n{drawing}");
        let picture = svg::draw(&single(statement("SELECT 1", at * 10, at * 10, End::Left)));
        assert!(picture.contains(r#"class="tl-left tl-bar""#), "{picture}");
    }
}

#[test]
fn colour_adds_escape_sequences_and_changes_nothing_else() {
    for timeline in [two(), random(&mut Rng::with_seed(2))] {
        let (plain, coloured) = (
            text::draw(&timeline, 100, false),
            text::draw(&timeline, 100, true),
        );
        assert!(!plain.contains('\x1b'));
        let mut stripped = String::new();
        for (index, part) in coloured.split("\x1b[").enumerate() {
            stripped += if index == 0 {
                part
            } else {
                part.split_once('m').expect("its end").1
            };
        }
        assert_eq!(stripped, plain);
        assert!(coloured.len() > plain.len());
    }
}

#[test]
fn nothing_in_a_text_is_a_command_to_the_terminal_or_breaks_the_picture() {
    let evil = "SELECT '\x1b[2J\u{9b}31m\x07\0\u{202e}'\r\n\t-- </text><script>&";
    let drawn = single(statement(evil, 100, 200, End::Failed(evil.to_owned())));
    let (words, picture) = (text::draw(&drawn, 200, false), svg::draw(&drawn));
    for drawing in [&words, &picture] {
        let bad = |c: &char| (c.is_control() && *c != '\n' && *c != '\t') || *c == '\u{202e}';
        assert_eq!(drawing.chars().find(bad), None, "{drawing:?}");
        assert!(
            drawing.contains(r"\u{1b}[2J"),
            "it is shown what was there: {drawing}"
        );
    }
    assert_eq!(words.lines().count(), 5, "{words}");
    assert!(
        !picture.contains("<script>") && picture.contains("&lt;script&gt;&amp;"),
        "{picture}"
    );
}

#[test]
fn the_overlap_stands_below_the_bars_that_overlap_and_is_told_in_a_sentence() {
    let drawing = text::draw(&two(), 100, false);
    let last = drawing.lines().last().expect("lines");
    assert_eq!(
        last,
        "2 connections were running statements at the same time for 0.25 ms"
    );
    assert!(svg::draw(&two()).contains(last));
    let columns = |line: &str, is_bar: fn(&char) -> bool| -> BTreeSet<usize> {
        let cells = line.chars().enumerate();
        cells
            .filter(|(_, cell)| is_bar(cell))
            .map(|(column, _)| column)
            .collect()
    };
    let is_bar = |cell: &char| matches!(cell, '█' | '▉' | '▄');
    let [one, two] = [0, 1].map(|lane| columns(lanes(&drawing)[lane], is_bar));
    let both: BTreeSet<usize> = one.intersection(&two).copied().collect();
    let row = drawing
        .lines()
        .find(|line| line.starts_with("overlap"))
        .expect("a row");
    assert_eq!(columns(row, |cell| *cell == '═'), both, "{drawing}");
    assert!(!both.is_empty());
}

#[test]
fn it_is_said_that_nothing_overlapped_and_nothing_is_said_of_a_single_connection() {
    let query = |at| {
        connection(
            at,
            at + 300,
            vec![statement("SELECT 1", at + 100, at + 200, End::Done)],
        )
    };
    let none = "no two connections were running statements at the same time";
    let after = timeline(vec![query(0), query(100)]);
    assert!(text::draw(&after, 100, false).ends_with(none));
    assert!(svg::draw(&after).contains(none));
    let alone = timeline(vec![query(0)]);
    assert!(!text::draw(&alone, 100, false).contains("same time"));
    assert!(!svg::draw(&alone).contains("same time"));
    let three = timeline(vec![query(0), query(10), query(20), query(500)]);
    let sentence = "up to 3 connections were running statements at the same time for 0.10 ms";
    assert!(
        text::draw(&three, 100, false).contains(sentence),
        "{}",
        text::draw(&three, 100, false)
    );
}

#[test]
fn of_thousands_of_statements_the_first_are_drawn_and_those_that_failed() {
    let mut statements: Vec<Statement> = (0..5000)
        .map(|at| statement(&format!("INSERT {at}"), at, at + 1, End::Done))
        .collect();
    statements[3210].ended = Some((micros(3211), End::Failed("disk full".to_owned())));
    let many = timeline(vec![connection(0, 5000, statements)]);
    let drawing = text::draw(&many, 100, false);
    assert!(drawing.lines().count() < 40, "{drawing}");
    for words in [
        "INSERT 0 ",
        "INSERT 1 ",
        "INSERT 3210 ",
        "disk full",
        "… and 4,976 more statements",
    ] {
        assert!(drawing.contains(words), "{words}: {drawing}");
    }
    assert!(lanes(&drawing)[0].contains('✗'));
    let picture = svg::draw(&many);
    assert!(
        picture.contains("INSERT 3210") && picture.len() < 40_000,
        "{}",
        picture.len()
    );
    assert!(picture.contains("… and 4,988 more statements"), "{picture}");
}

#[test]
fn of_a_thousand_connections_the_first_are_drawn_and_those_never_closed() {
    let mut connections: Vec<Connection> = (0..1000)
        .map(|at| {
            connection(
                at,
                at + 100,
                vec![statement("SELECT 1", at + 10, at + 20, End::Done); 30],
            )
        })
        .collect();
    connections[776].closed = None;
    let many = timeline(connections);
    let drawing = text::draw(&many, 100, false);
    assert!(drawing.lines().count() < 80, "{drawing}");
    for words in [
        "connection 1 ",
        "connection 2 ",
        "connection 777 ",
        "… and 992 more connections",
    ] {
        assert!(drawing.contains(words), "{words}: {drawing}");
    }
    let picture = svg::draw(&many);
    assert!(
        picture.contains("connection 777<") && picture.len() < 100_000,
        "{}",
        picture.len()
    );
    assert!(picture.contains("… and 994 more connections"));
}

#[test]
fn what_is_left_out_is_counted_by_how_it_ended() {
    let mut statements: Vec<Statement> = (0..2000)
        .map(|at| statement("SELECT 1", at, at + 1, End::Left))
        .collect();
    statements[100..200].fill(statement("SELECT 2", 5, 6, End::Interrupted));
    let many = timeline(vec![connection(0, 2000, statements)]);
    let expected = "… and 1,976 more statements (88 interrupted; 1,888 left early)";
    let drawing = text::draw(&many, 100, false);
    assert!(drawing.contains(expected), "{drawing}");
}

#[test]
fn a_timeline_without_a_connection_says_so() {
    let words = "no connection was opened";
    assert_eq!(text::draw(&Timeline::default(), 80, true), words);
    assert!(svg::draw(&Timeline::default()).contains(words));
}

#[test]
fn any_timeline_can_be_drawn() {
    for seed in 0..300 {
        let mut rng = Rng::with_seed(seed);
        let timeline = random(&mut rng);
        let drawing = text::draw(&timeline, rng.usize(..300), rng.bool());
        // One more than eight is drawn, too, rather than a line that says that there is one more.
        let expected = match timeline.connections.len() {
            few @ ..=9 => few,
            _ => 8,
        };
        assert_eq!(lanes(&drawing).len(), expected, "seed {seed}:\n{drawing}");
        svg::draw(&timeline);
        check_trace(&timeline);
    }
}

#[test]
fn the_trace_holds_every_connection_and_statement_and_says_what_is_unfinished() {
    let mut unfinished = two();
    unfinished.connections[1].closing = None;
    unfinished.connections[1].closed = None;
    unfinished.connections[1].statements[0].ended = None;
    unfinished.connections[0].statements[0].ended = Some((micros(650), End::Failed("it broke".to_owned())));
    let events = check_trace(&unfinished);
    let find = |phase: &str, name: &str| {
        let found = events
            .iter()
            .find(|event| event["ph"] == phase && event["name"] == name);
        found.unwrap_or_else(|| panic!("{phase} {name} in {events:#?}"))
    };
    let (one, two) = (find("X", "connection 1"), find("X", "connection 2"));
    assert_eq!(
        (&one["ts"], &one["dur"], &one["tid"]),
        (&0.0.into(), &700.0.into(), &1.into())
    );
    assert_eq!(one["args"]["ended"], "closed");
    assert_eq!(
        two["args"]["ended"],
        "never closed; drawn to the end of the timeline"
    );
    assert_eq!(find("i", "asked to close")["ts"], 700.0);
    let failed = find("X", "SELECT * FROM users");
    assert_eq!(
        (&failed["ts"], &failed["dur"], &failed["tid"]),
        (&100.0.into(), &550.0.into(), &1.into())
    );
    assert_eq!(
        (&failed["args"]["ended"], &failed["args"]["message"]),
        (&"failed".into(), &"it broke".into())
    );
    let running = &find("X", "SELECT 李 FROM users WHERE age > ?")["args"];
    assert_eq!(
        running["ended"],
        "still running; drawn to the end of the timeline"
    );
    assert_eq!(running["expanded"], "SELECT 李 FROM users WHERE age > 40");
    assert_eq!(running["rows"], 12);
}

#[test]
fn statements_of_a_connection_that_neither_follow_nor_hold_each_other_are_kept_apart_in_the_trace() {
    let turns = timeline(vec![connection(
        0,
        1000,
        vec![
            statement("SELECT 1", 100, 300, End::Done),
            statement("SELECT 2", 200, 400, End::Done),
            statement("SELECT 3", 500, 900, End::Done),
            statement("SELECT 4", 600, 700, End::Done),
        ],
    )]);
    let threads: Vec<(String, u64)> = check_trace(&turns)
        .iter()
        .filter(|event| event["cat"] == "statement")
        .map(|event| {
            (
                event["name"].to_string(),
                event["tid"].as_u64().expect("a number"),
            )
        })
        .collect();
    let expected = [("SELECT 1", 1), ("SELECT 2", 2), ("SELECT 3", 1), ("SELECT 4", 1)];
    assert_eq!(
        threads,
        expected.map(|(name, thread)| (format!("\"{name}\""), thread))
    );
}

/// Checks what a viewer asks of a trace, and that it holds what the timeline does; returns its events.
fn check_trace(timeline: &Timeline) -> Vec<Value> {
    let trace: Value = serde_json::from_str(&trace::draw(timeline)).expect("JSON");
    assert!(["ms", "ns"].contains(&trace["displayTimeUnit"].as_str().expect("a unit")));
    let events = trace["traceEvents"].as_array().expect("events");
    let mut threads = BTreeMap::<u64, Vec<(f64, f64)>>::new();
    let mut named = BTreeSet::new();
    for event in events {
        assert!(event["name"].is_string() && event["pid"].is_u64(), "{event}");
        let thread = event["tid"].as_u64().expect("a number");
        match event["ph"].as_str().expect("a phase") {
            "M" => assert!(
                named.insert((event["name"].to_string(), thread)),
                "named twice: {event}"
            ),
            "i" => assert!(event["ts"].is_f64() && event["s"] == "t", "{event}"),
            "X" => {
                // Rounded to nanoseconds, as Perfetto does.
                let [from, length] =
                    ["ts", "dur"].map(|key| (event[key].as_f64().expect("a number") * 1000.0).round());
                assert!(from >= 0.0 && length >= 0.0, "{event}");
                assert!(event["args"]["ended"].is_string(), "{event}");
                threads.entry(thread).or_default().push((from, from + length));
            }
            phase => panic!("{phase}: {event}"),
        }
    }
    for (thread, slices) in &threads {
        assert!(
            named.contains(&("\"thread_name\"".to_owned(), *thread)),
            "thread {thread} has a name"
        );
        for (index, (from, to)) in slices.iter().enumerate() {
            for (next_from, next_to) in &slices[index + 1..] {
                let is_apart = next_from >= to || next_to <= from;
                let is_nested = next_from >= from && next_to <= to;
                // Of astronomical times the last digits are lost.
                assert!(
                    is_apart || is_nested || *to > 1e15 || *next_to > 1e15,
                    "{from} {to} {next_from} {next_to}"
                );
            }
        }
    }
    let count = |category: &str| {
        events
            .iter()
            .filter(|event| event["ph"] == "X" && event["cat"] == category)
            .count()
    };
    assert_eq!(count("connection"), timeline.connections.len());
    assert_eq!(count("statement"), timeline.statements().count());
    let lengths = events
        .iter()
        .filter(|event| event["cat"] == "statement")
        .map(|event| event["dur"].as_f64().expect("a number"));
    let expected = timeline
        .statements()
        .map(|one| one.end(timeline.watched).saturating_sub(one.begun).as_secs_f64() * 1e6);
    let (sum, expected): (f64, f64) = (lengths.sum(), expected.sum());
    assert!(
        (sum - expected).abs() <= expected * 1e-9,
        "the durations add up: {sum} {expected}"
    );
    events.clone()
}

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
        let arguments =
            Arguments::try_parse_from([&["program"], words].concat()).expect("a right command line");
        assert_eq!(arguments.timeline.is_wanted(), is_wanted, "{words:?}");
    }
    for (words, kind) in [
        (&["--timeline=a.png"][..], ErrorKind::ValueValidation),
        (&["--timeline="], ErrorKind::ValueValidation),
        (&["--timeline", "a.svg"], ErrorKind::UnknownArgument),
        (&["--timeline", "--timeline"], ErrorKind::ArgumentConflict),
    ] {
        let error =
            Arguments::try_parse_from([&["program"], words].concat()).expect_err("a wrong command line");
        assert_eq!(error.kind(), kind, "{words:?}");
    }
}

/// Standard error can be watched from outside only.
#[test]
#[ignore = "other tests run it, in a process of its own"]
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
        .args(["--exact", "a_program_with_the_option", "--ignored", "--nocapture"])
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
fn draws_as_wide_as_the_terminal_and_in_colour_unless_somebody_wants_none() {
    if Command::new("script").arg("--version").output().is_err() {
        return println!("skipped: there is no `script`, which makes a terminal");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let own = std::env::current_exe().expect("this test");
    let on_a_terminal = |variable: (&str, &str)| {
        let line = format!(
            "stty rows 24 cols 132; '{}' --exact a_program_with_the_option --ignored --nocapture",
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
    for (name, expected) in [("a.svg", svg::draw(&two())), ("b.json", trace::draw(&two()))] {
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
    for name in ["missing/a.svg", "folder.svg", "root:s3cret@host/a.json"] {
        let output = program(&format!("--timeline={name}"), folder.path())
            .output()
            .expect("it runs");
        let stderr = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        let shown = name.replace("s3cret", "***");
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
    shared::sqlite::create_sample(&database).expect("a database");
    for (sql, is_right) in [
        ("SELECT count(*) FROM users", true),
        ("SELECT count(*) FROM missing", false),
    ] {
        let (option, file) = option_for(folder.path());
        let outcome = option.record(&database, || {
            let connection = shared::sqlite::open(&database)?;
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
fn work_is_done_all_the_same_where_nothing_can_be_recorded_or_nobody_asked() {
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
fn the_error_of_the_work_wins_over_that_of_the_timeline() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("users.db");
    shared::sqlite::create_sample(&database).expect("a database");
    let (option, _) = option_for(&folder.path().join("missing"));
    let failed = option.record(&database, || Err::<(), _>("the work's".into()));
    assert_eq!(failed.expect_err("an error").to_string(), "the work's");
    let done = option.record(&database, || Ok(()));
    assert!(
        done.expect_err("an error")
            .to_string()
            .starts_with("could not write the timeline")
    );
}
