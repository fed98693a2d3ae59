//! The results for Gradescope.

use super::*;

#[test]
fn gradescope_scores_required_checks_and_shows_extras_without_a_score() {
    let results = json(&report(&[bob()], Format::Gradescope));

    assert_eq!(results["score"], 1);
    assert_eq!(results["output"], "1 of 4 required checks passed");
    assert_eq!(results["visibility"], "visible");
    let tests = results["tests"].as_array().unwrap();
    let of = |name: &str| tests.iter().find(|test| test["name"] == name).unwrap();
    let passed = of("2-concurrent: reads every user");
    assert_eq!(
        (&passed["score"], &passed["max_score"], &passed["status"]),
        (&1.into(), &1.into(), &"passed".into())
    );
    let failed = of("2-concurrent: the older are older");
    assert_eq!(
        (&failed["score"], &failed["max_score"], &failed["status"]),
        (&0.into(), &1.into(), &"failed".into())
    );
    assert!(
        failed["output"]
            .as_str()
            .unwrap()
            .contains("hint: is `>=` older?")
    );
    let extra = of("2-concurrent: ten thousand at once (extra)");
    assert_eq!(extra["status"], "failed");
    assert!(
        extra.get("score").is_none() && extra.get("max_score").is_none(),
        "{extra}"
    );
    let broken = of("3-mysql-pool: can be checked");
    assert!(
        broken["output"].as_str().unwrap().contains("error[E0425]"),
        "{broken}"
    );
}

#[test]
fn gradescope_uses_only_documented_fields_and_values() {
    let top = [
        "score",
        "output",
        "output_format",
        "test_output_format",
        "test_name_format",
        "visibility",
        "stdout_visibility",
        "tests",
    ];
    let of_test = ["score", "max_score", "status", "name", "output"];
    for submission in [alice(), bob(), carol()] {
        let results = json(&report(&[submission], Format::Gradescope));
        let fields = |value: &Value| {
            value
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect::<Vec<_>>()
        };
        assert!(
            fields(&results)
                .iter()
                .all(|field| top.contains(&field.as_str())),
            "{results}"
        );
        for test in results["tests"].as_array().unwrap() {
            assert!(
                fields(test)
                    .iter()
                    .all(|field| of_test.contains(&field.as_str())),
                "{test}"
            );
            assert!(
                ["passed", "failed"].contains(&test["status"].as_str().unwrap()),
                "{test}"
            );
        }
        // HTML would be rendered, and the output is the submission's.
        for format in ["output_format", "test_output_format", "test_name_format"] {
            assert_eq!(results[format], "text");
        }
    }
}

#[test]
fn gradescope_gives_no_points_for_an_archive_that_cannot_be_unpacked_and_says_why() {
    let results = json(&report(&[carol()], Format::Gradescope));
    assert_eq!(results["score"], 0);
    assert_eq!(results["tests"], Value::Array(Vec::new()));
    let output = results["output"].as_str().unwrap();
    assert!(
        output.contains("encrypted") && output.contains("without a password"),
        "{output}"
    );
}

#[test]
fn gradescope_gives_no_grade_when_the_machine_is_at_fault() {
    let mut out = Vec::new();
    let error = report::write(
        &mut out,
        &results(&[dave()]),
        Format::Gradescope,
        Screen::default(),
    )
    .unwrap_err();

    assert!(matches!(error, Error::NoGrade(_)), "{error}");
    assert!(
        error
            .to_string()
            .contains("there is no MariaDB\nhelp: install it"),
        "{error}"
    );
    assert!(out.is_empty());
}

#[test]
fn gradescope_takes_one_submission() {
    for submissions in [vec![], class()] {
        let mut out = Vec::new();
        let error = report::write(
            &mut out,
            &results(&submissions),
            Format::Gradescope,
            Screen::default(),
        )
        .unwrap_err();
        assert!(matches!(error, Error::NotOne(_)), "{error}");
        assert!(error.to_string().contains("\nhelp: "), "{error}");
        assert!(out.is_empty());
    }
}
