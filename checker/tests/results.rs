//! Tests what is done with results: reading them back, joining, comparing, and giving points.

#[path = "support/class.rs"]
mod class;
#[path = "support/schema.rs"]
mod schema;

use std::fs;
use std::time::Duration;

use checker::grade::compare::{Comparison, Why};
use checker::grade::merge::merge;
use checker::grade::points::Points;
use checker::outcome::{Problem, Submission, Verdict, Whose};
use checker::report::text::Screen;
use checker::report::{self, Format, Report};
use checker::results::{Checks, Results};
use class::{alice, bob, carol, check, class, dave, failed, problem, task};
use recorder::timeline::{Connection, End, Statement, Timeline};

fn timeline() -> Timeline {
    let micros = Duration::from_micros;
    let statement = Statement {
        sql: "SELECT ?".to_owned(),
        expanded: "SELECT 1".to_owned(),
        begun: micros(10),
        rows: 1,
        ended: Some((micros(20), End::Failed("no".to_owned()))),
    };
    Timeline {
        connections: vec![Connection {
            opened: micros(1),
            statements: vec![
                statement.clone(),
                Statement {
                    ended: None,
                    ..statement
                },
            ],
            closing: Some(micros(30)),
            closed: None,
        }],
        watched: micros(40),
    }
}

/// The class as `grade` would return it, with a timeline.
fn results() -> Results {
    let mut submissions = class();
    for task in submissions
        .iter_mut()
        .flat_map(|submission| &mut submission.tasks)
    {
        task.files = Some(format!("{:064}", task.checks.len()));
        for check in &mut task.checks {
            if let Verdict::Failed { timeline, .. } = &mut check.verdict {
                *timeline = Some(Box::new(self::timeline()));
            }
        }
    }
    submissions[0].tasks[0].extras_problem = Some("they do not compile".to_owned());
    let required = ["reads_every_user", "the_older_are_older", "ends"];
    Results {
        checks: vec![
            Checks {
                task: "2-concurrent".to_owned(),
                version: "0123".to_owned(),
                required: required.map(str::to_owned).into(),
                extras: vec!["ten_thousand_at_once".to_owned()],
            },
            Checks {
                task: "3-mysql-pool".to_owned(),
                version: "4567".to_owned(),
                required: vec!["pool::one".to_owned(), "pool::two".to_owned()],
                extras: Vec::new(),
            },
        ],
        ..Results::of(submissions)
    }
}

fn written(report: &Report, format: Format) -> String {
    let mut out = Vec::new();
    report::write(&mut out, report, format, Screen::default()).unwrap();
    String::from_utf8(out).unwrap()
}

/// Writes text to a file and reads it as results.
fn read(text: &str) -> Result<Results, Problem> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.json");
    fs::write(&path, text).unwrap();
    Results::read(&path)
}

// Reading

#[test]
fn nothing_is_lost_in_a_file_of_results() {
    let json = written(&results().into(), Format::Json);
    let schema = serde_json::from_str(include_str!("../../docs/grade.schema.json")).unwrap();
    let document = serde_json::from_str(&json).unwrap();
    assert_eq!(schema::errors(&schema, &document), [""; 0]);
    assert_eq!(read(&json).unwrap(), results());
}

#[test]
fn a_file_that_is_cut_off_anywhere_is_one_clear_line() {
    let json = written(&results().into(), Format::Json);
    let places = json.char_indices().map(|(place, _)| place);
    for place in places.skip(1).take_while(|at| at + 2 < json.len()) {
        let problem = read(&json[..place]).unwrap_err();
        assert!(
            problem.message.contains("a.json: it ends in the middle"),
            "{place}: {problem}"
        );
        assert_eq!(problem.message.lines().count(), 1, "{place}: {problem}");
    }
}

#[test]
fn a_file_of_something_else_or_of_another_version_is_refused() {
    let json = written(&results().into(), Format::Json);
    let without_checks = json.replace("\"checks\": [", "\"other\": [");
    for (text, message) in [
        ("[1, 2]", "it is not what `grade --format json` writes"),
        ("{}", "it is not what `grade --format json` writes"),
        ("<html>", "it is not what `grade --format json` writes"),
        (
            &json.replace("\"version\": 1", "\"version\": 2"),
            "its format has version 2",
        ),
        (&without_checks, "another version of this program wrote it"),
    ] {
        let problem = read(text).unwrap_err();
        assert!(problem.message.contains(message), "{problem}");
        assert_eq!(problem.message.lines().count(), 1, "{problem}");
    }
}

