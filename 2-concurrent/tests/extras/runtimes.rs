//! The same code runs on Tokio, async-std and smol. So it cannot use what only one executor has: its timer, its
//! `spawn_blocking`, its reactor.

use futures_lite::future;
use testkit::check;
use testkit::faults::{make_users_endless, make_users_wait_at_barrier};

use crate::functions::{asks_for_users, concurrently, with_connection};

#[derive(Debug, Clone, Copy)]
enum Runtime {
    Tokio,
    AsyncStd,
    Smol,
}

const RUNTIMES: [Runtime; 3] = [Runtime::Tokio, Runtime::AsyncStd, Runtime::Smol];

impl Runtime {
    /// Runs a future to its end on the current thread.
    fn block_on<F: Future>(self, future: F) -> F::Output {
        match self {
            Runtime::Tokio => tokio::runtime::Builder::new_current_thread()
                .build()
                .expect("a runtime without I/O needs nothing from the system")
                .block_on(future),
            Runtime::AsyncStd => async_std::task::block_on(future),
            Runtime::Smol => smol::block_on(future),
        }
    }
}

const HINT: &str = "Replace what belongs to one executor, such as `tokio::spawn` or `tokio::time`: use `std::thread`, `blocking`, `async-channel`, `async-lock`.";

#[test]
fn runs_both_queries_at_the_same_time_on_every_runtime() {
    check(HINT, |database| {
        make_users_wait_at_barrier(&database.outside());
        for runtime in RUNTIMES {
            database.recording().set_barrier(2);
            let lists = runtime.block_on(concurrently(database.path(), database.age()));
            let (all, older) = database.expect_ok(&format!("two lists on {runtime:?}"), lists);
            database.expect(
                &format!("the right lists on {runtime:?}"),
                (&all[..], older) == (database.users(), database.older_than(database.age())),
            );
            database.recording().wait_until_closed();
        }
    });
}

#[test]
fn cancels_both_queries_on_every_runtime() {
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
            database.expect(
                "queries that end only when they are cancelled",
                outcome.is_none(),
            );
            database.recording().wait_until_closed();
        }
    });
}

#[test]
fn runs_a_body_on_every_runtime() {
    check(HINT, |database| {
        for runtime in RUNTIMES {
            let outcome = runtime.block_on(with_connection(database.path(), |_| Ok(())));
            database.expect_ok(&format!("a body's success on {runtime:?}"), outcome);
        }
    });
}
