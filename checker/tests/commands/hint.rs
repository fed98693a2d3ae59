//! `checker hint`.

use super::program::{Class, run, solution, wrong};

#[test]
fn each_time_there_is_one_hint_more_for_the_first_check_that_fails() {
    let class = Class::new();
    let folder = class.add("bob", &wrong("a_list_of_open_connections"));
    let hint = || {
        let ran = run(["hint", &folder]);
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(1), ""), "{ran:?}");
        let first = ran.stdout.lines().next().unwrap_or_default().to_owned();
        assert_eq!(
            first,
            "0-databaseconnection: closing: closes at the end of the scope"
        );
        ran.stdout
    };
    assert!(hint().contains("\nhint 1 of 5: which variable or field owns"));
    let second = hint();
    assert!(second.contains("\nhint 2 of 5: expected: "), "{second}");
    assert!(
        second.contains("\n    connection 1 "),
        "what was seen: {second}"
    );
    let third = hint();
    assert!(
        third.contains("\nhint 3 of 5: ") && third.contains("\n- "),
        "known mistakes: {third}"
    );
    let fourth = hint();
    assert!(fourth.contains("closing.rs:"), "{fourth}");
    assert!(
        fourth.contains("\nfn closes_at_the_end_of_the_scope() {\n"),
        "the check itself: {fourth}"
    );
    assert!(hint().contains("0-databaseconnection/src/lib.rs"));
    assert!(hint().contains("\nhint 5 of 5: "), "the last one stays");
    let again = run(["hint", &folder, "--again"]).stdout;
    assert!(again.contains("\nhint 1 of 5: "), "{again}");
    assert!(hint().contains("\nhint 2 of 5: "));
}

#[test]
fn where_nothing_fails_there_is_no_hint() {
    let class = Class::new();
    let ran = run(["hint", &class.add("alice", &solution())]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(
        ran.stdout.contains("every required check passes"),
        "{ran:?}"
    );
}

#[test]
fn what_does_not_compile_comes_first() {
    let class = Class::new();
    let ran = run(["hint", &class.add("carol", "pub fn")]);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(ran.stdout.contains("it does not compile"), "{ran:?}");
}
