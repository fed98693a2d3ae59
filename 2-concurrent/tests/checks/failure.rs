//! One of the two queries fails.
//!
//! Asked: the error of the query that failed comes back, soon, although the other one could go on for ever; that one is
//! stopped, and its connection closes. An answer that nobody will read is not worth a thread.
//!
//! To read: what `try_join!` does with the other future when one fails (it drops it), and what a thread does that works for
//! a future that was dropped (it goes on).

use recorder::timeline::Timeline;
use testkit::faults::make_one_fail_and_one_run_on;
use testkit::{check, says};

use crate::executor::{start, wait};
use crate::functions::concurrently;

#[test]
fn when_one_query_fails_its_error_comes_back() {
    check("who tells the caller, and when?", |database| {
        make_one_fail_and_one_run_on(&database.outside());
        // The first that comes fails, whether the other is there already or not.
        database.recording().set_barrier(1);
        let outcome = start(concurrently(database.path(), database.age())).outcome();
        let error = database.expect_error("one of two queries that fails", outcome);
        database.expect(
            "the error of the query that failed, in the text or in a source",
            says(&error, "on purpose"),
        );
    });
}

#[test]
fn when_one_query_fails_the_other_is_stopped_and_closes() {
    let hint = "the other query works for nobody now: who tells its thread?";
    check(hint, |database| {
        make_one_fail_and_one_run_on(&database.outside());
        database.recording().set_barrier(2);
        let mut work = start(concurrently(database.path(), database.age()));
        if !work.comes_to(database.recording().arrived(2)) {
            return; // They never run at the same time, which is another check.
        }
        let closed = |timeline: &Timeline| timeline.open_connections() == 0;
        database.expect(
            "the other query is stopped, and both connections close",
            wait(database.recording().happened(closed)).is_some(),
        );
    });
}

#[test]
#[ignore = "extra"]
fn when_the_error_comes_back_both_connections_are_closed() {
    let hint = "the other query is told to stop: who waits until it has?";
    check(hint, |database| {
        make_one_fail_and_one_run_on(&database.outside());
        database.recording().set_barrier(2);
        let outcome = start(concurrently(database.path(), database.age())).outcome();
        database.expect_error("one of two queries that fails", outcome);
        database.expect_all_closed("when the error comes back", 2);
    });
}

#[test]
#[ignore = "extra"]
fn the_error_is_the_reason_and_never_that_the_other_query_was_stopped() {
    let hint = "two errors came: which one is the reason of the other?";
    check(hint, |database| {
        // Both fail, at about the same time, and the other may be refused while it prepares.
        database.sql("DROP TABLE users");
        for _ in 0..200 {
            let outcome = start(concurrently(database.path(), database.age())).outcome();
            let error = database.expect_error("a database without the table", outcome);
            database.expect("the reason", says(&error, "no such table"));
        }
    });
}
