//! The second driver, `concurrent::on_sqlx`: extras all of them.
//!
//! Asked: the same three functions on sqlx, and of them the same: both lists at the same time over a connection each, the
//! executor free, and nothing left running or open behind a future that was dropped. (A wait for somebody else's lock ends
//! there after 5 seconds at the most: sqlx has no busy handler to set.)
//!
//! To read: sqlx's `SqliteConnectOptions` and `SqliteConnection::lock_handle`.

#[path = "../src/runtime.rs"]
mod runtime;
#[path = "checks/steps.rs"]
mod steps;

use std::path::Path;
use std::pin::Pin;
use std::task::Poll;

use concurrent::{Result, on_sqlx};
use futures_lite::future::{self, FutureExt};
use recorder::Recording;
use shared::User;
use testkit::cases::{readable, rows_that_do_not_fit, unreadable};
use testkit::faults::{
    make_one_fail_and_one_run_on, make_users_endless, make_users_wait_at_barrier,
};
use testkit::{TempDatabase, TestDatabase, check, check_on, says};

use runtime::Runtime;
use steps::Steps;

const RUNTIMES: [Runtime; 3] = [Runtime::Tokio, Runtime::AsyncStd, Runtime::Smol];

type Function = for<'p> fn(&'p Path) -> Pin<Box<dyn Future<Output = Result<()>> + 'p>>;

/// The three functions, as pieces of work that end alike, and how many connections each has.
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

/// What the compiler checks: the futures can move between threads.
const _: () = {
    fn is_send<T: Send>(_: T) {}
    fn futures_are_send(database: &Path) {
        is_send(on_sqlx::async_fetch_users(database));
        is_send(on_sqlx::async_fetch_older_users(database, 40));
        is_send(on_sqlx::fetch_concurrently(database, 40));
    }
    let _ = futures_are_send;
};

/// Runs the work until it is finished, or until the event has happened: then drops it, and returns `None`.
fn until<T>(work: impl Future<Output = T>, event: impl Future<Output = ()>) -> Option<T> {
    let dropped = async {
        event.await;
        None
    };
    future::block_on(future::or(async { Some(work.await) }, dropped))
}

/// Completes when that many queries of the users run.
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

