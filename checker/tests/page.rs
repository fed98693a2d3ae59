//! Tests the page for a browser: what is in it, and, in a real browser, that it works and that nothing of a submission gets
//! control of it.

#[path = "support/browser.rs"]
mod browser;
#[path = "support/class.rs"]
mod class;

use std::fs;
use std::process::Command;
use std::time::Duration;

use checker::grade::compare::Comparison;
use checker::outcome::{Problem, Submission, Verdict, Whose};
use checker::report::text::Screen;
use checker::report::{self, Format, Report};
use checker::results::Results;
use class::{alice, bob, carol, check, class, dave, failed, problem, submission, task};
use recorder::timeline::{Connection, End, Statement, Timeline};

fn page(report: &Report) -> String {
    let mut out = Vec::new();
    report::write(&mut out, report, Format::Html, Screen::default()).unwrap();
    String::from_utf8(out).unwrap()
}

fn of(submissions: &[Submission]) -> Report {
    Results::of(submissions.to_vec()).into()
}

/// A timeline with this SQL, of statements that end in each way.
fn timeline(sql: &str) -> Timeline {
    let micros = Duration::from_micros;
    let ends = [
        Some(End::Done),
        Some(End::Interrupted),
        Some(End::Failed(sql.to_owned())),
        Some(End::Refused(sql.to_owned())),
        None,
    ];
    let statement = |(at, end): (u64, Option<End>)| Statement {
        sql: sql.to_owned(),
        expanded: sql.to_owned(),
        begun: micros(100 * at),
        rows: u64::MAX,
        ended: end.map(|end| (micros(100 * at + 50), end)),
    };
    Timeline {
        connections: vec![Connection {
            opened: micros(1),
            statements: (1..).zip(ends).map(statement).collect(),
            closing: Some(micros(700)),
            closed: None,
        }],
        watched: micros(800),
    }
}

fn seen(message: &str, sql: &str) -> Verdict {
    Verdict::Failed {
        message: message.to_owned(),
        saw: "the timeline as text".to_owned(),
        hint: "is `>=` older?".to_owned(),
        timeline: Some(Box::new(timeline(sql))),
    }
}

/// A class of this many, half of which fail several checks.
fn large(count: usize) -> Report {
    let one = |number: usize| {
        let checks = (0..28).map(|check| {
            let verdict = match (number % 2, check % 5) {
                (1, 0) => seen(
                    &format!("expected: {check}\nfound: {number} of {check}"),
                    "SELECT * FROM users WHERE age > ?",
                ),
                _ => Verdict::Passed,
            };
            class::check(&format!("group::check_{check}"), true, verdict)
        });
        let checks: Vec<_> = checks.collect();
        let tasks = ["0-databaseconnection", "1-execute", "2-concurrent"];
        let tasks = tasks.map(|name| task(name, checks.clone())).into();
        submission(&format!("student {number}"), tasks)
    };
    of(&(0..count).map(one).collect::<Vec<_>>())
}

const HOSTILE: [&str; 10] = [
    "<script>window.hacked = true; parent.hacked = true</script>",
    "</script></style></title></svg></textarea><script>parent.hacked = true</script>",
    "<img src=x onerror='parent.hacked = true'>",
    "\"'><b onmouseover=alert(1)>x</b>\" onfocus=\"parent.hacked = true\" autofocus=\"",
    "javascript:parent.hacked=true",
    "--><!--<i>]]><svg onload=parent.hacked=true>",
    "&lt;script&gt; &#60;script&#62; &amp;amp;",
    "a\x00b\x07c\x1b[31mred\u{9b}2J\u{202e}gnp.exe\u{2028}\u{2029}\u{feff}\u{fffe}",
    "{{constructor.constructor('parent.hacked = true')()}} ${parent.hacked = true} `",
    "العربية 李小龍 👩‍👩‍👧‍👧 e\u{301}\u{301}\u{301}",
];

