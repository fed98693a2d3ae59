//! The text for people.

use super::*;

#[test]
fn text_of_one_submission_shows_the_failing_checks_first_and_the_hint_last() {
    let text = report(&[bob()], Format::Text);
    let expected = "\
2-concurrent: █████░░░░░░░░░░░░░░░ 1 of 4 required checks passed, 0 of 1 extras
  failed     the older are older (1.2 s)
             expected: the users older than 40
             found: one of 40
             saw:
                 open
                 close
  timed out  ends (1.2 s)
             did not end within 1 s
  crashed    stays alive (1.2 s)
             it was ended by SIGSEGV
  failed     ten thousand at once (1.2 s, an extra)
             too few
  passed     reads every user (1.2 s)

3-mysql-pool: could not be checked
  your code: it does not compile

  error[E0425]: cannot find value `x`
   --> src/lib.rs:3:5

  help: fix it

hint: is `>=` older? (2-concurrent: the older are older)
";
    assert_eq!(text, expected);
}

#[test]
fn text_of_one_submission_with_a_problem_says_why_and_what_to_do() {
    let expected = "\
carol: could not be checked
  your code: the archive is encrypted
  help: pack it again without a password
";
    assert_eq!(report(&[carol()], Format::Text), expected);
}

#[test]
fn text_of_several_submissions_is_a_table_and_a_summary() {
    let expected = "\
submission  2-concurrent  3-mysql-pool
alice       passed        -
bob         1 of 4        your code
carol       your code: the archive is encrypted
dave        -             your machine

bob, 3-mysql-pool: it does not compile
your machine: there is no MariaDB
  help: install it

4 submissions: 1 passed, 2 failed, 1 could not be checked in full
";
    assert_eq!(report(&class(), Format::Text), expected);
}

#[test]
fn text_shows_the_end_of_the_output_of_a_check_that_crashed() {
    let output: String = (0..100).map(|line| format!("line {line}\n")).collect();
    let how = "it aborted".to_owned();
    let checks = vec![check("lives", true, Verdict::Crashed { how, output })];

    let text = report(
        &[submission("eve", vec![task("1-execute", checks)])],
        Format::Text,
    );

    let expected: String = (79..100)
        .map(|line| format!("                 line {line}\n"))
        .collect();
    assert!(
        text.ends_with(&format!("the end of its output:\n{expected}")),
        "{text}"
    );
}

#[test]
fn text_is_coloured_only_when_asked_and_says_the_same() {
    for submissions in [class(), vec![bob()]] {
        let mut coloured = Vec::new();
        report::text::write(&mut coloured, &submissions, COLOURED).unwrap();
        let coloured = String::from_utf8(coloured).unwrap();
        let plain = report(&submissions, Format::Text);

        assert!(!plain.contains('\x1b'));
        assert!(coloured.contains("\x1b[31m"));
        let mut stripped = coloured;
        for code in [0, 1, 2, 31, 32, 33] {
            stripped = stripped.replace(&format!("\x1b[{code}m"), "");
        }
        while let Some(link) = stripped.find("\x1b]8;;") {
            let end = stripped[link..].find("\x1b\\").unwrap();
            stripped.replace_range(link..link + end + 2, "");
        }
        // Spaces inside a colour stay at the end of a line.
        let lines = |text: &str| {
            text.lines()
                .map(|line| line.trim_end().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(lines(&stripped), lines(&plain));
    }
}

#[test]
fn on_a_terminal_long_lines_are_broken_between_words() {
    let screen = Screen {
        is_coloured: false,
        columns: Some(50),
    };
    let write = |screen: Screen| {
        let mut out = Vec::new();
        report::text::write(&mut out, &[bob()], screen).unwrap();
        String::from_utf8(out).unwrap()
    };
    let (narrow, wide) = (write(screen), write(Screen::default()));
    assert!(narrow.split_whitespace().eq(wide.split_whitespace()));
    assert!(wide.lines().any(|line| line.chars().count() > 50), "{wide}");
    for line in narrow.lines() {
        assert!(line.chars().count() <= 50, "{line}\n{narrow}");
    }
}

#[test]
fn on_a_terminal_what_the_compiler_names_is_a_link_to_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("with a space.rs");
    std::fs::write(&file, "").unwrap();
    let here = format!("{}:14:5", file.display());
    let details = format!("error: no\n  --> {here}\n   |\n  ::: /not/there.rs:1:1");
    let mut carol = submission("carol", Vec::new());
    carol.problem = problem(Whose::YourCode, "it does not compile", &details, "fix it");
    let mut coloured = Vec::new();
    report::text::write(&mut coloured, std::slice::from_ref(&carol), COLOURED).unwrap();
    let coloured = String::from_utf8(coloured).unwrap();
    let address = format!("file://{}", file.display()).replace(' ', "%20");
    let link = format!("--> \x1b]8;;{address}\x1b\\{here}\x1b]8;;\x1b\\\n");
    assert!(coloured.contains(&link), "{coloured:?}");
    assert!(coloured.contains("::: /not/there.rs:1:1\n"), "{coloured:?}");
    assert!(!report(&[carol], Format::Text).contains('\x1b'));
}

#[test]
fn text_keeps_its_columns_with_names_that_are_wide_or_long() {
    let wide = submission("山田太郎", alice().tasks);
    let long = submission(&"é".repeat(100), alice().tasks);

    let text = report(&[wide, long], Format::Text);

    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[1], format!("山田太郎{}  passed", " ".repeat(32)));
    assert_eq!(lines[2], format!("{}…  passed", "é".repeat(39)));
}

#[test]
fn text_of_no_submissions_says_so() {
    assert_eq!(report(&[], Format::Text), "no submissions\n");
}