/// Polls the work that often, and then drops it. Returns whether it had finished.
fn drop_after<T>(polls: usize, work: impl Future<Output = T>) -> bool {
    let mut work = Box::pin(work);
    let mut count = 0;
    future::block_on(future::poll_fn(|context| {
        let is_ready = work.as_mut().poll(context).is_ready();
        count += 1;
        // Pending: come back when it has been woken, for the next poll.
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
#[ignore = "extra"]
fn reads_or_refuses_each_kind_of_database_and_names_it() {
    check(
        "what does sqlx make of a NULL where you ask for a number?",
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
#[ignore = "extra"]
fn reads_a_hundred_thousand_users() {
    check(
        "is there anything that grows faster than the list?",
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
#[ignore = "extra"]
fn the_older_users_are_older_and_not_of_that_age() {
    check(
        "what becomes of somebody of exactly that age?",
        |database| {
            for age in [0, database.age() - 1, database.age(), 99, u32::MAX] {
                let found =
                    future::block_on(on_sqlx::async_fetch_older_users(database.path(), age));
                database.expect_users(
                    &format!("the users older than {age}"),
                    found,
                    &database.older_than(age),
                );
            }
        },
    );
}

#[test]
#[ignore = "extra"]
fn both_queries_hold_a_connection_at_the_same_time_on_every_runtime() {
    check("when does the second query begin?", |database| {
        make_users_wait_at_barrier(&database.outside());
        for (number, runtime) in RUNTIMES.into_iter().enumerate() {
            database.recording().set_barrier(2);
            let found =
                runtime.block_on(on_sqlx::fetch_concurrently(database.path(), database.age()));
            expect_both_lists(database, found);
            database.expect_all_closed("when both lists are there", 2 * (number + 1));
        }
    });
}

#[test]
#[ignore = "extra"]
fn the_executors_thread_is_free_while_a_query_waits() {
    check("which thread waits while SQLite works?", |database| {
        make_users_wait_at_barrier(&database.outside());
        for runtime in RUNTIMES {
            // The two queries wait for a third, which can begin only if the one thread is free while they wait.
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
#[ignore = "extra"]
fn nothing_of_sqlite_happens_on_the_executors_thread_wherever_it_is_dropped() {
    check("who lets go of the connection last?", |database| {
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
    });
}

#[test]
#[ignore = "extra"]
fn a_database_that_is_locked_is_an_error_after_a_wait_and_not_a_hang() {
    check(
        "how long should a query wait for somebody else's lock?",
        |database| {
            database.sql("BEGIN EXCLUSIVE");
            let outcome =
                future::block_on(on_sqlx::fetch_concurrently(database.path(), database.age()));
            let error = database.expect_error("a database that somebody else has locked", outcome);
            database.expect("an error that names the database", says(&error, "users.db"));
        },
    );
}

#[test]
#[ignore = "extra"]
fn when_one_query_fails_its_error_comes_back_and_by_then_both_connections_are_closed() {
    check(
        "who stops the other query, and who waits for it?",
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
#[ignore = "extra"]
fn the_error_is_the_reason_and_never_that_the_other_query_was_stopped() {
    check(
        "two errors came: which one is the reason of the other?",
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
#[ignore = "extra"]
fn dropped_at_every_event_inside_sqlite_every_connection_closes() {
    let hint = "which of your lines after an `await` close something?";
    check_on(hint, Steps::new, |steps| {
        for (function, _) in FUNCTIONS {
            // One number after the other, until the work ends before it gets there.
            for number in 0.. {
                let step = steps.next();
                let gate = step.recording().break_at(number);
                let finished = until(function(step.database()), gate.reached());
                // Dropped above, with the thread held inside SQLite; let it go now.
                drop(gate);
                step.recording().wait_until_closed();
                if let Some(outcome) = finished {
                    outcome.expect("it was not dropped");
                    assert!(number > 5, "expected: events to be dropped at");
                    break;
                }
            }
        }
    });
}

#[test]
#[ignore = "extra"]
fn dropped_after_every_poll_every_connection_closes() {
    check(
        "which of your lines after an `await` close something?",
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
#[ignore = "extra"]
fn a_running_statement_stops_when_its_future_is_dropped() {
    check("who tells SQLite?", |database| {
        make_users_endless(&database.outside());
        for (function, connections) in FUNCTIONS {
            let begun = running(database.recording(), connections);
            let outcome = until(function(database.path()), begun);
            database.expect("a query that cannot end by itself", outcome.is_none());
            database.recording().wait_until_closed();
        }
    });
}

#[test]
#[ignore = "extra"]
fn dropped_on_any_runtime_the_statements_stop() {
    check(
        "what in your code needs one executor in particular?",
        |database| {
            make_users_endless(&database.outside());
            for runtime in RUNTIMES {
                let work = on_sqlx::fetch_concurrently(database.path(), database.age());
                let begun = async {
                    running(database.recording(), 2).await;
                    None
                };
                let outcome = runtime.block_on(future::or(async { Some(work.await) }, begun));
                database.expect("queries that cannot end by themselves", outcome.is_none());
                database.recording().wait_until_closed();
            }
        },
    );
}

#[test]
#[ignore = "extra"]
fn a_future_that_is_never_polled_opens_nothing() {
    check("when does an `async fn` begin?", |database| {
        drop(on_sqlx::async_fetch_users(database.path()));
        drop(on_sqlx::async_fetch_older_users(database.path(), 40));
        drop(on_sqlx::fetch_concurrently(database.path(), 40));
        database.expect(
            "nothing is opened",
            database.recording().opened_connections() == 0,
        );
    });
}