#[test]
fn a_timeline_that_cannot_be_drawn_is_left_out() {
    let json = written(&results().into(), Format::Json);
    let hostile = json.replace("\"nanos\": 10000", "\"nanos\": 999999999");
    assert_ne!(hostile, json);
    let read = read(&hostile).unwrap();
    let checks = read.submissions[1].tasks[0].checks.iter();
    for check in checks {
        if let Verdict::Failed { timeline, .. } = &check.verdict {
            assert_eq!(*timeline, None, "{check:?}");
        }
    }
}

#[test]
fn a_file_that_contains_something_twice_is_refused() {
    let results = results();
    let with = |change: &dyn Fn(&mut Results)| {
        let mut results = results.clone();
        change(&mut results);
        read(&written(&results.into(), Format::Json)).unwrap_err()
    };
    let bob = "bob, 2-concurrent twice";
    for (problem, what) in [
        (
            with(&|results| results.submissions.push(alice())),
            "the submission alice twice",
        ),
        (
            with(&|results| {
                let task = results.submissions[1].tasks[0].clone();
                results.submissions[1].tasks.push(task);
            }),
            "the task 2-concurrent of bob twice",
        ),
        (
            with(&|results| {
                let checks = &mut results.submissions[1].tasks[0].checks;
                checks.push(checks[2].clone());
            }),
            &format!("the check the_older_are_older of {bob}"),
        ),
        (
            with(&|results| results.checks.push(results.checks[0].clone())),
            "the checks of 2-concurrent twice",
        ),
    ] {
        assert!(problem.message.ends_with(what), "{problem}");
    }
    let empty = read(" \n").unwrap_err();
    assert!(empty.message.ends_with("it is empty"), "{empty}");
}

#[test]
fn a_name_in_a_file_of_results_is_one_clean_line() {
    let json = written(&results().into(), Format::Json);
    let json = json.replace("\"carol\"", "\"carol\\nfake\\u001b[2J\"");
    let read = read(&json).unwrap();
    assert_eq!(
        (&*read.class[2], &*read.submissions[2].name),
        ("carol fake", "carol fake")
    );
}

// Joining

/// Returns the results without these submissions, which another machine grades.
fn part(without: &[&str]) -> (String, Results) {
    let mut part = results();
    let submissions = &mut part.submissions;
    submissions.retain(|submission| !without.contains(&submission.name.as_str()));
    (format!("without {}", without.join(" and ")), part)
}

#[test]
fn the_parts_of_a_class_are_joined_to_the_class() {
    let merged = merge(vec![part(&["alice", "carol"]), part(&["bob", "dave"])]).unwrap();
    assert_eq!(merged.results, results());
    assert_eq!(merged.twice, []);
    assert_eq!(merged.results.missing(), [""; 0]);
}

#[test]
fn joining_says_which_submissions_are_missing_and_which_were_graded_twice() {
    let mut again = part(&["alice", "dave"]);
    for task in &mut again.1.submissions[0].tasks {
        for check in &mut task.checks {
            check.took *= 2;
        }
    }
    let merged = merge(vec![part(&["alice", "carol", "dave"]), again]).unwrap();
    assert_eq!(merged.results.missing(), ["alice", "dave"]);
    let twice: Vec<&str> = merged.twice.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(twice, ["bob"]);
    let names: Vec<&str> = merged
        .results
        .submissions
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["bob", "carol"]);
}

#[test]
fn results_of_different_checks_are_not_joined() {
    let mut other = part(&["alice", "bob"]);
    other.1.checks[0].version = "other".to_owned();
    let problem = merge(vec![part(&["carol", "dave"]), other]).unwrap_err();
    assert!(
        problem
            .message
            .contains("different checks of 2-concurrent: 0123 and other"),
        "{problem}"
    );
    let mut other = part(&["alice", "bob"]);
    other.1.checks[0].extras.clear();
    let problem = merge(vec![part(&["carol", "dave"]), other]).unwrap_err();
    assert!(problem.message.contains("with extras"), "{problem}");
}

