//! Runs the examples that are lessons, and compares their output.

use testkit::examples::{printed, without_a_test};

/// Sends the output of the module below to the test: see `testkit::examples`.
macro_rules! println {
    ($($text:tt)*) => { testkit::examples::print(format_args!($($text)*)) };
}

// Its `main` is not called.
#[expect(dead_code)]
#[path = "../../examples/pool.rs"]
mod pool;

/// `reset` is not a lesson: it measures for nine seconds.
#[test]
fn every_example_has_a_test() {
    let without = without_a_test(env!("CARGO_MANIFEST_DIR"), include_str!("main.rs"));
    assert_eq!(without, ["reset"]);
}

#[test]
fn pool_hands_a_connection_that_is_released_to_the_next_user() {
    let output = printed(|| pool::lesson(0.0).unwrap());
    let (said, drawn) =
        output.split_at(output.find("both\n   ").expect("a timeline") + "both\n".len());
    let expected = "\
two connections are acquired, and both are used
a third user must wait: true
and gets the one that is released: true
the pool has closed both
";
    assert_eq!(said, expected);

    // Compares only the parts of the timeline that are the same in every run.
    let mut sleeps: Vec<usize> = drawn
        .split("\nconnection ")
        .skip(1)
        .map(|connection| connection.matches("  DO SLEEP(?)  ").count())
        .filter(|sleeps| *sleeps > 0)
        .collect();
    sleeps.sort_unstable();
    assert_eq!(sleeps, [1, 2], "{drawn}");
    assert!(!drawn.contains("never closed"), "{drawn}");
}
