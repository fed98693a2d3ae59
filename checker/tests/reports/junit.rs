//! The results as JUnit's XML.

use super::*;

fn case<'a>(report: &'a Report, name: &str) -> &'a TestCase {
    let cases = report
        .test_suites
        .iter()
        .flat_map(|suite| &suite.test_cases);
    cases
        .into_iter()
        .find(|case| case.name.as_str() == name)
        .unwrap()
}

#[test]
fn junit_has_a_suite_for_each_task_with_correct_counts() {
    let report = junit(&report(&class(), Format::Junit));
    let suites: Vec<(&str, usize)> = report
        .test_suites
        .iter()
        .map(|suite| (suite.name.as_str(), suite.test_cases.len()))
        .collect();
    assert_eq!(
        suites,
        [
            ("alice/2-concurrent", 2),
            ("bob/2-concurrent", 5),
            ("bob/3-mysql-pool", 1),
            ("carol", 1),
            ("dave/3-mysql-pool", 1),
        ]
    );
    let counts = (report.tests, report.failures, report.errors, report.skipped);
    assert_eq!(counts, (10, 3, 3, 1));
}

#[test]
fn in_junit_a_failed_extra_is_skipped_and_a_problem_is_an_error() {
    let report = junit(&report(&[bob()], Format::Junit));

    let extra = case(&report, "ten thousand at once");
    assert!(
        matches!(extra.status, TestCaseStatus::Skipped { .. }),
        "{extra:?}"
    );
    let broken = case(&report, "can be checked");
    let TestCaseStatus::NonSuccess {
        kind, description, ..
    } = &broken.status
    else {
        panic!("{broken:?}")
    };
    assert_eq!(*kind, NonSuccessKind::Error);
    assert!(
        description.as_ref().unwrap().contains("E0425"),
        "{description:?}"
    );
}

#[test]
fn junit_has_what_a_failing_check_said() {
    let report = junit(&report(&[bob()], Format::Junit));
    let failing = case(&report, "the older are older");
    let TestCaseStatus::NonSuccess {
        kind,
        message,
        ty,
        description,
        ..
    } = &failing.status
    else {
        panic!("{failing:?}")
    };
    assert_eq!(*kind, NonSuccessKind::Failure);
    assert_eq!(ty.as_deref(), Some("failed"));
    assert_eq!(
        message.as_deref(),
        Some("expected: the users older than 40 found: one of 40")
    );
    assert_eq!(
        description.as_deref(),
        Some(
            "expected: the users older than 40\nfound: one of 40\n\nsaw:\nopen\nclose\n\nhint: is `>=` older?"
        )
    );
    assert_eq!(failing.time, Some(Duration::from_millis(1234)));
    assert_eq!(failing.classname.as_deref(), Some("bob/2-concurrent"));
}
