//! Scopes inside scopes.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use scope::Scopes;
use smol::lock::Barrier;

use crate::hand::{Hand, TURNS, Turn, by_hand, in_body, state};
use crate::log::{End, Log, Resource, Result, drop_after, never, together};

/// Three, one inside the other.
pub async fn nested(scopes: &[Scopes; 3], log: &Log, releases: [End; 3], body: End) -> Result<()> {
    let open = |name, release| Resource::open(name, log, End::Well(1), release);
    let [outer, middle, inner] = releases;
    let innermost = async |_: &mut Resource| log.act("body", body).await;
    let within_middle = async |_: &mut Resource| {
        let inner = scopes[2].run(open("inner", inner), innermost, Resource::close);
        Ok(inner.await?)
    };
    let within_outer = async |_: &mut Resource| {
        let middle = scopes[1].run(open("middle", middle), within_middle, Resource::close);
        Ok(middle.await?)
    };
    let outer = scopes[0].run(open("outer", outer), within_outer, Resource::close);
    Ok(outer.await?)
}

pub const NAMES: [&str; 3] = ["outer", "middle", "inner"];

/// Polls them this number of times, drops the outermost if it has not ended, and checks the order. Returns whether it
/// has ended.
fn check_nested(turn: Turn, releases: [End; 3], body: End, polls: usize) -> bool {
    let (hand, log) = (Hand::default(), Log::default());
    // One for all, or one for each: it makes no difference.
    let one = hand.scopes();
    let scopes = if polls % 2 == 0 {
        [one.clone(), one.clone(), one]
    } else {
        std::array::from_fn(|_| hand.scopes())
    };
    let mut work = by_hand(nested(&scopes, &log, releases, body));
    let has_ended = (0..polls).any(|_| {
        let polled = catch_unwind(AssertUnwindSafe(|| work.poll()));
        polled.map_or(true, |polled| polled.is_ready())
    });
    drop(work);
    assert!(!has_ended || hand.spawned() == 0);
    hand.run(turn);
    assert_eq!(hand.left(), 0);
    log.assert_released_in_reverse(&NAMES);
    assert!(scopes.iter().all(|scopes| state(scopes).0 == 0));
    has_ended
}

#[test]
fn nested_scopes_are_released_in_reverse_wherever_the_outermost_is_dropped() {
    let mut part_way = 0;
    for turn in TURNS {
        for inner in End::all() {
            for middle in [End::Well(1), End::Error(1), End::Panic(0)] {
                for outer in [End::Well(0), End::Well(2)] {
                    for body in [End::Well(1), End::Error(1), End::Panic(1)] {
                        let releases = [outer, middle, inner];
                        part_way += (0..)
                            .find(|polls| check_nested(turn, releases, body, *polls))
                            .unwrap();
                    }
                }
            }
        }
    }
    assert_eq!(part_way, 3726, "number of scopes dropped before their end");
}

/// As with a timeout in the body: it drops the inner scope after `inner_polls`, and goes on.
fn check_given_up(turn: Turn, inner: End, inner_polls: usize, polls: usize) -> bool {
    let (hand, log) = (Hand::default(), Log::default());
    let (scopes, others) = (hand.scopes(), hand.scopes());
    let body = async |_: &mut Resource| {
        let acquire = Resource::open("inner", &log, End::Well(0), inner);
        let inner = others.run(
            acquire,
            async |_| log.act("body", End::Well(1)).await,
            Resource::close,
        );
        assert!(drop_after(inner_polls, inner).await.is_none());
        log.act("rest", End::Well(1)).await
    };
    let acquire = Resource::open("outer", &log, End::Well(0), End::Well(1));
    let mut work = by_hand(scopes.run(acquire, body, Resource::close));
    let has_ended = (0..polls).any(|_| {
        if !work.is_woken() {
            // Only now, so that the outer scope has had every chance to be the first.
            hand.run(turn);
        }
        work.poll().is_ready()
    });
    drop(work);
    hand.run(turn);
    assert_eq!(hand.left(), 0);
    log.assert_released_in_reverse(&["outer", "inner"]);
    assert_eq!(
        (state(&scopes), state(&others).0),
        ((0, 0, String::new()), 0)
    );
    assert!(!has_ended || (hand.spawned(), log.count("rest ends")) == (1, 1));
    has_ended
}