/// A class in which every text is hostile or a line of a megabyte.
fn hostile() -> Report {
    let long = "M".repeat(1 << 20);
    let texts = HOSTILE.into_iter().chain([long.as_str()]);
    let one = |text: &str| {
        let output = text.to_owned();
        let checks = vec![
            check("reads_every_user", true, seen(text, text)),
            check(
                "expects",
                true,
                seen(&format!("expected: {text}\nfound: {text}"), text),
            ),
            check("sees", true, failed(&format!("{text} "), text, text)),
            check(
                "ends",
                true,
                Verdict::TimedOut {
                    output: output.clone(),
                },
            ),
            check(
                "lives",
                false,
                Verdict::Crashed {
                    how: output.clone(),
                    output,
                },
            ),
        ];
        let mut broken = task("1-execute", Vec::new());
        broken.problem = problem(Whose::YourCode, text, text, text);
        let mut one = submission(text, vec![task("0-databaseconnection", checks), broken]);
        one.problem = problem(Whose::YourCode, text, text, text);
        one
    };
    let submissions: Vec<Submission> = texts.map(one).collect();
    let mut before = Results::of(submissions.clone());
    before.submissions.iter_mut().for_each(|one| {
        one.problem = None::<Problem>;
        one.tasks[0].checks[0].verdict = Verdict::Passed;
    });
    let results = Results::of(submissions);
    Report {
        comparison: Some(Comparison::new(&before, &results)),
        ..Report::from(results)
    }
}

#[test]
fn the_page_has_the_class_where_it_fails_and_each_submission() {
    let html = page(&of(&class()));
    for part in [
        "<td class=\"bad\" data-value=\"-1.0000\">it does not compile</td>",
        "<h1 dir=\"auto\">4 submissions</h1>",
        "<p>1 passed, 2 failed, 1 could not be checked in full</p>",
        "<td class=\"good\" data-value=\"1.0000\">passed</td>",
        "<td class=\"bad\" data-value=\"0.2500\">1 of 4</td>",
        "<h3 dir=\"auto\">bob</h3>",
        "<h4>the older are older <span class=\"bad\">failed</span></h4>",
        "<dt>expected</dt><dd>the users older than 40</dd><dt>found</dt><dd>one of 40</dd>",
        "<strong>hint:</strong> is `&gt;=` older?",
        "<pre tabindex=\"0\">open\nclose</pre>",
        "<h4>ten thousand at once <span class=\"mild\">failed, an extra</span></h4>",
        "error[E0425]: cannot find value `x`",
        "the archive is encrypted",
    ] {
        assert!(html.contains(part), "{part}\n{html}");
    }
    assert!(html.contains("could not be opened (1)</option>"), "{html}");
    // Both with a problem in task 3 are counted.
    assert!(html.contains("<td class=\"number\">2</td>"), "{html}");
    assert!(!html.contains("Changed since"), "{html}");
}

#[test]
fn the_page_of_one_submission_is_open_and_lists_what_passed() {
    let html = page(&of(&[bob()]));
    assert!(html.contains("<details open>"), "{html}");
    assert!(html.contains("<li>reads every user</li>"), "{html}");
    assert!(!html.contains("id=\"overview\"") && !html.contains("Where the class fails"));
    // Nothing to show is shown as well.
    for submissions in [vec![], vec![alice()], vec![carol()], vec![dave()]] {
        assert!(page(&of(&submissions)).ends_with("</html>\n"));
    }
}

#[test]
fn the_page_names_the_submissions_that_are_missing() {
    let mut report = of(&class());
    report.results.class.push("erin <b>".to_owned());
    let html = page(&report);
    let summary = "<summary>1 of the 5 submissions of the class are not on this page</summary>";
    assert!(html.contains(summary), "{html}");
    assert!(
        html.contains("<li dir=\"auto\">erin &lt;b&gt;</li>"),
        "{html}"
    );
}

#[test]
fn the_page_says_why_extras_did_not_run() {
    let mut alice = alice();
    alice.tasks[0].extras_problem = Some("error: <none>".to_owned());
    let line = "<p><span class=\"mild\">the extras did not run:</span> error: &lt;none&gt;</p>";
    for submissions in [vec![alice.clone()], vec![alice, bob()]] {
        let html = page(&of(&submissions));
        assert_eq!(html.matches(line).count(), 1, "{html}");
    }
}

