//! Submissions that print hostile text, in every format.

use super::*;

/// Returns whether a character is allowed in XML and does nothing to a terminal.
fn is_harmless(c: char) -> bool {
    let may_stand_in_xml = matches!(
        c,
        '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..
    );
    let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    may_stand_in_xml && !turns && (!c.is_control() || "\t\r\n".contains(c))
}

/// Returns all strings of a JSON document.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn no_format_contains_characters_that_harm_a_terminal_or_an_xml_reader() {
    for format in FORMATS {
        let text = report(&[hostile()], format);
        let strange = |text: &str| text.chars().find(|c| !is_harmless(*c));
        assert_eq!(strange(&text), None, "{format:?}");
        assert!(
            !text.contains("[31m") && !text.contains("0;title"),
            "{format:?}: {text}"
        );
        match format {
            Format::Json | Format::Gradescope => {
                for text in texts(&json(&text)) {
                    assert_eq!(strange(text), None, "{format:?}: {text:?}");
                }
            }
            Format::Csv => assert!(rows(&text).iter().all(|row| row.len() == 9)),
            Format::Junit => {
                junit(&text);
            }
            Format::Text | Format::Html => {}
        }
    }
    let table = report(&[hostile(), hostile()], Format::Text);
    assert_eq!(table.chars().find(|c| !is_harmless(*c)), None, "{table}");
}

#[test]
fn harmless_text_stays_and_other_text_stays_readable() {
    let document = json(&report(&[hostile()], Format::Json));
    let message = document["submissions"][0]["tasks"][0]["checks"][0]["message"]
        .as_str()
        .unwrap();
    assert_eq!(
        message,
        "a\\u{0}b\\u{7}credd\
         linke\\u{fffe}f\\u{ffff}g\\u{202e}h<i>&amp;\"]]>\nj\nk\\u{7f}l\\u{85}m"
    );
    let report = junit(&report(&[hostile()], Format::Junit));
    let case = &report.test_suites[1].test_cases[0];
    let TestCaseStatus::NonSuccess { description, .. } = &case.status else {
        panic!("{case:?}")
    };
    assert!(
        description.as_ref().unwrap().starts_with(message),
        "{description:?}"
    );
}

#[test]
fn an_escape_sequence_that_does_not_end_hides_only_its_line() {
    for begin in ["\x1b]0;", "\x1b[12", "\x1bP", "\u{9d}", "\x1b"] {
        let message = format!("one{begin}hidden\nfailed honestly");
        let checks = vec![check("a", true, failed(&message, "", ""))];
        let text = report(&[submission("x", vec![task("t", checks)])], Format::Text);
        assert!(text.contains("failed honestly"), "{begin:?}: {text}");
    }
}

#[test]
fn megabytes_are_shortened_and_each_format_says_so() {
    let long = "0123456789".repeat(1 << 20);
    let lines = "a line\n".repeat(1 << 20);
    let checks = vec![
        check(&long, true, failed(&long, &lines, &long)),
        check(
            "t",
            true,
            Verdict::TimedOut {
                output: long.clone(),
            },
        ),
        check(
            "é",
            true,
            Verdict::TimedOut {
                output: "€".repeat(1 << 20),
            },
        ),
        check(
            "c",
            true,
            Verdict::Crashed {
                how: long.clone(),
                output: format!("{lines}the end"),
            },
        ),
    ];
    let mut one = submission(&long, vec![task("t", checks)]);
    one.problem = problem(Whose::YourCode, &long, &long, &lines);
    for format in FORMATS {
        let text = report(std::slice::from_ref(&one), format);
        assert!(text.len() < 200 << 10, "{format:?}: {} bytes", text.len());
        assert!(
            text.contains('…') || text.contains("is left out"),
            "{format:?}"
        );
    }
    let document = json(&report(&[one], Format::Json));
    let output = document["submissions"][0]["tasks"][0]["checks"][3]["output"]
        .as_str()
        .unwrap();
    assert!(
        output.starts_with("[the beginning is left out: it was 7340039 bytes]"),
        "{output}"
    );
    assert!(output.ends_with("a line\nthe end"));
}
