//! On the runtimes.

use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use scope::Scopes;
use tokio::runtime::{Builder, Handle};

use crate::hand::{Hand, in_body};
use crate::log::{End, Log, Resource, Result, drop_after, never, together, yield_now};
use crate::nested::{NAMES, nested};

/// Tokio on one thread, Tokio on several, async-std, smol.
fn on_each_runtime(test: impl AsyncFn(Scopes)) {
    one_thread().block_on(async { test(on_tokio()).await });
    several_threads().block_on(async { test(on_tokio()).await });
    async_std::task::block_on(test(Scopes::new(|release| {
        drop(async_std::task::spawn(release))
    })));
    smol::block_on(test(Scopes::new(|release| smol::spawn(release).detach())));
}

fn on_tokio() -> Scopes {
    let runtime = Handle::current();
    Scopes::new(move |release| drop(runtime.spawn(release)))
}

fn one_thread() -> tokio::runtime::Runtime {
    Builder::new_current_thread().build().unwrap()
}

fn several_threads() -> tokio::runtime::Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap()
}

/// Only a failure reaches it. smol's timer runs on every runtime.
async fn limit() {
    smol::Timer::after(Duration::from_secs(60)).await;
}

#[test]
fn on_each_runtime_nested_scopes_are_released_in_reverse_wherever_the_outermost_is_dropped() {
    on_each_runtime(async |scopes| {
        for releases in [[2, 1, 0], [0, 1, 5], [0, 0, 50]] {
            for polls in 0.. {
                let log = Log::default();
                let three = std::array::from_fn(|_| scopes.clone());
                let work = nested(&three, &log, releases.map(End::Well), End::Well(1));
                let has_ended = drop_after(polls, work).await.is_some();
                scopes.wait(limit()).await.unwrap();
                log.assert_released_in_reverse(&NAMES);
                if has_ended {
                    break;
                }
            }
        }
    });
}

#[test]
fn on_each_runtime_many_scopes_at_once_are_each_released_once() {
    on_each_runtime(async |scopes| {
        let log = Log::default();
        let many = (0..100).map(|number| {
            let acquire = Resource::open("it", &log, End::Well(number % 3), End::Well(number % 2));
            let scope = scopes.run(
                acquire,
                async |_| log.act("body", End::Well(2)).await,
                Resource::close,
            );
            drop_after(number % 8, scope)
        });
        let ended = together(many).await;
        scopes.wait(limit()).await.unwrap();
        assert!(ended.iter().any(Option::is_some) && ended.iter().any(Option::is_none));
        assert_eq!(log.count("acquire it ends"), log.count("release it ends"));
    });
}

#[test]
fn on_each_runtime_a_failure_in_the_background_is_told_and_stops_nothing_else() {
    on_each_runtime(async |scopes| {
        for inner in [End::Error(1), End::Panic(1)] {
            let log = Log::default();
            let three = std::array::from_fn(|_| scopes.clone());
            let work = nested(
                &three,
                &log,
                [End::Well(1), End::Well(1), inner],
                End::Well(9),
            );
            assert!(drop_after(6, work).await.is_none());
            let error = scopes.wait(limit()).await.unwrap_err();
            assert_eq!((error.running, error.failures), (0, 1), "{error}");
            assert!(error.to_string().contains("release inner"), "{error}");
            log.assert_released_in_reverse(&NAMES);
        }
    });
}

/// `abort` returns at once, and the runtime drops the future some time later. A count of what is in the background
/// would still be zero.
#[test]
fn waits_for_scopes_in_tasks_that_were_aborted_just_now() {
    several_threads().block_on(async {
        for _ in 0..500 {
            let (scopes, log) = (on_tokio(), Log::default());
            let (begun, has_begun) = smol::channel::bounded::<()>(1);
            let task = tokio::spawn({
                let (scopes, log) = (scopes.clone(), log.clone());
                async move {
                    let acquire = Resource::open("it", &log, End::Well(0), End::Well(1));
                    let body = async |resource: &mut Resource| {
                        begun.send(()).await.unwrap();
                        never(resource).await
                    };
                    scopes.run(acquire, body, Resource::close).await
                }
            });
            has_begun.recv().await.unwrap();
            task.abort();
            scopes.wait(limit()).await.unwrap();
            assert_eq!(log.count("release it ends"), 1);
        }
    });
}

#[test]
fn a_scope_may_be_dropped_outside_the_runtime_that_releases_it() {
    let runtime = several_threads();
    let scopes = runtime.block_on(async { on_tokio() });
    let log = Log::default();
    drop(in_body(&scopes, &log, End::Well(3)));
    smol::block_on(scopes.wait(limit())).unwrap();
    assert_eq!(log.count("release it ends"), 1);
}

#[test]
fn a_runtime_that_ends_before_the_releases_is_told_and_not_waited_for() {
    let log = Log::default();
    let runtime = one_thread();
    let scopes = runtime.block_on(async { on_tokio() });
    // Two in tasks of the runtime, which takes no new ones while it drops these; and one that is dropped later still.
    for _ in 0..2 {
        let (scopes, log) = (scopes.clone(), log.clone());
        runtime.spawn(async move {
            let acquire = Resource::open("it", &log, End::Well(0), End::Well(1));
            scopes.run(acquire, never, Resource::close).await
        });
    }
    let third = in_body(&scopes, &log, End::Well(1));
    runtime.block_on(yield_now());
    assert_eq!(log.count("acquire it ends"), 3);
    drop(runtime);
    drop(third);
    let error = smol::block_on(scopes.wait(limit())).unwrap_err();
    assert_eq!((error.running, error.failures), (0, 3), "{error}");
}

// What the compiler accepts.

fn assert_send<T: Send>(value: T) -> T {
    value
}

#[test]
fn the_future_is_send_when_its_parts_are_and_need_not_be() {
    let (scopes, log) = (Hand::default().scopes(), Log::default());
    let three = std::array::from_fn(|_| scopes.clone());
    drop(assert_send(nested(
        &three,
        &log,
        [End::Well(0); 3],
        End::Well(0),
    )));
    drop(assert_send(scopes.wait(pending::<()>())));

    let acquire = async {
        let _here = Rc::new(1);
        yield_now().await;
        Resource::open("it", &log, End::Well(0), End::Well(0)).await
    };
    let body = async |_: &mut Resource| {
        let here = Rc::new(1);
        yield_now().await;
        Ok(*here)
    };
    let scope = scopes.run(acquire, body, Resource::close);
    assert_eq!(smol::block_on(scope).unwrap(), 1);
}

/// As a library would have it on top.
async fn with_resource<T>(
    scopes: &Scopes,
    log: &Log,
    body: impl AsyncFnOnce(&mut Resource) -> Result<T>,
) -> Result<T> {
    let acquire = Resource::open("it", log, End::Well(1), End::Well(1));
    Ok(scopes.run(acquire, body, Resource::close).await?)
}

#[test]
fn a_function_around_it_runs_in_a_task_too() {
    let (scopes, log) = (Hand::default().scopes(), Log::default());
    let task = smol::spawn(async move {
        let name = with_resource(&scopes, &log, async |resource| {
            yield_now().await;
            Ok(resource.name)
        });
        (name.await, log.count("release it ends"))
    });
    assert_eq!(smol::block_on(task), (Ok("it"), 1));
}