#[test]
fn different_verdicts_on_one_submission_are_not_joined() {
    let mut other = part(&[]);
    other.1.submissions[0].tasks[0].checks[0].verdict = failed("no", "", "");
    let problem = merge(vec![part(&[]), other]).unwrap_err();
    let expected = "alice has different verdicts in without  and without ";
    assert_eq!(problem.message, expected);
}

// Comparing

#[test]
fn a_comparison_lists_changed_verdicts_and_says_why() {
    let before = results();
    let mut now = results();
    assert_eq!(Comparison::new(&before, &now).changes, []);

    // alice broke her code; the checks of task 2 are as they were.
    now.submissions[0].tasks[0].files = Some("other".to_owned());
    now.submissions[0].tasks[0].checks[0].verdict = failed("no", "", "");
    // For bob, a check fails that he did not touch.
    now.submissions[1].tasks[0].checks[0].verdict = failed("no", "", "");
    // carol left, erin is new.
    now.class[2] = "erin".to_owned();
    now.submissions[2].name = "erin".to_owned();
    let comparison = Comparison::new(&before, &now);
    let expected = "\
changed since the last grading:
  alice, 2-concurrent: passed → 0 of 1 (the submission changed)
      reads every user: passed → failed
  bob, 2-concurrent: 1 of 4 → 0 of 4 (neither the submission nor the checks changed)
      reads every user: passed → failed
  erin: new in the class: your code
  carol: no longer in the class; was your code
";
    assert_eq!(comparison.to_string(), expected);

    now.checks[0].version = "other".to_owned();
    let why: Vec<Why> = Comparison::new(&before, &now)
        .changes
        .iter()
        .map(|change| change.why)
        .collect();
    assert_eq!(why, [Why::Both, Why::Checks, Why::Class, Why::Class]);
    let text = "no verdict changed since the last grading\n";
    assert_eq!(Comparison::new(&now, &now).to_string(), text);
}

#[test]
fn a_comparison_leaves_out_what_another_machine_grades() {
    let (_, part) = part(&["alice", "bob", "carol"]);
    assert_eq!(Comparison::new(&results(), &part).changes, []);
}

#[test]
fn a_comparison_has_the_tasks_and_problems_that_came_and_went() {
    let mut now = results();
    now.submissions[0].tasks.clear();
    now.submissions[0].problem = problem(Whose::YourCode, "it is empty", "", "submit it");
    now.submissions[3].tasks[0] = task("3-mysql-pool", vec![check("a", true, Verdict::Passed)]);
    let text = Comparison::new(&results(), &now).to_string();
    for line in [
        "  alice: no verdict → your code (it is empty) (it is not known what changed)\n",
        "  alice, 2-concurrent: passed → no verdict (the submission changed)\n",
        "  dave, 3-mysql-pool: your machine (there is no MariaDB) → passed (it is not known what changed)\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
}

// Points

/// The checks of task 0 in these tests.
const CHECKS: [&str; 4] = ["opening::a", "opening::b", "opening_late", "closing::a"];

fn points(text: &str) -> Result<Points, Problem> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("points.toml");
    fs::write(&path, text).unwrap();
    Points::read(&path, &|task| {
        Ok((task.folder != "1-execute").then(|| CHECKS.map(str::to_owned).into()))
    })
}

#[test]
fn points_are_for_a_check_a_group_or_a_task() {
    let of = |text: &str| {
        let points = points(text).unwrap();
        CHECKS.map(|check| points.of("0-databaseconnection", check, true))
    };
    assert_eq!(of(""), [1.0; 4]);
    assert_eq!(of("0-databaseconnection = 10"), [2.5; 4]);
    let table = |keys: &str| of(&format!("[0-databaseconnection]\n{keys}"));
    assert_eq!(table(""), [1.0; 4]);
    assert_eq!(table("opening = 6"), [3.0, 3.0, 1.0, 1.0]);
    assert_eq!(
        table("opening = 6\n\"opening::b\" = 0.5\n\"*\" = 0x8"),
        [6.0, 0.5, 4.0, 4.0]
    );
    // Zero has no sign.
    assert_eq!(of("0-databaseconnection = -0.0")[0].to_string(), "0");
    // A task that no submission has cannot be examined.
    assert_eq!(of("1-execute = 3"), [1.0; 4]);
    let points = points("0-databaseconnection = 10").unwrap();
    assert_eq!(points.of("0-databaseconnection", "anything", false), 0.0);
}

