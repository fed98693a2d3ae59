//! One scope.

use std::fmt;
use std::future::{Ready, pending};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use scope::{Background, ScopeError, Scopes};

use crate::hand::{Driven, Hand, Turn, by_hand, in_body, state, text};
use crate::log::{End, Failed, Log, Resource, Result, never, yield_now};

/// The outcome of a scope that is not dropped.
#[derive(Debug, PartialEq)]
enum Outcome {
    Value,
    Error(String, Option<String>),
    Panic(String),
}

/// Returns the expected outcome, and the error of `wait`.
fn expected(acquire: End, body: End, release: End) -> (Outcome, Option<&'static str>) {
    use End::{Error, Panic, Well};
    let error = |text: &str| Outcome::Error(text.to_owned(), None);
    let panic = |text: &str| Outcome::Panic(text.to_owned());
    match (acquire, body, release) {
        (Error(_), ..) => (error("acquire it failed"), None),
        (Panic(_), ..) => (panic("acquire it panicked"), None),
        (_, Well(_), Well(_)) => (Outcome::Value, None),
        (_, Well(_), Error(_)) => (error("release it failed"), None),
        (_, Well(_), Panic(_)) => (panic("release it panicked"), None),
        (_, Error(_), Well(_)) => (error("body failed"), None),
        (_, Error(_), Error(_)) => {
            let suppressed = Some("release it failed".to_owned());
            (Outcome::Error("body failed".to_owned(), suppressed), None)
        }
        // A panic does not become something less.
        (_, Error(_), Panic(_)) => (panic("release it panicked"), Some("body failed")),
        (_, Panic(_), Well(_)) => (panic("body panicked"), None),
        (_, Panic(_), Error(_)) => (panic("body panicked"), Some("release it failed")),
        (_, Panic(_), Panic(_)) => {
            let unheard = Some("the release panicked: release it panicked");
            (panic("body panicked"), unheard)
        }
    }
}

/// Polls a scope this number of times, drops it if it has not ended, and checks every promise. Returns whether it
/// has ended.
fn check_one_scope(acquire: End, body: End, release: End, polls: usize) -> bool {
    let case = format!("acquire {acquire:?}, body {body:?}, release {release:?}, {polls} polls");
    let (hand, log) = (Hand::default(), Log::default());
    let scopes = hand.scopes();
    let mut scope = by_hand(scopes.run(
        Resource::open("it", &log, acquire, release),
        async |resource| {
            assert_eq!(resource.name, "it");
            log.act("body", body).await?;
            Ok("value")
        },
        Resource::close,
    ));
    let mut outcome = None;
    for _ in 0..polls {
        outcome = match catch_unwind(AssertUnwindSafe(|| scope.poll())) {
            Ok(Poll::Pending) => {
                assert_eq!(state(&scopes), (1, 0, String::new()), "{case}");
                continue;
            }
            Ok(Poll::Ready(Ok(value))) => {
                assert_eq!(value, "value");
                Some(Outcome::Value)
            }
            Ok(Poll::Ready(Err(failed))) => {
                let suppressed = failed.suppressed.map(|error| error.0);
                Some(Outcome::Error(failed.error.0, suppressed))
            }
            Err(panic) => Some(Outcome::Panic(text(panic))),
        };
        break;
    }
    drop(scope);

    let is_acquired = acquire.is_well() && polls > acquire.pending();
    let has_ended = outcome.is_some();
    let unheard = if let Some(outcome) = outcome {
        let (expected, unheard) = expected(acquire, body, release);
        assert_eq!(outcome, expected, "{case}");
        assert_eq!(hand.spawned(), 0, "{case}: it was awaited");
        unheard
    } else {
        assert_eq!(hand.spawned(), usize::from(is_acquired), "{case}");
        assert_eq!(state(&scopes), (hand.spawned(), 0, String::new()), "{case}");
        hand.run(Turn::Oldest);
        match release {
            End::Error(_) if is_acquired => Some("release it failed"),
            End::Panic(_) if is_acquired => Some("the release panicked: release it panicked"),
            _ => None,
        }
    };
    assert_eq!(hand.left(), 0, "{case}");

    // Released if it was acquired, each step once, and after the body is gone.
    let released = usize::from(is_acquired);
    assert_eq!(
        log.count("acquire it begins"),
        usize::from(polls > 0),
        "{case}"
    );
    assert_eq!(log.count("release it begins"), released, "{case}");
    for number in 1..=release.pending() {
        let step = format!("release it, step {number}");
        assert_eq!(
            log.count(&step),
            released,
            "{case}: it goes on, and does not begin again"
        );
    }
    assert_eq!(log.count("release it ends"), released, "{case}");
    if is_acquired {
        log.assert_order("acquire it is gone", "body begins");
        log.assert_order("body is gone", "release it begins");
    }

    let (failures, unheard) = (usize::from(unheard.is_some()), unheard.unwrap_or_default());
    assert_eq!(state(&scopes), (0, failures, unheard.to_owned()), "{case}");
    assert_eq!(
        state(&scopes),
        (0, 0, String::new()),
        "{case}: it is told once"
    );
    has_ended
}

