//! The trace for a viewer.

use std::collections::{BTreeMap, BTreeSet};

use recorder::timeline::{End, Timeline, trace};
use serde_json::Value;

use crate::examples::{connection, micros, statement, timeline, two};

#[test]
fn the_trace_holds_every_connection_and_statement_and_says_what_is_unfinished() {
    let mut unfinished = two();
    unfinished.connections[1].closing = None;
    unfinished.connections[1].closed = None;
    unfinished.connections[1].statements[0].ended = None;
    unfinished.connections[0].statements[0].ended =
        Some((micros(650), End::Failed("it broke".to_owned())));
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
fn statements_of_a_connection_that_neither_follow_nor_hold_each_other_are_kept_apart_in_the_trace()
{
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
    let expected = [
        ("SELECT 1", 1),
        ("SELECT 2", 2),
        ("SELECT 3", 1),
        ("SELECT 4", 1),
    ];
    assert_eq!(
        threads,
        expected.map(|(name, thread)| (format!("\"{name}\""), thread))
    );
}

/// Checks that a viewer accepts the trace and that it contains the whole timeline; returns its events.
pub fn check_trace(timeline: &Timeline) -> Vec<Value> {
    let trace: Value = serde_json::from_str(&trace::draw(timeline)).expect("JSON");
    assert!(["ms", "ns"].contains(&trace["displayTimeUnit"].as_str().expect("a unit")));
    let events = trace["traceEvents"].as_array().expect("events");
    let mut threads = BTreeMap::<u64, Vec<(f64, f64)>>::new();
    let mut named = BTreeSet::new();
    for event in events {
        assert!(
            event["name"].is_string() && event["pid"].is_u64(),
            "{event}"
        );
        let thread = event["tid"].as_u64().expect("a number");
        match event["ph"].as_str().expect("a phase") {
            "M" => assert!(
                named.insert((event["name"].to_string(), thread)),
                "named twice: {event}"
            ),
            "i" => assert!(event["ts"].is_f64() && event["s"] == "t", "{event}"),
            "X" => {
                // Rounded to nanoseconds, as Perfetto does.
                let [from, length] = ["ts", "dur"]
                    .map(|key| (event[key].as_f64().expect("a number") * 1000.0).round());
                assert!(from >= 0.0 && length >= 0.0, "{event}");
                assert!(event["args"]["ended"].is_string(), "{event}");
                threads
                    .entry(thread)
                    .or_default()
                    .push((from, from + length));
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
    let expected = timeline.statements().map(|one| {
        one.end(timeline.watched)
            .saturating_sub(one.begun)
            .as_secs_f64()
            * 1e6
    });
    let (sum, expected): (f64, f64) = (lengths.sum(), expected.sum());
    assert!(
        (sum - expected).abs() <= expected * 1e-9,
        "the durations add up: {sum} {expected}"
    );
    events.clone()
}
