//! The tests with a server, and with clients, are those of task 3; here are the rows that a server has written.

use super::Logs;
use super::rows::{moment, rows};
use recorder::timeline::{Connection, End, Statement, Timeline};
use std::time::Duration;

/// Rows of the general log: microseconds after noon, connection, command, text as it stands in the file.
fn general(rows: &[(u64, u64, &str, &str)]) -> String {
    let row = |(at, thread, command, text): &(u64, u64, &str, &str)| {
        format!(
            "\"2026-11-20 12:00:00.{at:06}\",\"a[a] @  [127.0.0.1]\",{thread},1,\"{command}\",\"{text}\"\n"
        )
    };
    rows.iter().map(row).collect()
}

/// Rows of the slow log: begin and duration in microseconds, connection, rows, text as it stands in the file.
fn slow(rows: &[(u64, u64, u64, u64, &str)]) -> String {
    let row = |(at, took, thread, rows, text): &(u64, u64, u64, u64, &str)| {
        format!(
            "\"2026-11-20 12:00:00.{at:06}\",\"a[a] @  [127.0.0.1]\",\"00:00:00.{took:06}\",\"00:00:00.000000\",{rows},0,\
             \"temporary\",0,0,1,\"{text}\",{thread},0\n"
        )
    };
    rows.iter().map(row).collect()
}

fn micros(count: u64) -> Duration {
    Duration::from_micros(count)
}

/// A quarter of a second after noon.
fn timeline(general: String, slow: String, own: &str, failures: &str) -> Timeline {
    let now = moment("2026-11-20 12:00:00.250000").unwrap();
    let (own, failures) = (own.to_owned(), failures.to_owned());
    let logs = Logs {
        own,
        general,
        slow,
        failures,
        now,
    };
    logs.timeline(|_| true).unwrap()
}

fn only(timeline: Timeline) -> Connection {
    let [connection] = <[Connection; 1]>::try_from(timeline.connections).unwrap();
    connection
}

fn ran(sql: &str, begun: u64, ended: u64, how: End, rows: u64) -> Statement {
    Statement {
        sql: sql.to_owned(),
        expanded: sql.to_owned(),
        begun: micros(begun),
        rows,
        ended: Some((micros(ended), how)),
    }
}

const CONNECT: (u64, u64, &str, &str) = (100, 5, "Connect", "a@127.0.0.1 on a using TCP/IP");

#[test]
fn reads_text_with_all_that_is_escaped_in_it() {
    let mut read = rows("1,\"a \\\"b\\\", \\\\n ü 😀 \\n\\r \0\",\"\"\n2,\"unfinis");
    assert_eq!(read.next().unwrap(), ["1", "a \"b\", \\n ü 😀 \n\r \0", ""]);
    assert_eq!(read.next(), None);
}

#[test]
fn reads_moments_before_and_after_a_leap_day() {
    for (text, seconds) in [
        ("1970-01-01 00:00:00", 0),
        ("2024-02-29  9:05:06", 1_709_197_506),
        ("2024-03-01 00:00:00", 1_709_251_200),
        ("2026-12-31 23:59:59", 1_798_761_599),
    ] {
        assert_eq!(moment(text), Some(Duration::from_secs(seconds)), "{text}");
    }
    assert_eq!(moment("0000-00-00 00:00:00.000000"), None);
    assert_eq!(moment("0000-03-01 00:00:00.000000"), None);
}

#[test]
fn a_statement_has_its_begin_from_one_log_and_its_end_and_rows_from_the_other() {
    let general = general(&[CONNECT, (300, 5, "Query", "SELECT 1"), (900, 5, "Quit", "")]);
    let connection = only(timeline(
        general,
        slow(&[(299, 61, 5, 1, "SELECT 1")]),
        "",
        "",
    ));
    assert_eq!(connection.opened, micros(0));
    assert_eq!(
        connection.statements,
        [ran("SELECT 1", 200, 260, End::Done, 1)]
    );
    assert_eq!(
        (connection.closing, connection.closed),
        (Some(micros(800)), Some(micros(800)))
    );
}

