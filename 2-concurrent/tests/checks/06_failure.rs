//! One of the two queries fails.
//!
//! Asked: `fetch_concurrently` returns the error of the query that failed, soon, even if the other query runs forever. The other
//! query is cancelled, and its connection closes.
//!
//! Why: nothing will use the other query's result, so it should not occupy a thread.
//!
//! To read: `try_join!` drops the other future when one fails. A thread that works for a dropped future continues.

use recorder::timeline::Timeline;
use testkit::faults::make_one_fail_and_one_run_on;
use testkit::{check, says};

use crate::executor::{start, wait};
use crate::functions::concurrently;

#[test]
fn returns_the_error_of_the_query_that_fails() {
    check(
        "Return the error of the first future that fails: `try_zip` or `try_join!`, or a `join` that cancels the other query first.",
        |database| {
            make_one_fail_and_one_run_on(&database.outside());
            // The first query fails, even if the other one has not started.
            database.recording().set_barrier(1);
            let outcome = start(concurrently(database.path(), database.age())).outcome();
            let error = database.expect_error("one of two queries that fails", outcome);
            database.expect(
                "the error of the query that failed, in the text or in a source",
                says(&error, "on purpose"),
            );
        },
    );
}

#[test]
fn cancels_the_other_query_when_one_query_fails() {
    let hint = "When one query fails, set the flag that the other query's `progress_handler` reads, or interrupt it (`get_interrupt_handle`).";
    check(hint, |database| {
        make_one_fail_and_one_run_on(&database.outside());
        database.recording().set_barrier(2);
        let mut work = start(concurrently(database.path(), database.age()));
        if !work.comes_to(database.recording().arrived(2)) {
            return; // Running at the same time is another check.
        }
        let closed = |timeline: &Timeline| timeline.open_connections() == 0;
        database.expect(
            "the other query is cancelled, and both connections close",
            wait(database.recording().happened(closed)).is_some(),
        );
    });
}
