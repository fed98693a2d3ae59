//! One of the two queries fails.
//!
//! Asked: the error of the query that failed comes back, soon, although the other one could go on for ever; that one is
//! stopped, and its connection closes. An answer that nobody will read is not worth a thread.
//!
//! To read: what `try_join!` does with the other future when one fails (it drops it), and what a thread does that works for
//! a future that was dropped (it goes on).

use shared::check::faults::make_one_fail_and_one_run_on;
use shared::check::{check, says};
use shared::timeline::Timeline;

use crate::executor::{start, wait};
use crate::functions::concurrently;

#[test]
fn when_one_query_fails_its_error_comes_back() {
    check("who tells the caller, and when?", |lab| {
        make_one_fail_and_one_run_on(&lab.outside());
        // The first that comes fails, whether the other is there already or not.
        lab.recording().meeting_of(1);
        let outcome = start(concurrently(lab.database(), lab.age())).outcome();
        let error = lab.expect_error("one of two queries that fails", outcome);
        lab.expect(
            "the error of the query that failed, in the text or in a source",
            says(&error, "on purpose"),
        );
    });
}

#[test]
fn when_one_query_fails_the_other_is_stopped_and_closes() {
    let hint = "the other query works for nobody now: who tells its thread?";
    check(hint, |lab| {
        make_one_fail_and_one_run_on(&lab.outside());
        lab.recording().meeting_of(2);
        let mut work = start(concurrently(lab.database(), lab.age()));
        if !work.comes_to(lab.recording().arrived(2)) {
            return; // They never run at the same time, which is another check.
        }
        let closed = |timeline: &Timeline| timeline.open_connections() == 0;
        lab.expect(
            "the other query is stopped, and both connections close",
            wait(lab.recording().happened(closed)).is_some(),
        );
    });
}

#[test]
#[ignore = "extra"]
fn when_the_error_comes_back_both_connections_are_closed() {
    let hint = "the other query is told to stop: who waits until it has?";
    check(hint, |lab| {
        make_one_fail_and_one_run_on(&lab.outside());
        lab.recording().meeting_of(2);
        let outcome = start(concurrently(lab.database(), lab.age())).outcome();
        lab.expect_error("one of two queries that fails", outcome);
        lab.expect_all_closed("when the error comes back", 2);
    });
}

#[test]
#[ignore = "extra"]
fn the_error_is_the_reason_and_never_that_the_other_query_was_stopped() {
    let hint = "two errors came: which one is the reason of the other?";
    check(hint, |lab| {
        // Both fail, at about the same time, and the other may be refused while it prepares.
        lab.sql("DROP TABLE users");
        for _ in 0..200 {
            let outcome = start(concurrently(lab.database(), lab.age())).outcome();
            let error = lab.expect_error("a database without the table", outcome);
            lab.expect("the reason", says(&error, "no such table"));
        }
    });
}