#[test]
fn a_mistake_in_the_points_is_an_error_that_names_the_line() {
    let begin = "# Points\n[0-databaseconnection]\n";
    for (text, line, what) in [
        ("opening = -1", 3, "points cannot be negative"),
        ("opening = \"many\"", 3, "points are a number"),
        ("opening = nan", 3, "points are a number"),
        ("opening = inf", 3, "points are a number"),
        ("opening = 1e300", 3, "points are a number"),
        ("opening = [1]", 3, "points are a number"),
        (
            "opening = 1\n\nopen = 1",
            5,
            "0-databaseconnection has no required check or group `open`",
        ),
        (
            "opening = 1\n\"opening::a\" = 1\n\"opening::b\" = 1",
            3,
            "each check of `opening` already has points",
        ),
        ("opening = ", 3, ""),
        ("opening = 1\nopening = 2", 4, "duplicate key"),
        ("[4-next]\n", 3, "there is no task `4-next`"),
        ("[execute]\n", 3, "there is no task `execute`"),
        (
            "\"a\\nfake: b\" = 1",
            3,
            "0-databaseconnection has no required check or group `a fake: b`",
        ),
    ] {
        let problem = points(&format!("{begin}{text}")).unwrap_err();
        let place = format!("points.toml, line {line}: ");
        let message = problem.message.split_once(&place).map(|(_, rest)| rest);
        assert!(
            message.is_some_and(|message| message.contains(what)),
            "{text}: {problem}"
        );
        assert_eq!(problem.message.lines().count(), 1, "{problem}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("points.toml");
    fs::write(&path, b"# one\n# two\xff\n").unwrap();
    let problem = Points::read(&path, &|_| Ok(None)).unwrap_err();
    let message = "points.toml, line 2: it is not valid UTF-8";
    assert!(problem.message.ends_with(message), "{problem}");
}

#[test]
fn csv_and_gradescope_count_points() {
    let required: Vec<String> = [
        "reads_every_user",
        "the_older_are_older",
        "ends",
        "stays_alive",
    ]
    .map(str::to_owned)
    .into();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("points.toml");
    let text = "2-concurrent = 10\n[3-mysql-pool]\npool = 5\n";
    fs::write(&path, text).unwrap();
    let points = Points::read(&path, &|task| {
        let pool = ["pool::one", "pool::two"].map(str::to_owned);
        Ok(Some(match task.folder {
            "3-mysql-pool" => pool.into(),
            _ => required.clone(),
        }))
    });
    let report = |submissions: Vec<Submission>| Report {
        points: points.clone().unwrap(),
        results: Results {
            submissions,
            ..results()
        },
        comparison: None,
    };
    let csv = written(&report(vec![bob(), carol(), dave()]), Format::Csv);
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let rows = reader.records().map(Result::unwrap);
    let points: Vec<String> = rows
        .map(|row| format!("{} {} of {}", &row[0], &row[7], &row[8]))
        .collect();
    assert_eq!(
        points,
        [
            "bob 2.5 of 2.5",
            "bob 0 of 0",
            "bob 0 of 2.5",
            "bob 0 of 2.5",
            "bob 0 of 2.5",
            "bob 0 of 5",
            "carol 0 of 0",
            "dave 0 of 5",
        ]
    );
    let json = written(&report(vec![bob()]), Format::Gradescope);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["score"], 2.5);
    let scores: Vec<_> = json["tests"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|test| test["max_score"].as_f64())
        .collect();
    assert_eq!(scores, [2.5; 4]);
    let json = written(&report(vec![alice()]), Format::Gradescope);
    assert!(json.contains("\"score\": 2.5"), "{json}");
}
