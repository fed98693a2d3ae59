//! The example `on_sqlx` does on another driver what the task asks for: both lists at the same time, each over its own
//! connection; the executor stays free; nothing runs and nothing is open after a future was dropped.
//!
//! To read: sqlx's `SqliteConnectOptions` and `SqliteConnection::lock_handle`.

use std::path::Path;
use std::pin::Pin;
use std::task::Poll;

use concurrent::Result;
use futures_lite::future::{self, FutureExt};
use recorder::Recording;
use shared::User;
use testkit::cases::{readable, rows_that_do_not_fit, unreadable};
use testkit::faults::{
    make_one_fail_and_one_run_on, make_users_endless, make_users_wait_at_barrier,
};
use testkit::{TempDatabase, TestDatabase, check, check_on, says};

use crate::RUNTIMES;
use crate::on_sqlx;
use crate::steps::Steps;

type Function = for<'p> fn(&'p Path) -> Pin<Box<dyn Future<Output = Result<()>> + 'p>>;

/// The three functions, all with the same type, and the number of connections that each opens.
const FUNCTIONS: [(Function, usize); 3] = [
    (
        |path| async move { on_sqlx::async_fetch_users(path).await.map(drop) }.boxed_local(),
        1,
    ),
    (
        |path| {
            async move { on_sqlx::async_fetch_older_users(path, 0).await.map(drop) }.boxed_local()
        },
        1,
    ),
    (
        |path| async move { on_sqlx::fetch_concurrently(path, 0).await.map(drop) }.boxed_local(),
        2,
    ),
];

/// The compiler checks that the futures can move between threads.
const _: () = {
    fn is_send<T: Send>(_: T) {}
    fn futures_are_send(database: &Path) {
        is_send(on_sqlx::async_fetch_users(database));
        is_send(on_sqlx::async_fetch_older_users(database, 40));
        is_send(on_sqlx::fetch_concurrently(database, 40));
    }
    let _ = futures_are_send;
};

/// Runs the work to its end, or drops it when the event happens and returns `None`.
fn until<T>(work: impl Future<Output = T>, event: impl Future<Output = ()>) -> Option<T> {
    let dropped = async {
        event.await;
        None
    };
    future::block_on(future::or(async { Some(work.await) }, dropped))
}

/// Completes when `count` queries of the users run.
async fn running(recording: &Recording, count: usize) {
    let run = |timeline: &recorder::timeline::Timeline| {
        timeline
            .statements()
            .filter(|statement| statement.sql.contains("users") && statement.ended.is_none())
            .count()
            == count
    };
    recording.happened(run).await;
}

/// Polls the work `polls` times, then drops it. Returns whether it had finished.
fn drop_after<T>(polls: usize, work: impl Future<Output = T>) -> bool {
    let mut work = Box::pin(work);
    let mut count = 0;
    future::block_on(future::poll_fn(|context| {
        let is_ready = work.as_mut().poll(context).is_ready();
        count += 1;
        // The waker leads to the next poll.
        if is_ready || count == polls {
            Poll::Ready(is_ready)
        } else {
            Poll::Pending
        }
    }))
}

fn expect_both_lists(database: &TestDatabase, found: Result<(Vec<User>, Vec<User>)>) {
    let (all, older) = database.expect_ok("two lists", found);
    database.expect_users::<String>("all users first", Ok(all), database.users());
    database.expect_users::<String>(
        "then the older ones",
        Ok(older),
        &database.older_than(database.age()),
    );
}

#[test]
fn reads_or_refuses_each_kind_of_database_and_names_it() {
    check(
        "Decode each column as `Option`: sqlx reads NULL as 0.",
        |database| {
            let mut cases = readable(&mut database.random());
            cases.extend(rows_that_do_not_fit(&mut database.random()));
            cases.extend(unreadable());
            for case in cases {
                let outcome = future::block_on(on_sqlx::async_fetch_users(case.database()));
                case.expect(&outcome);
                case.expect_words(outcome, true);
            }
        },
    );
}