#[test]
fn a_statement_without_an_end_runs_until_its_connection_does_something_else() {
    let general = general(&[
        CONNECT,
        (300, 5, "Query", "SELECT 1"),
        (600, 5, "Query", "SELECT 2"),
    ]);
    let timeline = timeline(general, String::new(), "", "");
    assert_eq!(timeline.watched, micros(249_900));
    let connection = only(timeline);
    assert_eq!(
        connection.statements[0],
        ran("SELECT 1", 200, 500, End::Done, 0)
    );
    assert_eq!(connection.statements[1].ended, None);
    assert_eq!(connection.closed, None);
}

#[test]
fn several_statements_in_one_text_are_several() {
    let general = general(&[
        CONNECT,
        (300, 5, "Query", "SELECT 1; SELECT 2"),
        (900, 5, "Query", "DO 0"),
    ]);
    let slow = slow(&[(299, 51, 5, 1, "SELECT 1"), (400, 50, 5, 2, "SELECT 2")]);
    let connection = only(timeline(general, slow, "", ""));
    let [first, second, _] = &connection.statements[..] else {
        panic!("{connection:#?}")
    };
    assert_eq!(*first, ran("SELECT 1", 200, 250, End::Done, 1));
    assert_eq!(*second, ran("SELECT 2", 300, 350, End::Done, 2));
}

/// Its row in the slow log is from the year 1970, and so tells nothing of when it ended.
#[test]
fn a_statement_of_a_session_that_has_set_the_time_is_not_taken_for_another() {
    let general = general(&[CONNECT, (300, 5, "Query", "SELECT 1"), (900, 5, "Quit", "")]);
    let slow = slow(&[(0, 50, 5, 1, "SELECT 1")]).replace("2026-11-20 12", "1970-01-01 00");
    let connection = only(timeline(general, slow, "", ""));
    assert_eq!(
        connection.statements,
        [ran("SELECT 1", 200, 800, End::Done, 0)]
    );
}

