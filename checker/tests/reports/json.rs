//! The results as `docs/grade.schema.json` describes them.

use super::*;

fn schema() -> Value {
    json(include_str!("../../../docs/grade.schema.json"))
}

#[test]
fn json_is_as_the_schema_says() {
    for submissions in [class(), Vec::new(), vec![hostile()]] {
        let document = json(&report(&submissions, Format::Json));
        assert_eq!(schema::errors(&schema(), &document), [""; 0]);
    }
}

#[test]
fn any_difference_from_the_schema_is_noticed() {
    let good = json(&report(&[bob()], Format::Json));
    let changes: [(&str, Value); 7] = [
        ("/version", 2.into()),
        ("/submissions", Value::Null),
        ("/submissions/0/passed", "no".into()),
        ("/submissions/0/problem", "none".into()),
        ("/submissions/0/tasks/0/checks/0/verdict", "unknown".into()),
        ("/submissions/0/tasks/0/checks/0/seconds", (-1).into()),
        ("/submissions/0/tasks/1/problem/whose", "nobody".into()),
    ];
    for (pointer, value) in changes {
        let mut wrong = good.clone();
        *wrong.pointer_mut(pointer).unwrap() = value;
        assert_ne!(schema::errors(&schema(), &wrong), [""; 0], "{pointer}");
    }
    let mut more = good.clone();
    more["submissions"][0]["tasks"][0]["checks"][0]["more"] = 1.into();
    assert_eq!(
        schema::errors(&schema(), &more),
        ["/submissions/0/tasks/0/checks/0: has \"more\""]
    );
    let mut less = good;
    less["submissions"][0]
        .as_object_mut()
        .unwrap()
        .remove("name");
    assert_eq!(
        schema::errors(&schema(), &less),
        ["/submissions/0: lacks \"name\""]
    );
}

#[test]
fn json_has_what_a_check_said() {
    let document = json(&report(&[bob()], Format::Json));
    let bob = &document["submissions"][0];
    assert_eq!(bob["passed"], false);
    let checks = bob["tasks"][0]["checks"].as_array().unwrap();
    let verdicts: Vec<&str> = checks
        .iter()
        .map(|check| check["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(
        verdicts,
        ["passed", "failed", "failed", "timed_out", "crashed"]
    );
    assert_eq!(
        checks[2]["message"],
        "expected: the users older than 40\nfound: one of 40"
    );
    assert_eq!(checks[2]["saw"], "open\nclose");
    assert_eq!(checks[2]["hint"], "is `>=` older?");
    assert_eq!(checks[2]["seconds"], 1.234);
    assert_eq!(checks[3]["output"], "one\ntwo");
    assert_eq!(checks[4]["message"], "it was ended by SIGSEGV");
    assert_eq!(bob["tasks"][1]["problem"]["whose"], "your_code");
}
