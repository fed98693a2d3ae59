//! Both lists, from any database, on any executor, at the same time.

use std::path::Path;

use concurrent::{Error, on_sqlx};
use futures_lite::future;
use shared::fixture::{Fixture, cases};
use shared::recorder::{Recording, make_users_meet};
use shared::runtime::Runtime;
use shared::{User, sample_users};

const RUNTIMES: [Runtime; 3] = [Runtime::Tokio, Runtime::AsyncStd, Runtime::Smol];

type Lists = concurrent::Result<(Vec<User>, Vec<User>)>;

/// Fetches both lists with one of the drivers.
async fn fetch(driver: &str, database: &Path, older_than: u32) -> Lists {
    match driver {
        "rusqlite" => concurrent::fetch_concurrently(database, older_than).await,
        "sqlx" => on_sqlx::fetch_concurrently(database, older_than).await,
        _ => unreachable!(),
    }
}

#[test]
fn reads_or_refuses_each_kind_of_database_and_names_it() {
    for case in cases() {
        case.check(future::block_on(concurrent::async_fetch_users(case.database())));
        case.check(future::block_on(on_sqlx::async_fetch_users(case.database())));
    }
}

#[test]
fn the_older_users_are_older_and_not_of_that_age() {
    let fixture = Fixture::sample();
    for age in [0, 25, 40, 72, 73] {
        let expected: Vec<User> = sample_users().into_iter().filter(|user| user.age > age).collect();
        let on_rusqlite = future::block_on(concurrent::async_fetch_older_users(fixture.path(), age)).unwrap();
        assert_eq!(on_rusqlite, expected, "older than {age}");
        let on_sqlx = future::block_on(on_sqlx::async_fetch_older_users(fixture.path(), age)).unwrap();
        assert_eq!(on_sqlx, expected, "older than {age}, sqlx");
    }
}

#[test]
fn both_queries_hold_a_connection_at_the_same_time_on_every_runtime_and_driver() {
    let fixture = Fixture::sample();
    make_users_meet(fixture.path());
    for driver in ["rusqlite", "sqlx"] {
        for runtime in RUNTIMES {
            let recording = Recording::start(fixture.path());
            recording.meeting_of(2);
            let (all, older) = runtime.block_on(fetch(driver, fixture.path(), 40)).unwrap();
            assert_eq!(
                (all.len(), older.len()),
                (12, 4),
                "all first, then the older ones"
            );
            let opened = (recording.opened_connections(), recording.most_open_connections());
            assert_eq!(opened, (2, 2), "{driver} on {runtime:?}\n{recording}");
            assert_eq!(
                recording.open_connections(),
                0,
                "{driver} on {runtime:?}\n{recording}"
            );
        }
    }
}

#[test]
fn the_executors_thread_is_free_while_a_query_waits() {
    let fixture = Fixture::sample();
    make_users_meet(fixture.path());
    for driver in ["rusqlite", "sqlx"] {
        for runtime in RUNTIMES {
            let recording = Recording::start(fixture.path());
            // The two queries wait for a third, which can begin only if the one thread is free while they wait.
            recording.meeting_of(3);
            let third = concurrent::async_fetch_users(fixture.path());
            let both = future::zip(fetch(driver, fixture.path(), 40), third);
            let (lists, third) = runtime.block_on(both);
            assert_eq!(
                (lists.unwrap().0.len(), third.unwrap().len()),
                (12, 12),
                "{driver} on {runtime:?}"
            );
        }
    }
}

#[test]
fn nothing_of_sqlite_happens_on_the_executors_thread() {
    for driver in ["rusqlite", "sqlx"] {
        for _ in 0..20 {
            let fixture = Fixture::sample();
            let recording = Recording::start(fixture.path());
            future::block_on(fetch(driver, fixture.path(), 40)).unwrap();
            let here = std::thread::current().id();
            assert!(
                recording.events().iter().all(|event| event.thread != here),
                "{driver}\n{recording}"
            );
        }
    }
}

#[test]
fn a_thousand_fetches_at_once_all_succeed() {
    let fixture = Fixture::sample();
    let recording = Recording::start(fixture.path());
    future::block_on(async {
        let executor = smol::LocalExecutor::new();
        let tasks: Vec<_> = (0..1000)
            .map(|_| executor.spawn(concurrent::async_fetch_older_users(fixture.path(), 40)))
            .collect();
        executor
            .run(async {
                for task in tasks {
                    assert_eq!(task.await.unwrap().len(), 4);
                }
            })
            .await;
    });
    assert_eq!(
        (recording.opened_connections(), recording.open_connections()),
        (1000, 0)
    );
}

#[test]
fn futures_can_move_between_threads_and_errors_too() {
    fn is_send<T: Send>(_: T) {}
    fn is_error<E: Send + Into<Box<dyn std::error::Error + Send + Sync>> + From<rusqlite::Error>>() {}
    let path = Path::new("users.db");
    is_send(concurrent::async_fetch_users(path));
    is_send(concurrent::async_fetch_older_users(path, 40));
    is_send(concurrent::fetch_concurrently(path, 40));
    is_send(concurrent::with_connection(path, |_| Ok(())));
    is_send(on_sqlx::async_fetch_users(path));
    is_send(on_sqlx::async_fetch_older_users(path, 40));
    is_send(on_sqlx::fetch_concurrently(path, 40));
    is_error::<Error>();
}
