//! On any executor: extras all of them.
//!
//! Asked: the same code runs on Tokio, async-std and smol. So it may not lean on what one of them has: a timer, a
//! `spawn_blocking`, a reactor that must be running.
//!
//! To read: the crates `blocking`, `async-lock` and `futures-lite`, which need no executor in particular.

use futures_lite::future;
use testkit::check;
use testkit::faults::{make_users_endless, make_users_wait_at_barrier};

use crate::functions::{asks_for_users, concurrently, with_connection};
use crate::runtime::Runtime;

const RUNTIMES: [Runtime; 3] = [Runtime::Tokio, Runtime::AsyncStd, Runtime::Smol];
const HINT: &str = "what in your code needs one executor in particular?";

#[test]
#[ignore = "extra"]
fn both_lists_come_at_the_same_time_on_tokio_async_std_and_smol() {
    check(HINT, |database| {
        make_users_wait_at_barrier(&database.outside());
        for runtime in RUNTIMES {
            database.recording().set_barrier(2);
            let lists = runtime.block_on(concurrently(database.path(), database.age()));
            let (all, older) = database.expect_ok(&format!("two lists on {runtime:?}"), lists);
            database.expect(
                &format!("both lists right on {runtime:?}"),
                (&all[..], older) == (database.users(), database.older_than(database.age())),
            );
            database.recording().wait_until_closed();
        }
    });
}

#[test]
#[ignore = "extra"]
fn dropped_on_tokio_async_std_and_smol_both_statements_stop() {
    check(HINT, |database| {
        make_users_endless(&database.outside());
        for runtime in RUNTIMES {
            let work = concurrently(database.path(), database.age());
            let both_run = database.recording().happened(|timeline| {
                let statements = timeline.statements();
                statements
                    .filter(|statement| asks_for_users(statement) && statement.ended.is_none())
                    .count()
                    == 2
            });
            let dropped = async {
                both_run.await;
                None
            };
            let outcome = runtime.block_on(future::or(async { Some(work.await) }, dropped));
            database.expect("queries that cannot end by themselves", outcome.is_none());
            database.recording().wait_until_closed();
        }
    });
}

#[test]
#[ignore = "extra"]
fn a_body_runs_on_tokio_async_std_and_smol() {
    check(HINT, |database| {
        for runtime in RUNTIMES {
            let outcome = runtime.block_on(with_connection(database.path(), |_| Ok(())));
            database.expect_ok(&format!("a body's success on {runtime:?}"), outcome);
        }
    });
}
