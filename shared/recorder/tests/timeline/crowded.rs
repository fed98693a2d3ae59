//! Of what is too much to draw, the first are drawn, and those that matter; the others are counted.

use recorder::timeline::{Connection, End, Statement, svg, text};

use crate::examples::{connection, lanes, micros, statement, timeline};

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