#[test]
fn an_execution_is_written_as_it_was_prepared() {
    let prepared = [
        "SELECT ?",
        "SELECT ?, '?', ? -- end",
        "SELECT ?, ?",
        "SELECT ?, 8",
        "SELECT ?-?",
        "SELECT 7",
    ];
    for (expanded, written) in [
        ("SELECT 'a, \\\\'b\\\\''", "SELECT ?"),
        ("SELECT DATE'2026-11-20'", "SELECT ?"),
        ("SELECT NULL, '?', 7 -- end", "SELECT ?, '?', ? -- end"),
        ("SELECT 'a', 'b'", "SELECT ?, ?"),
        ("SELECT 7, 8", "SELECT ?, 8"),
        ("SELECT -7-1.5e-20", "SELECT ?-?"),
        ("SELECT 7", "SELECT 7"),
        ("SELECTED", "SELECTED"),
    ] {
        let mut rows = vec![CONNECT];
        rows.extend(prepared.map(|text| (200, 5, "Prepare", text)));
        rows.push((300, 5, "Execute", expanded));
        let connection = only(timeline(general(&rows), String::new(), "", ""));
        let [statement] = &connection.statements[..] else {
            panic!("{connection:#?}")
        };
        assert_eq!(statement.sql, written);
        assert_eq!(statement.expanded, expanded.replace(r"\\", r"\"));
    }
}

#[test]
fn a_kill_interrupts_what_runs_when_it_comes() {
    for (kill, interrupts, closes) in [
        ("KILL QUERY 5", true, false),
        ("kill soft\\nquery 5;", true, false),
        ("KILL 5", true, true),
        ("KILL HARD CONNECTION 5", true, true),
        ("KILL QUERY 6", false, false),
        ("KILL QUERY ID 5", false, false),
        ("KILL USER a", false, false),
        ("KILLING 5", false, false),
    ] {
        let general = general(&[
            CONNECT,
            (110, 6, "Connect", ""),
            (300, 5, "Query", "SELECT SLEEP(9)"),
            (500, 6, "Query", kill),
        ]);
        let slow = slow(&[(500, 50, 6, 0, kill), (300, 250, 5, 0, "SELECT SLEEP(9)")]);
        // The slow log has it only if the connection is left.
        let slow: String = slow
            .lines()
            .take(2 - usize::from(closes))
            .map(|line| line.to_owned() + "\n")
            .collect();
        let timeline = timeline(general, slow, "", "");
        let how = if interrupts {
            End::Interrupted
        } else {
            End::Done
        };
        let ended = if closes { 400 } else { 450 };
        let killed = &timeline.connections[0];
        assert_eq!(
            killed.statements,
            [ran("SELECT SLEEP(9)", 200, ended, how, 0)],
            "{kill}"
        );
        assert_eq!(killed.closed, closes.then_some(micros(400)), "{kill}");
        assert_eq!(killed.closing, None);
    }
}

#[test]
fn a_kill_that_comes_too_early_or_too_late_interrupts_nothing() {
    for at in [250, 400] {
        let mut rows = [
            CONNECT,
            (110, 6, "Connect", ""),
            (300, 5, "Query", "DO 0"),
            (at, 6, "Query", "KILL QUERY 5"),
        ];
        rows.sort_unstable();
        let timeline = timeline(general(&rows), slow(&[(300, 50, 5, 0, "DO 0")]), "", "");
        assert_eq!(
            timeline.connections[0].statements,
            [ran("DO 0", 200, 250, End::Done, 0)]
        );
    }
}

#[test]
fn a_cut_is_put_after_what_the_connection_did_in_that_second() {
    let own = "2026-11-20 12:00:00 5 [Warning] Aborted connection 5 to db: 'a' user: 'a' host: 'a' (Got an error)\n";
    let general = general(&[CONNECT, (300, 5, "Query", "DO 0")]);
    let slow = slow(&[(300, 50, 5, 0, "DO 0")]);
    let later = own.replace("12:00:00", "12:00:01");
    for (own, closed) in [(own, 250), (&later, 999_900)] {
        let timeline = timeline(general.clone(), slow.clone(), own, "");
        assert!(timeline.watched >= micros(closed));
        let connection = only(timeline);
        assert_eq!(
            (connection.closing, connection.closed),
            (None, Some(micros(closed)))
        );
        assert_eq!(connection.statements, [ran("DO 0", 200, 250, End::Done, 0)]);
    }
}

#[test]
fn whoever_is_not_let_in_is_gone() {
    let denied = (
        200,
        5,
        "Connect",
        "Access denied for user 'a'@'127.0.0.1' (using password: YES)",
    );
    let connection = only(timeline(general(&[CONNECT, denied]), String::new(), "", ""));
    assert_eq!(
        (connection.opened, connection.closed),
        (micros(0), Some(micros(100)))
    );
    let connection = only(timeline(general(&[denied]), String::new(), "", "")); // MySQL
    assert_eq!(
        (connection.opened, connection.closed),
        (micros(0), Some(micros(0)))
    );
}

/// The rows of a plugin that is not there with every server.
#[test]
fn a_failure_belongs_to_the_statement_that_has_given_nothing() {
    let entry = |thread, code, message, sql| {
        format!("2026-11-20 12:00:00 {thread} a[a] @  [127.0.0.1] `a` {code}: {message} : {sql} \n")
    };
    let failures = [
        entry(1, "WARNING 1265", "Data truncated", "DO 1"),
        entry(
            5,
            "ERROR 1146",
            "no such table as 'x'",
            "SELECT x\nFROM y; DO 2",
        ),
        entry(5, "ERROR 1317", "Query execution was interrupted", "DO 3"),
        entry(6, "ERROR 1062", "Duplicate entry", "DO 4"),
        entry(5, "ERROR 1927", "Connection was killed", "(null)"),
    ]
    .concat();
    let texts = ["SELECT x\\nFROM y", "SELECT x\\nFROM y", "DO 3", "DO 4"];
    let rows = [1, 0, 0, 0];
    let at = |which: usize| 300 + 100 * u64::try_from(which).unwrap();
    let mut begun = vec![CONNECT];
    begun.extend(
        texts
            .iter()
            .enumerate()
            .map(|(which, text)| (at(which), 5, "Query", *text)),
    );
    let ended: Vec<_> = (0..4)
        .map(|which| (at(which), 50, 5, rows[which], texts[which]))
        .collect();
    let connection = only(timeline(general(&begun), slow(&ended), "", &failures));
    let ends: Vec<End> = connection
        .statements
        .into_iter()
        .map(|statement| statement.ended.unwrap().1)
        .collect();
    let failed = End::Failed("no such table as 'x'".to_owned());
    assert_eq!(ends, [End::Done, failed, End::Interrupted, End::Done]);
}

#[test]
fn rows_of_a_mysql_server_have_a_column_less() {
    let general = general(&[CONNECT, (300, 5, "Query", "SELECT 1")]);
    let slow = slow(&[(300, 50, 5, 1, "SELECT 1")]).replace(",0\n", "\n");
    let connection = only(timeline(general, slow, "", ""));
    assert_eq!(
        connection.statements,
        [ran("SELECT 1", 200, 250, End::Done, 1)]
    );
}

#[test]
fn other_rows_are_not_passed_over() {
    let logs = |general: &str, slow: &str| Logs {
        general: general.to_owned(),
        slow: slow.to_owned(),
        ..Logs::default()
    };
    assert_eq!(logs("", "").timeline(|_| true), Some(Timeline::default()));
    assert_eq!(
        logs("\"2026-11-20 12:00:00\",5\n", "").timeline(|_| true),
        None
    );
    assert_eq!(
        logs("", "\"2026-11-20 12:00:00\",5\n").timeline(|_| true),
        None
    );
}

/// Enough statements that a quadratic search would not end in time.
#[test]
fn a_hundred_thousand_statements_are_read() {
    const COUNT: u64 = 100_000;
    let text = |which: u64| format!("SELECT {which}");
    let texts: Vec<String> = (0..COUNT).map(text).collect();
    let mut begun = vec![CONNECT, (101, 6, "Connect", "")];
    let mut ended = Vec::new();
    for (which, text) in (0..COUNT).zip(&texts) {
        let thread = 5 + which % 2;
        begun.push((200 + 5 * which, thread, "Prepare", text));
        begun.push((202 + 5 * which, thread, "Execute", text));
        ended.push((202 + 5 * which, 1, thread, 1, text.as_str()));
    }
    let timeline = timeline(general(&begun), slow(&ended), "", "");
    assert_eq!(timeline.statements().count(), 100_000);
    assert!(
        timeline
            .statements()
            .all(|statement| statement.rows == 1 && statement.ended.is_some())
    );
}

#[test]
fn a_timeline_of_one_user_begins_with_the_first_connection_of_that_user() {
    let (ours, theirs) = (
        general(&[(700, 6, "Connect", "a@127.0.0.1"), (900, 6, "Quit", "")]),
        general(&[CONNECT]).replace("a[a]", "[b]"),
    );
    let logs = Logs {
        general: theirs + &ours,
        ..Logs::default()
    };
    let connection = only(logs.timeline(|who| who.contains("[a] @ ")).unwrap());
    assert_eq!(connection.opened, micros(0));
    assert_eq!(connection.closed, Some(micros(200)));
}

#[test]
fn keeps_the_last_connections_and_counts_from_the_first_of_them() {
    let opened = |at, thread| (at, thread, "Connect", "a@127.0.0.1");
    let general = general(&[opened(100, 5), opened(200, 6), opened(500, 7)]);
    let mut timeline = timeline(general, String::new(), "", "");
    assert_eq!(timeline.keep_last(2), 1);
    let opened = timeline.connections.iter().map(|one| one.opened);
    assert_eq!(opened.collect::<Vec<_>>(), [micros(0), micros(300)]);
    assert_eq!(timeline.watched, micros(249_800));
}
