//! Every lesson among the examples, run, and its output.

use testkit::examples::{printed, without_a_test};

/// What the module below prints comes to the test: see `testkit::examples`.
macro_rules! println {
    ($($text:tt)*) => { testkit::examples::print(format_args!($($text)*)) };
}

// Nobody calls its `main`.
#[expect(dead_code)]
#[path = "../../examples/pool.rs"]
mod pool;

/// `reset` is no lesson. It measures, for nine seconds.
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
a third user has to wait: true
and gets the one that is released: true
the pool has closed both
";
    assert_eq!(said, expected);

    // Of the timeline what is not a matter of times, nor of which of the two was first.
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