#[test]
fn what_two_checks_found_is_shown_once() {
    let same = seen("expected: a\nfound: b", "SELECT 1");
    let checks = vec![check("one", true, same.clone()), check("two", true, same)];
    let html = page(&of(&[submission("x", vec![task("t", checks)])]));
    assert_eq!(html.matches("<dt>expected</dt>").count(), 1, "{html}");
    assert_eq!(html.matches("the same as the check above").count(), 1);
    assert_eq!(html.matches("<strong>hint:</strong>").count(), 2);
    assert_eq!(pictures(&html), 1);
}

#[test]
fn the_page_needs_nothing_from_elsewhere_and_says_so_in_its_policy() {
    let html = page(&of(&class()));
    let addresses = html.matches("http").count() - html.matches("http-equiv").count();
    assert_eq!(addresses, 0, "{html}");
    let policy = html
        .split_once("Content-Security-Policy\" content=\"")
        .unwrap()
        .1;
    let policy = policy.split_once('"').unwrap().0;
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(html.find("Content-Security-Policy") < html.find("<style>"));
}

fn pictures(html: &str) -> usize {
    html.matches("class=\"tl\"").count()
}

#[test]
fn a_large_class_fits_and_the_page_says_what_was_left_out() {
    let html = page(&large(900));
    assert!(html.len() < 10_000_000, "{} bytes", html.len());
    // Each failing check has its words, and of the pictures as many as fit.
    assert_eq!(html.matches("<dt>expected</dt>").count(), 450 * 3 * 6);
    assert!(!html.contains("Left out to keep this page small"));
    let (drawn, left_out) = (
        pictures(&html),
        html.matches("What it saw is left out").count(),
    );
    assert!(drawn > 500, "{drawn}");
    assert_eq!(drawn + left_out, 450 * 3 * 6);
    // Pictures are texts until they are looked at, so a browser reads two thirds of the elements.
    let tags = |html: &str| html.matches("</").count();
    let at_once = html.split("<noscript>").map(|part| {
        part.split_once("</noscript>")
            .map_or(part, |(_, rest)| rest)
    });
    let at_once: usize = at_once.map(tags).sum();
    assert!(at_once < 120_000, "{at_once} of {}", tags(&html));
    let small = page(&large(100));
    assert_eq!(pictures(&small), 50 * 3 * 6);
    assert!(!small.contains("eft out"));
}

#[test]
fn no_hostile_text_becomes_markup() {
    let html = page(&hostile());
    assert!(html.len() < 2_000_000, "{} bytes", html.len());
    assert_eq!(html.matches("<script").count(), 1);
    for part in ["<img", "<b ", "<i>", "\x1b", "\u{202e}", "\0", "<textarea"] {
        assert!(!html.contains(part), "{part:?}");
    }
}

/// A check's report comes from the process of a submission: any timeline that is accepted can be drawn.
#[test]
fn any_timeline_of_a_results_file_is_drawn_or_left_out() {
    let time = || Duration::from_nanos(fastrand::u64(..) >> fastrand::u32(0..64));
    let end = || match fastrand::u8(0..5) {
        0 => End::Done,
        1 => End::Left,
        2 => End::Interrupted,
        3 => End::Failed("<".to_owned()),
        _ => End::Refused(String::new()),
    };
    let some = |count: usize| 0..fastrand::usize(..count);
    for _ in 0..500 {
        let statement = |_| Statement {
            sql: "SELECT 1".to_owned(),
            expanded: String::new(),
            begun: time(),
            rows: fastrand::u64(..),
            ended: fastrand::bool().then(|| (time(), end())),
        };
        let connection = |_| {
            let mut times = [time(), time(), time()];
            times.sort();
            let mut statements: Vec<Statement> = some(4).map(statement).collect();
            statements.sort_by_key(|statement| statement.begun);
            Connection {
                opened: times[0],
                closing: fastrand::bool().then_some(times[1]),
                closed: fastrand::bool().then_some(times[2]),
                statements,
            }
        };
        let timeline = Timeline {
            connections: some(4).map(connection).collect(),
            watched: time(),
        };
        let mut verdict = seen("no", "SELECT 1");
        if let Verdict::Failed { timeline: of, .. } = &mut verdict {
            *of = Some(Box::new(timeline));
        }
        let one = submission("x", vec![task("t", vec![check("a", true, verdict)])]);
        let mut json = Vec::new();
        report::write(&mut json, &of(&[one]), Format::Json, Screen::default()).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), json).unwrap();
        page(&Results::read(file.path()).unwrap().into());
    }
}

