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
    let mut hints = vec![hint()];
    while !hints[hints.len() - 1].contains("This is the last hint") {
        hints.push(hint());
        assert!(hints.len() < 10, "{hints:?}");
    }
    let of = hints.len();
    for (index, hint) in hints.iter().enumerate() {
        let number = format!("\n\nhint {} of {of}: ", index + 1);
        assert!(hint.contains(&number), "{number}: {hint}");
    }
    let [.., mistakes, check, solution] = hints.as_slice() else {
        panic!("{hints:?}");
    };
    assert!(mistakes.contains("\n- "), "{mistakes}");
    assert!(check.contains("closing.rs:"), "{check}");
    assert!(
        check.contains("\nfn closes_at_the_end_of_the_scope() {\n"),
        "{check}"
    );
    assert!(
        solution.contains("0-databaseconnection/src/lib.rs"),
        "{solution}"
    );
    assert_eq!(&hint(), solution, "the last one stays");
    let again = run(["hint", &folder, "--again"]).stdout;
    assert_eq!(again, hints[0]);
    assert_eq!(hint(), hints[1]);
    let printed = run(["check", &folder]).stdout;
    let printed = printed
        .lines()
        .find_map(|line| line.strip_prefix("hint: "))
        .expect("a hint");
    assert!(
        !hints
            .iter()
            .any(|hint| hint.contains(&format!(": {printed}"))),
        "the hint of `check` is not repeated: {hints:?}"
    );
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
fn code_that_does_not_compile_gets_the_hints_of_the_task() {
    let class = Class::new();
    let folder = class.add("carol", &solution().replacen("Ok(", "Okay(", 1));
    let ran = run(["hint", &folder]);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(ran.stdout.contains("it does not compile"), "{ran:?}");
    assert!(
        ran.stdout
            .contains("hint 1 of 4: Solve one function at a time")
            && ran.stdout.contains("begin with `open`"),
        "{}",
        ran.stdout
    );
    assert!(!ran.stdout.contains("error[E"), "{}", ran.stdout);
    let second = run(["hint", &folder]).stdout;
    assert!(
        second.contains("hint 2 of 4: ") && second.contains("\n- `fetch_users`: "),
        "{second}"
    );
    let other = solution().replacen(
        "fn fetch_users(connection: &Connection)",
        "fn fetch_users(connection: &DatabaseConnection)",
        1,
    );
    class.add("carol", &other);
    let ran = run(["hint", &folder]);
    assert!(
        ran.stdout.contains("hint 1 of 5: Write these signatures"),
        "another problem begins with its first hint: {ran:?}"
    );
}
