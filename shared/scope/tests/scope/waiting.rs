//! Waiting at the end of a program.

use std::future::pending;
use std::pin::Pin;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use crate::hand::{Hand, Turn, by_hand, in_body, state};
use crate::log::{End, Log, Resource, never};

#[test]
fn waits_for_every_scope_and_is_woken_once() {
    let (hand, log) = (Hand::default(), Log::default());
    let scopes = hand.scopes();
    let begin = || in_body(&scopes, &log, End::Well(2));
    drop([begin(), begin(), begin()]);
    let running = begin();
    let mut waits = [(); 2].map(|()| by_hand(scopes.wait(pending::<()>())));
    for wait in &mut waits {
        assert!(wait.poll().is_pending());
    }
    hand.run(Turn::Newest);
    assert_eq!(log.count("release it ends"), 3);
    assert!(!waits[0].is_woken(), "one still runs");
    drop(running);
    assert!(!waits[0].is_woken(), "its release still runs");
    hand.run(Turn::Newest);
    assert_eq!(log.count("release it ends"), 4);
    for mut wait in waits {
        assert_eq!(wait.wakes.number(), 1);
        assert!(matches!(wait.poll(), Poll::Ready(Ok(()))));
    }
}

#[test]
fn waits_no_longer_than_the_limit_and_tells_what_is_wrong() {
    let (hand, log) = (Hand::default(), Log::default());
    let scopes = hand.scopes();
    for release in [End::Error(0), End::Panic(0)] {
        drop(in_body(&scopes, &log, release));
        hand.run(Turn::Oldest);
    }
    drop(in_body(&scopes, &log, End::Well(0)));
    let (reach, limit) = smol::channel::bounded::<()>(1);
    let mut wait = by_hand(scopes.wait(async move { limit.recv().await }));
    assert!(wait.poll().is_pending());
    reach.try_send(()).unwrap();
    let Poll::Ready(Err(error)) = wait.poll() else {
        panic!("it waits beyond its limit");
    };
    assert_eq!((error.running, error.failures), (1, 2));
    assert_eq!(
        error.to_string(),
        "1 scope was still running at the time limit; 2 releases failed, and no caller got their errors; the first: release it failed"
    );
    hand.run(Turn::Oldest);
    assert_eq!(state(&scopes), (0, 0, String::new()));
}

#[test]
fn an_error_tells_only_what_there_is_to_tell() {
    let (hand, log) = (Hand::default(), Log::default());
    let scopes = hand.scopes();
    let message = || {
        let Poll::Ready(Err(error)) = by_hand(scopes.wait(async {})).poll() else {
            panic!("there is something wrong");
        };
        assert!(std::error::Error::source(&error).is_none());
        error.to_string()
    };
    drop([(); 2].map(|()| in_body(&scopes, &log, End::Well(0))));
    assert_eq!(message(), "2 scopes were still running at the time limit");
    hand.run(Turn::Oldest);
    drop(in_body(&scopes, &log, End::Error(0)));
    hand.run(Turn::Oldest);
    assert_eq!(
        message(),
        "1 release failed, and no caller got the error: release it failed"
    );
    assert_eq!(format!("{scopes:?}"), "Scopes { running: 0, .. }");
}

#[test]
fn a_wait_that_is_given_up_leaves_no_waker_behind() {
    let log = Log::default();
    let scopes = Hand::default().scopes();
    let _running = in_body(&scopes, &log, End::Well(0));
    let mut wait = by_hand(scopes.wait(pending::<()>()));
    assert!(wait.poll().is_pending());
    let wakes = wait.wakes.clone();
    assert_eq!(Arc::strong_count(&wakes), 3);
    drop(wait);
    assert_eq!(Arc::strong_count(&wakes), 1);
}

/// As a task's waker does, which is the last to hold its task: then dropping it drops a scope.
#[test]
fn a_waker_may_hold_what_is_waited_for() {
    struct Task(Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>);
    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.lock().unwrap().take();
        }
    }
    let (done, is_done) = mpsc::channel();
    // On a separate thread, because a failure here blocks.
    thread::spawn(move || {
        let scopes = Hand::default().scopes();
        let mut scope = Box::pin({
            let scopes = scopes.clone();
            async move { drop(scopes.run(pending(), never, Resource::close).await) }
        });
        let mut ignore = Context::from_waker(Waker::noop());
        assert!(scope.as_mut().poll(&mut ignore).is_pending());
        let waker = Waker::from(Arc::new(Task(Mutex::new(Some(scope)))));

        let mut another = by_hand(scopes.wait(pending::<()>()));
        assert!(another.poll().is_pending());
        let mut wait = Box::pin(scopes.wait(pending::<()>()));
        assert!(
            wait.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        drop(waker);
        drop(wait);
        done.send(another.poll().is_ready()).unwrap();
    });
    assert_eq!(is_done.recv_timeout(Duration::from_secs(60)), Ok(true));
}