#[test]
fn reads_a_hundred_thousand_users() {
    check(
        "Read the rows one by one: which of your collections grows with the table?",
        |database| {
            let many: Vec<User> = (1..=100_000)
                .map(|id| User {
                    id,
                    name: format!("Number {id}"),
                    email: format!("{id}@example.com"),
                    age: (id % 100) as u32,
                })
                .collect();
            let large = TempDatabase::with_users(many.clone());
            let found = future::block_on(on_sqlx::async_fetch_users(large.path()));
            database.expect_users("100,000 users", found, &many);
        },
    );
}

#[test]
fn the_older_users_are_older_and_not_of_that_age() {
    check("Compare with `>`, and bind the age.", |database| {
        for age in [0, database.age() - 1, database.age(), 99, u32::MAX] {
            let found = future::block_on(on_sqlx::async_fetch_older_users(database.path(), age));
            database.expect_users(
                &format!("the users older than {age}"),
                found,
                &database.older_than(age),
            );
        }
    });
}

#[test]
fn both_queries_hold_a_connection_at_the_same_time_on_every_runtime() {
    check(
        "Does the second query start before the first one ends? Join the two futures.",
        |database| {
            make_users_wait_at_barrier(&database.outside());
            for (number, runtime) in RUNTIMES.into_iter().enumerate() {
                database.recording().set_barrier(2);
                let found =
                    runtime.block_on(on_sqlx::fetch_concurrently(database.path(), database.age()));
                expect_both_lists(database, found);
                database.expect_all_closed("when both lists are there", 2 * (number + 1));
            }
        },
    );
}

#[test]
fn the_executors_thread_is_free_while_a_query_waits() {
    check("Move blocking calls to another thread.", |database| {
        make_users_wait_at_barrier(&database.outside());
        for runtime in RUNTIMES {
            // The two queries wait for a third. It can start only if the executor's thread is free.
            database.recording().set_barrier(3);
            let both = on_sqlx::fetch_concurrently(database.path(), database.age());
            let third = on_sqlx::async_fetch_users(database.path());
            let (both, third) = runtime.block_on(future::zip(both, third));
            database.expect_ok("both lists", both);
            database.expect_ok("a third list", third);
        }
    });
}

#[test]
fn nothing_of_sqlite_happens_on_the_executors_thread_wherever_it_is_dropped() {
    check(
        "Open and close the connection on another thread, even if the future is dropped.",
        |database| {
            for _ in 0..20 {
                for polls in 1.. {
                    if drop_after(
                        polls,
                        on_sqlx::fetch_concurrently(database.path(), database.age()),
                    ) {
                        break;
                    }
                }
            }
            database.recording().wait_until_closed();
            database.expect(
                "every event is on another thread than the executor's",
                !database
                    .recording()
                    .threads()
                    .contains(&std::thread::current().id()),
            );
        },
    );
}

#[test]
fn a_locked_database_is_an_error_after_a_wait() {
    check(
        "sqlx waits 5 seconds for a lock: return its error then.",
        |database| {
            database.sql("BEGIN EXCLUSIVE");
            let outcome =
                future::block_on(on_sqlx::fetch_concurrently(database.path(), database.age()));
            let error =
                database.expect_error("a database that another connection has locked", outcome);
            database.expect("an error that names the database", says(&error, "users.db"));
        },
    );
}

#[test]
fn when_one_query_fails_its_error_comes_back_and_both_connections_are_closed() {
    check(
        "Set the flag at the first error, and await both futures.",
        |database| {
            make_one_fail_and_one_run_on(&database.outside());
            database.recording().set_barrier(2);
            let outcome =
                future::block_on(on_sqlx::fetch_concurrently(database.path(), database.age()));
            let error = database.expect_error("one of two queries that fails", outcome);
            database.expect("the reason", says(&error, "on purpose"));
            database.expect_all_closed("when the error comes back", 2);
        },
    );
}