#[test]
fn releases_once_wherever_it_is_dropped_and_whatever_fails() {
    let mut part_way = 0;
    for acquire in End::all() {
        for body in End::all() {
            for release in End::all() {
                let enough = (0..).find(|polls| check_one_scope(acquire, body, release, *polls));
                let mut expected = 1 + acquire.pending();
                if acquire.is_well() {
                    expected += body.pending() + release.pending();
                }
                assert_eq!(enough, Some(expected), "{acquire:?}, {body:?}, {release:?}");
                part_way += expected;
            }
        }
    }
    assert_eq!(part_way, 1944, "number of scopes dropped before their end");
}

#[test]
fn a_future_that_is_never_polled_does_nothing() {
    let (hand, log) = (Hand::default(), Log::default());
    let scopes = hand.scopes();
    let acquire = Resource::open("it", &log, End::Well(0), End::Well(0));
    let scope = scopes.run(acquire, async |_| Ok(()), Resource::close);
    assert_eq!(state(&scopes).0, 0);
    drop(scope);
    assert_eq!((log.events().len(), hand.spawned()), (0, 0));
}

#[test]
fn the_body_borrows_the_resource_and_what_is_around_it() {
    let scopes = Hand::default().scopes();
    let mut seen = Vec::new();
    let length = smol::block_on(scopes.run(
        async { Ok::<_, String>(vec![1]) },
        async |resource| {
            resource.push(2);
            yield_now().await;
            seen.extend(resource.iter().copied());
            Ok(resource.len())
        },
        async |resource: Vec<i32>| {
            assert_eq!(resource, [1, 2]);
            Ok(())
        },
    ));
    assert_eq!((length.unwrap(), seen), (2, vec![1, 2]));
}

#[test]
fn an_errors_text_has_both_and_its_source_is_that_of_the_one_that_counts() {
    use std::error::Error;
    #[derive(Debug)]
    struct Caused(&'static str, Failed);
    impl fmt::Display for Caused {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }
    impl Error for Caused {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.1)
        }
    }
    let mut failed = ScopeError::from(Caused("no row", Failed("no disk".to_owned())));
    assert_eq!(failed.to_string(), "no row");
    failed.suppressed = Some(Caused("no goodbye", Failed("no line".to_owned())));
    assert_eq!(
        failed.to_string(),
        "no row (the release also failed: no goodbye)"
    );
    assert_eq!(failed.source().unwrap().to_string(), "no disk");
}

// Panics outside the polls.

/// Panics when it is dropped, at whatever moment.
struct PanicsInDrop;

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        resume_unwind(Box::new("in the drop"));
    }
}

/// Completes at its first poll. What it holds is dropped only with itself.
struct Holding<T>(Option<T>, PanicsInDrop);

impl<T: Unpin> Future for Holding<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<T>> {
        let Holding(value, PanicsInDrop) = &mut *self;
        Poll::Ready(Ok(value.take().unwrap()))
    }
}

/// The panic of a scope, when it has gone through its releases.
fn panic_of(
    hand: &Hand,
    scope: impl Future<Output = std::result::Result<(), ScopeError<Failed>>>,
) -> String {
    let mut scope = by_hand(scope);
    let ended = catch_unwind(AssertUnwindSafe(|| hand.finish(&mut scope, Turn::Oldest)));
    text(ended.unwrap_err())
}

#[test]
fn closures_and_drops_that_panic_are_as_good_as_polls_that_do() {
    let (hand, log) = (Hand::default(), Log::default());
    let scopes = hand.scopes();
    let open = || Resource::open("it", &log, End::Well(0), End::Well(1));

    fn panics(_: &mut Resource) -> Ready<Result<()>> {
        resume_unwind(Box::new("in the call"));
    }
    let scope = scopes.run(open(), panics, Resource::close);
    assert_eq!(panic_of(&hand, scope), "in the call");

    fn panics_late(_: &mut Resource) -> Holding<()> {
        Holding(Some(()), PanicsInDrop)
    }
    let scope = scopes.run(open(), panics_late, Resource::close);
    assert_eq!(panic_of(&hand, scope), "in the drop");
    assert_eq!((log.count("release it ends"), hand.spawned()), (2, 0));

    let panics = |_| -> Ready<Result<()>> { resume_unwind(Box::new("in the call")) };
    let scope = scopes.run(open(), async |_| Ok(()), panics);
    assert_eq!(panic_of(&hand, scope), "in the call");

    let panics_late = |_| Holding(Some(()), PanicsInDrop);
    let scope = scopes.run(open(), async |_| Ok(()), panics_late);
    assert_eq!(panic_of(&hand, scope), "in the drop");
    assert_eq!(state(&scopes), (0, 0, String::new()));

    // In the background as well.
    let mut scope = by_hand(scopes.run(open(), never, |_| Holding(Some(()), PanicsInDrop)));
    assert!(scope.poll().is_pending());
    drop(scope);
    hand.run(Turn::Oldest);
    let told = "the release panicked: in the drop".to_owned();
    assert_eq!(state(&scopes), (0, 1, told));
}

