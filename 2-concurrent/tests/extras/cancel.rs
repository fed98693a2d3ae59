//! After a drop, nothing more happens on its connection, and nothing on any other.

use std::sync::mpsc::channel;

use recorder::timeline::End;
use rusqlite::Connection;
use testkit::faults::ENDLESS;
use testkit::{Deadline, TestDatabase, check};

use crate::executor::{Running, start};
use crate::functions::{users, with_connection};

/// Expects that the work starts its endless statement.
fn expect_endless<T>(database: &TestDatabase, work: &mut Running<T>) {
    let running = database.recording().happened(|timeline| {
        let mut statements = timeline.statements();
        statements.any(|statement| statement.sql == ENDLESS && statement.ended.is_none())
    });
    database.expect("its statement runs", work.comes_to(running));
}

#[test]
fn runs_and_commits_nothing_after_the_drop() {
    let hint = "Call the progress handler after every instruction (`progress_handler(1, …)`), and refuse the commit in `commit_hook`.";
    check(hint, |database| {
        let (report, outcomes) = channel();
        let body = move |connection: &Connection| -> concurrent::Result<()> {
            let mut prepared = connection.prepare("SELECT 1")?;
            let first = connection.query_one(ENDLESS, [], |_| Ok(())).is_err();
            let fresh = connection.query_one("SELECT 1", [], |_| Ok(())).is_err();
            let small = prepared.query_one([], |_| Ok(())).is_err();
            let endless = connection.query_one(ENDLESS, [], |_| Ok(())).is_err();
            let write = connection.execute("DELETE FROM users", []).is_err();
            let _ = report.send([first, fresh, small, endless, write]);
            Ok(())
        };
        let mut work = start(with_connection(database.path(), body));
        expect_endless(database, &mut work);
        database.expect(
            "the future can be dropped while a statement runs",
            work.cancel(),
        );
        database.expect(
            "each statement is cancelled",
            Deadline::start().recv(&outcomes) == Some([true; 5]),
        );
        database.recording().wait_until_closed();
        let timeline = database.recording().timeline();
        let committed = timeline.statements().any(|statement| {
            statement.sql == "COMMIT" && matches!(statement.ended, Some((_, End::Done)))
        });
        database.expect("nothing is committed after the drop", !committed);
        let left = usize::try_from(database.count()).expect("a count");
        database.expect("every user remains", left == database.users().len());
    });
}

#[test]
fn dropping_a_future_cancels_no_other_query() {
    let hint = "Make one flag for each future. A `static` flag cancels other queries, and a flag for a thread cancels later ones.";
    check(hint, |database| {
        let (go, wait_for_it) = channel::<()>();
        let (tell_begun, begun) = channel();
        let other = move |connection: &Connection| -> concurrent::Result<i64> {
            let mut prepared = connection.prepare("SELECT count(*) FROM users")?;
            let _ = tell_begun.send(());
            let _ = wait_for_it.recv();
            Ok(prepared.query_one([], |row| row.get(0))?)
        };
        let mut other = start(with_connection(database.path(), other));
        database.expect(
            "the other body runs",
            Deadline::start().recv(&begun).is_some(),
        );

        let mut endless = start(with_connection(database.path(), |connection| {
            Ok(connection.query_one(ENDLESS, [], |_| Ok(()))?)
        }));
        expect_endless(database, &mut endless);
        database.expect(
            "the future can be dropped while its statement runs",
            endless.cancel(),
        );
        let _ = go.send(());
        database.expect_ok("the other query succeeds", other.outcome());
        // Later queries may run on the same threads.
        for _ in 0..10 {
            database.expect_ok(
                "a later query succeeds",
                start(users(database.path())).outcome(),
            );
        }
    });
}

#[test]
fn opens_no_connection_before_the_first_poll() {
    check(
        "An `async fn` starts at its first poll. A plain `fn` that returns a future starts at the call: open nothing in it.",
        |database| {
            drop(concurrent::async_fetch_users(database.path()));
            drop(concurrent::async_fetch_older_users(database.path(), 40));
            drop(concurrent::fetch_concurrently(database.path(), 40));
            drop(concurrent::with_connection(database.path(), |_| Ok(())));
            database.expect(
                "nothing is opened",
                database.recording().opened_connections() == 0,
            );
        },
    );
}
