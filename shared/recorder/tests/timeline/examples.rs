//! The timelines that are drawn: a few simple ones, and arbitrary ones.

use std::collections::BTreeSet;
use std::time::Duration;

use fastrand::Rng;
use recorder::timeline::{Connection, End, Statement, Timeline};

const NANO: Duration = Duration::from_nanos(1);

pub fn micros(count: u64) -> Duration {
    Duration::from_micros(count)
}

/// A statement that began and ended at these microseconds.
pub fn statement(sql: &str, begun: u64, ended: u64, end: End) -> Statement {
    Statement {
        sql: sql.to_owned(),
        expanded: sql.replace('?', "40"),
        begun: micros(begun),
        rows: 12,
        ended: Some((micros(ended), end)),
    }
}

pub fn connection(opened: u64, closed: u64, statements: Vec<Statement>) -> Connection {
    Connection {
        opened: micros(opened),
        statements,
        closing: Some(micros(closed)),
        closed: Some(micros(closed)),
    }
}

pub fn timeline(connections: Vec<Connection>) -> Timeline {
    Timeline {
        connections,
        watched: micros(1000),
    }
}

/// One connection from 0 to 1000 µs, with one statement.
pub fn single(statement: Statement) -> Timeline {
    timeline(vec![connection(0, 1000, vec![statement])])
}

/// Two queries that overlap from 400 to 650 µs.
pub fn two() -> Timeline {
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
pub fn ends() -> [Option<End>; 6] {
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
pub fn lives(gone: u64) -> [(Option<Duration>, Option<Duration>); 4] {
    let gone = Some(micros(gone));
    [(gone, gone), (None, gone), (gone, None), (None, None)]
}

/// Returns the lanes: the text between an opening and a close.
pub fn lanes(drawing: &str) -> Vec<&str> {
    drawing.lines().filter(|line| line.contains('├')).collect()
}

pub fn assert_all_differ(drawings: &[String]) {
    let different: BTreeSet<_> = drawings.iter().collect();
    assert_eq!(different.len(), drawings.len(), "{drawings:#?}");
}

/// Returns arbitrary values: times without order or bounds, and text with control characters.
pub fn random(rng: &mut Rng) -> Timeline {
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
        (0..count)
            .map(|_| words[rng.usize(..words.len())])
            .collect()
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