#[test]
fn a_panic_that_leaves_no_time_to_await_leaves_the_release_to_the_background() {
    let (hand, log) = (Hand::default(), Log::default());
    let scopes = hand.scopes();
    let open = || Resource::open("it", &log, End::Well(0), End::Well(1));

    // The acquire has succeeded, and panics in its drop.
    let resource = smol::block_on(open()).unwrap();
    let acquire = Holding(Some(resource), PanicsInDrop);
    let scope = scopes.run(acquire, async |_| Ok(()), Resource::close);
    assert_eq!(panic_of(&hand, scope), "in the drop");
    hand.run(Turn::Oldest);
    assert_eq!((hand.spawned(), log.count("release it ends")), (1, 1));

    // The body panics while it is dropped.
    let body = async |_: &mut Resource| {
        let _guard = PanicsInDrop;
        pending::<Result<()>>().await
    };
    let mut scope = by_hand(scopes.run(open(), body, Resource::close));
    assert!(scope.poll().is_pending());
    let panic = catch_unwind(AssertUnwindSafe(|| drop(scope))).unwrap_err();
    assert_eq!(text(panic), "in the drop");
    hand.run(Turn::Oldest);
    assert_eq!((hand.spawned(), log.count("release it ends")), (2, 2));
    assert_eq!(state(&scopes), (0, 0, String::new()));
}

/// Another panic drops the scope while it unwinds. A second panic would abort the program.
#[test]
fn a_scope_that_a_panic_drops_is_released_and_its_spawner_may_even_panic() {
    let (hand, log) = (Hand::default(), Log::default());
    let panicking = Scopes::new(|_| resume_unwind(Box::new("no runtime")));
    for scopes in [hand.scopes(), panicking.clone()] {
        let scope = in_body(&scopes, &log, End::Well(2));
        let panic = catch_unwind(AssertUnwindSafe(move || {
            let _scope = scope;
            resume_unwind(Box::new("elsewhere"));
        }));
        assert_eq!(text(panic.unwrap_err()), "elsewhere");
    }
    hand.run(Turn::Oldest);
    assert_eq!(log.count("release it ends"), 1);
    assert_eq!(state(&panicking), (0, 1, DROPPED.to_owned()));
}

// Spawners that do not do their work.

const DROPPED: &str = "the spawner dropped the release before it had finished";

#[test]
fn a_release_that_the_spawner_does_not_run_is_told() {
    let log = Log::default();
    let losing: [fn(Background); 2] = [drop, |_| resume_unwind(Box::new("no runtime"))];
    for spawn in losing {
        let scopes = Scopes::new(spawn);
        drop(in_body(&scopes, &log, End::Well(0)));
        assert_eq!(state(&scopes), (0, 1, DROPPED.to_owned()));
    }
    assert_eq!(log.count("release it begins"), 0);

    // Part-way.
    let hand = Hand::default();
    let scopes = hand.scopes();
    drop(in_body(&scopes, &log, End::Well(5)));
    let mut task = hand.take();
    assert!(task.poll().is_pending() && task.poll().is_pending());
    assert_eq!(state(&scopes), (1, 0, String::new()));
    drop(task);
    assert_eq!(state(&scopes), (0, 1, DROPPED.to_owned()));
}

#[test]
fn a_scope_counts_as_running_until_the_resource_is_gone() {
    /// Notes how many scopes run when it goes.
    struct Probe(Scopes, Log);
    impl Drop for Probe {
        fn drop(&mut self) {
            self.1.note(format!("gone, {} running", state(&self.0).0));
        }
    }
    let (hand, log) = (Hand::default(), Log::default());
    let scopes = hand.scopes();
    let (scopes, log) = (&scopes, &log);
    let begin = |body| -> Driven<_> {
        let acquire = async { Ok::<_, Failed>(Probe(scopes.clone(), log.clone())) };
        let release = async |_probe: Probe| {
            yield_now().await;
            Ok(())
        };
        by_hand(scopes.run(acquire, async move |_| log.act("body", body).await, release))
    };
    hand.finish(&mut begin(End::Well(0)), Turn::Oldest).unwrap();
    let mut scope = begin(End::Well(1));
    assert!(scope.poll().is_pending());
    drop(scope);
    hand.run(Turn::Oldest);
    let mut scope = begin(End::Well(1));
    assert!(scope.poll().is_pending());
    drop(scope);
    drop(hand.take());
    assert_eq!(log.count("gone, 1 running"), 3);
}