/// An instructor prints the table of the class: each sheet says what its columns are.
#[test]
fn in_print_the_header_of_the_class_is_on_each_sheet() {
    let Some(browser) = browser::browser() else {
        return println!("skipped: there is neither chromium nor google-chrome on the PATH");
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.html");
    fs::write(&file, page(&large(300))).unwrap();
    let pdf = folder.path().join("page.pdf");
    browser::print(&browser, &file, &pdf);
    let text = Command::new("pdftotext")
        .arg("-layout")
        .arg(&pdf)
        .arg("-")
        .output();
    let Ok(text) = text else {
        return println!("skipped: there is no pdftotext on the PATH");
    };
    let text = String::from_utf8_lossy(&text.stdout);
    let is_header = |line: &&str| line.contains("submission ") && line.contains(" points");
    let is_row = |line: &&str| line.starts_with("student ") && line.trim().contains("  ");
    let sheets = text.split('\x0c');
    let of_the_class: Vec<&str> = sheets
        .filter(|sheet| sheet.lines().any(|line| is_row(&line)))
        .collect();
    assert!(of_the_class.len() > 3, "{} sheets", of_the_class.len());
    for sheet in of_the_class {
        assert_eq!(sheet.lines().filter(is_header).count(), 1, "{sheet}");
    }
}

/// The browser's names for the two colour schemes.
const SCHEMES: [(&str, &str); 2] = [("dark", "0"), ("light", "1")];

#[test]
fn in_a_browser_the_page_works_at_any_width_in_light_and_dark_and_hostile_text_stays_text() {
    let Some(browser) = browser::browser() else {
        return println!("skipped: there is neither chromium nor google-chrome on the PATH");
    };
    let pages = [
        ("a class", of(&class()), "4 rows, 0 pictures"),
        ("hostile", hostile(), "11 rows, "),
        ("large", large(40), "40 rows, 360 pictures"),
        (
            "one",
            of(&[large(2).results.submissions[1].clone()]),
            "0 rows, 18 pictures",
        ),
    ];
    for (name, report, facts) in pages {
        for ((scheme, number), width) in SCHEMES.into_iter().zip([360, 1200]) {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("page.html"), page(&report)).unwrap();
            let script = include_str!("page_in_a_browser.js");
            let frame = folder.path().join("frame.html");
            let around = format!(
                "<!doctype html><meta charset=utf-8><body><script>const width = {width};\n{script}</script>"
            );
            fs::write(&frame, around).unwrap();
            let visit = browser::visit(&browser, &frame, number);
            let words = visit.page.split_once("<body>").unwrap().1;
            let words = words.split_once("</body>").unwrap().0;
            let lines: Vec<&str> = words.trim().lines().collect();
            assert!(
                lines[0].starts_with(&format!("{scheme}, {facts}")),
                "{name}: {words}"
            );
            assert_eq!(lines[1..], ["the end"], "{name}, {scheme}");
            // The test itself tries two scripts and a style.
            let others = visit
                .console
                .iter()
                .filter(|line| !line.contains("Content Security Policy"));
            assert_eq!(others.collect::<Vec<_>>(), [""; 0], "{name}");
            assert!(visit.console.len() <= 4, "{name}: {:#?}", visit.console);
            assert!(
                !visit.console.is_empty(),
                "the browser's log cannot be read"
            );
        }
    }
}