#[test]
fn a_release_waits_for_those_of_scopes_that_its_body_has_given_up() {
    let mut part_way = 0;
    for turn in TURNS {
        for inner in End::all() {
            for inner_polls in 1..=1 + inner.pending() {
                part_way += (0..)
                    .find(|polls| check_given_up(turn, inner, inner_polls, *polls))
                    .unwrap();
            }
        }
    }
    assert!(part_way > 100, "{part_way}");
}

#[test]
fn scopes_side_by_side_in_a_body_are_released_side_by_side_and_before_it() {
    for turn in TURNS {
        let (hand, log) = (Hand::default(), Log::default());
        let scopes = hand.scopes();
        let barrier = Arc::new(Barrier::new(2));
        let side = |name| {
            let barrier = barrier.clone();
            let close = async move |resource: Resource| {
                // If they were released one after the other, the first would never continue.
                barrier.wait().await;
                resource.close().await
            };
            let acquire = Resource::open(name, &log, End::Well(0), End::Well(1));
            scopes.run(acquire, never, close)
        };
        let body = async |_: &mut Resource| {
            together([side("left"), side("right")]).await;
            Ok(())
        };
        let acquire = Resource::open("outer", &log, End::Well(0), End::Well(0));
        let mut work = by_hand(scopes.run(acquire, body, Resource::close));
        assert!(work.poll().is_pending());
        drop(work);
        hand.run(turn);
        assert_eq!((hand.spawned(), hand.left()), (3, 0));
        log.assert_released_in_reverse(&["outer", "left"]);
        log.assert_released_in_reverse(&["outer", "right"]);
    }
}

#[test]
fn a_scope_that_has_left_the_body_alive_is_not_waited_for() {
    let (hand, log) = (Hand::default(), Log::default());
    let scopes = hand.scopes();
    let body = async |_: &mut Resource| Ok(in_body(&scopes, &log, End::Well(1)));
    let acquire = Resource::open("outer", &log, End::Well(0), End::Well(0));
    let other = hand.finish(
        &mut by_hand(scopes.run(acquire, body, Resource::close)),
        Turn::Oldest,
    );
    assert_eq!((log.count("release outer ends"), hand.spawned()), (1, 0));
    drop(other);
    assert_eq!(hand.left(), 1);
}

/// Also when one scope has been inside another before, this thread is in none now.
#[test]
fn a_scope_beside_another_does_not_wait_for_it() {
    let (hand, log) = (Hand::default(), Log::default());
    let scopes = hand.scopes();
    let first = in_body(&scopes, &log, End::Well(1));
    let body = async |_: &mut Resource| {
        drop_after(
            1,
            scopes.run(
                Resource::open("inner", &log, End::Well(0), End::Well(0)),
                never,
                Resource::close,
            ),
        )
        .await;
        pending::<Result<()>>().await
    };
    let acquire = Resource::open("second", &log, End::Well(0), End::Well(0));
    let mut second = by_hand(scopes.run(acquire, body, Resource::close));
    assert!(second.poll().is_pending());
    drop(first);
    let first = hand.take();
    drop(second);
    hand.run(Turn::Newest);
    log.assert_released_in_reverse(&["second", "inner"]);
    drop(first);
}

/// A thousand, one after the other.
#[test]
fn a_body_may_give_up_any_number_of_scopes() {
    let (hand, log) = (Hand::default(), Log::default());
    let scopes = hand.scopes();
    let body = async |_: &mut Resource| {
        for _ in 0..1000 {
            let acquire = Resource::open("inner", &log, End::Well(0), End::Well(0));
            let inner = scopes.run(acquire, never, Resource::close);
            assert!(drop_after(1, inner).await.is_none());
        }
        Ok(())
    };
    let acquire = Resource::open("outer", &log, End::Well(0), End::Well(0));
    let mut work = by_hand(scopes.run(acquire, body, Resource::close));
    hand.finish(&mut work, Turn::Newest).unwrap();
    assert_eq!(log.count("release inner ends"), 1000);
    assert_eq!(log.events().last().unwrap(), "release outer is gone");
}
