//! The content of a text and of a picture: lanes, bars, ends and overlaps.

use std::collections::BTreeSet;

use fastrand::Rng;
use recorder::timeline::{End, Timeline, svg, text};
use unicode_width::UnicodeWidthStr;

use crate::examples::{
    assert_all_differ, connection, ends, lanes, lives, micros, random, single, statement, timeline,
    two,
};
use crate::trace::check_trace;

#[test]
fn every_connection_has_a_lane_and_every_statement_its_label_sql_rows_and_time() {
    let drawing = text::draw(&two(), 100, false);
    assert_eq!(lanes(&drawing).len(), 2, "{drawing}");
    for (lane, label, sql, figures) in [
        (
            "connection 1",
            "a",
            "SELECT * FROM users",
            ["12 rows", "0.55 ms"],
        ),
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
                (without_classes(shape), pattern(shape, &picture)),
            )
        });
        assert_all_differ(&drawings.clone().map(|(lane, ..)| lane));
        assert_all_differ(&drawings.clone().map(|(_, words, _)| words));
        // What was left early and what ran to its end have one shape, hollow and filled.
        let shapes: BTreeSet<_> = drawings.map(|(.., shape)| shape).into();
        assert_eq!(shapes.len(), ends().len() - 1, "{shapes:#?}");
    }
}

/// The pattern that the style sheet fills a bar with, which is a shape.
fn pattern(bar: &str, picture: &str) -> Option<String> {
    let mut rules = picture.lines().filter(|line| line.contains("url("));
    let rule = rules.find(|rule| {
        let name = rule.trim_start_matches('.').split('.').next();
        name.is_some_and(|name| bar.contains(&format!("{name} tl-bar")))
    });
    rule.map(str::to_owned)
}

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
            "the earlier events are shown: {drawing}"
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
        // Nine are drawn as well: a line that says "one more" would be as long.
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
fn the_legend_explains_the_signs_that_the_drawing_contains_and_no_others() {
    let drawing = text::draw(&two(), 100, false);
    let legend = text::legend(&drawing);
    assert_eq!(legend, "├ opened   ▉ a statement   ▄ left early   ┤ closed");
    for sign in drawing.chars().filter(|c| "├▉▄»!∅✗┄┤╳▷▶".contains(*c)) {
        assert!(legend.contains(sign), "{sign} in {legend}\n{drawing}");
    }
    assert_eq!(text::legend("no connection was opened"), "");
}

#[test]
fn a_drawing_and_its_legend_fit_into_the_message_of_a_failed_test() {
    for seed in 0..100 {
        let timeline = random(&mut Rng::with_seed(seed));
        let drawing = text::draw(&timeline, text::MESSAGE_WIDTH, false);
        for line in text::legend(&drawing).lines().chain(drawing.lines()) {
            assert!(line.width() <= text::MESSAGE_WIDTH, "seed {seed}: {line}");
        }
    }
    let every_sign = text::legend("├▉▄»!∅✗┄┤╳▷▶");
    assert!(every_sign.contains('\n'), "{every_sign}");
    for line in every_sign.lines() {
        assert!(line.width() <= text::MESSAGE_WIDTH, "{line}");
    }
}