#[test]
fn the_error_is_the_reason_and_not_that_the_other_query_was_cancelled() {
    check(
        "Both queries failed: return the error that came first.",
        |database| {
            database.sql("DROP TABLE users");
            for _ in 0..200 {
                let outcome =
                    future::block_on(on_sqlx::fetch_concurrently(database.path(), database.age()));
                let error = database.expect_error("a database without the table", outcome);
                database.expect("the reason", says(&error, "no such table"));
            }
        },
    );
}

#[test]
fn dropped_at_every_event_inside_sqlite_every_connection_closes() {
    let hint =
        "Code after an `await` does not run if the future is dropped there. Close in a `Drop`.";
    check_on(hint, Steps::new, |steps| {
        for (function, _) in FUNCTIONS {
            // Stop at the first event, then at the second, until the work ends before it gets there.
            for number in 0.. {
                let step = steps.next();
                let breakpoint = step.recording().break_at(number);
                let finished = until(function(step.database()), breakpoint.reached());
                // The future was dropped while the breakpoint held the thread. Release the thread now.
                drop(breakpoint);
                step.recording().wait_until_closed();
                if let Some(outcome) = finished {
                    outcome.expect("the work succeeds if it is not dropped");
                    assert!(number > 5, "expected: more than 5 events");
                    break;
                }
            }
        }
    });
}

#[test]
fn dropped_after_every_poll_every_connection_closes() {
    check(
        "Code after an `await` does not run if the future is dropped there. Close in a `Drop`.",
        |database| {
            for (function, _) in FUNCTIONS {
                for polls in 1.. {
                    if drop_after(polls, function(database.path())) {
                        break;
                    }
                }
                database.recording().wait_until_closed();
            }
        },
    );
}

#[test]
fn a_running_statement_is_cancelled_when_its_future_is_dropped() {
    check(
        "Set the progress handler: it can cancel the statement.",
        |database| {
            make_users_endless(&database.outside());
            for (function, connections) in FUNCTIONS {
                let begun = running(database.recording(), connections);
                let outcome = until(function(database.path()), begun);
                database.expect(
                    "a query that ends only when it is cancelled",
                    outcome.is_none(),
                );
                database.recording().wait_until_closed();
            }
        },
    );
}

#[test]
fn dropped_on_any_runtime_the_statements_are_cancelled() {
    check(
        "Use nothing that belongs to one executor, such as `tokio::spawn`.",
        |database| {
            make_users_endless(&database.outside());
            for runtime in RUNTIMES {
                let work = on_sqlx::fetch_concurrently(database.path(), database.age());
                let begun = async {
                    running(database.recording(), 2).await;
                    None
                };
                let outcome = runtime.block_on(future::or(async { Some(work.await) }, begun));
                database.expect(
                    "queries that end only when they are cancelled",
                    outcome.is_none(),
                );
                database.recording().wait_until_closed();
            }
        },
    );
}

#[test]
fn opens_no_connection_before_the_first_poll() {
    check(
        "An `async fn` starts at its first poll: open nothing before.",
        |database| {
            drop(on_sqlx::async_fetch_users(database.path()));
            drop(on_sqlx::async_fetch_older_users(database.path(), 40));
            drop(on_sqlx::fetch_concurrently(database.path(), 40));
            database.expect(
                "nothing is opened",
                database.recording().opened_connections() == 0,
            );
        },
    );
}

/// A retry loop with a timeout does this. A query that waits inside an SQL function cannot be cancelled there.
#[test]
fn a_dropped_fetch_keeps_its_permit_until_its_connection_is_closed() {
    let temporary = TempDatabase::sample();
    make_users_wait_at_barrier(&temporary.connection());
    let recording = Recording::start(temporary.path());
    recording.set_barrier(1000);
    let mut started = 0;
    // The other tests of this process share the permits.
    while on_sqlx::PERMITS.try_acquire().is_some() {
        started += 1;
        let work = async { on_sqlx::async_fetch_users(temporary.path()).await.is_ok() };
        let arrived = async {
            recording.arrived(started).await;
            false
        };
        assert!(!future::block_on(future::or(work, arrived)));
        assert!(started <= 64, "more connections than permits");
    }
    assert_eq!(recording.open_connections(), started);
    recording.set_barrier(0);
    recording.wait_until_closed();
}
