//! An executor that is driven by hand: each poll is one call, and which background task comes next is the test's
//! choice.

use std::any::Any;
use std::future::ready;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use scope::Scopes;

use crate::log::{End, Log, Resource, never};

/// A waker that counts.
pub struct Wakes(AtomicUsize);

impl Wakes {
    pub fn number(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A future and its waker. It is woken to begin with.
pub struct Driven<F: ?Sized> {
    future: Pin<Box<F>>,
    pub wakes: Arc<Wakes>,
}

pub fn by_hand<F: Future>(future: F) -> Driven<F> {
    Driven::new(Box::pin(future))
}

impl<F: Future + ?Sized> Driven<F> {
    pub fn new(future: Pin<Box<F>>) -> Self {
        let wakes = Arc::new(Wakes(AtomicUsize::new(1)));
        Driven { future, wakes }
    }

    /// One poll, which is a failure when nothing has woken the future.
    #[track_caller]
    pub fn poll(&mut self) -> Poll<F::Output> {
        assert!(
            self.wakes.0.swap(0, Ordering::SeqCst) > 0,
            "nothing has woken it"
        );
        let waker = Waker::from(self.wakes.clone());
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }

    pub fn is_woken(&self) -> bool {
        self.wakes.number() > 0
    }
}

/// Which of the woken background tasks is polled next.
#[derive(Debug, Clone, Copy)]
pub enum Turn {
    Oldest,
    Newest,
    Alternating,
}

pub const TURNS: [Turn; 3] = [Turn::Oldest, Turn::Newest, Turn::Alternating];

type Task = Driven<dyn Future<Output = ()> + Send>;

/// The background.
#[derive(Clone, Default)]
pub struct Hand {
    tasks: Arc<Mutex<Vec<Task>>>,
    spawned: Arc<AtomicUsize>,
}

impl Hand {
    pub fn scopes(&self) -> Scopes {
        let hand = self.clone();
        Scopes::new(move |release| {
            hand.spawned.fetch_add(1, Ordering::SeqCst);
            hand.tasks.lock().unwrap().push(Driven::new(release));
        })
    }

    pub fn spawned(&self) -> usize {
        self.spawned.load(Ordering::SeqCst)
    }

    /// Returns how many have not ended.
    pub fn left(&self) -> usize {
        self.tasks.lock().unwrap().len()
    }

    /// Takes the newest task away.
    pub fn take(&self) -> Task {
        self.tasks.lock().unwrap().pop().unwrap()
    }

    /// Polls until no task is woken.
    pub fn run(&self, turn: Turn) {
        for round in 0.. {
            let mut tasks = self.tasks.lock().unwrap();
            let is_newest = match turn {
                Turn::Oldest => false,
                Turn::Newest => true,
                Turn::Alternating => round % 2 == 1,
            };
            let index = if is_newest {
                tasks.iter().rposition(Driven::is_woken)
            } else {
                tasks.iter().position(Driven::is_woken)
            };
            let Some(index) = index else { return };
            let mut task = tasks.remove(index);
            drop(tasks);
            if task.poll().is_pending() {
                self.tasks.lock().unwrap().insert(index, task);
            }
        }
    }

    /// Drives a future to its end. The background has its turn only when the future can do nothing without it.
    pub fn finish<F: Future + ?Sized>(&self, future: &mut Driven<F>, turn: Turn) -> F::Output {
        loop {
            if let Poll::Ready(output) = future.poll() {
                return output;
            }
            if !future.is_woken() {
                self.run(turn);
            }
        }
    }
}

/// Returns the result of a wait whose limit is reached at once: the numbers of running and failed scopes, and the first
/// failure.
pub fn state(scopes: &Scopes) -> (usize, usize, String) {
    let Poll::Ready(waited) = by_hand(scopes.wait(ready(()))).poll() else {
        panic!("it waits beyond its limit");
    };
    match waited {
        Ok(()) => (0, 0, String::new()),
        Err(error) => {
            let first = error.first.map(|first| first.to_string());
            (error.running, error.failures, first.unwrap_or_default())
        }
    }
}

/// A scope that is in its body, which does not end.
pub fn in_body<'a>(scopes: &'a Scopes, log: &'a Log, release: End) -> Driven<impl Future + 'a> {
    let acquire = Resource::open("it", log, End::Well(0), release);
    let mut scope = by_hand(scopes.run(acquire, never, Resource::close));
    assert!(scope.poll().is_pending());
    scope
}

pub fn text(panic: Box<dyn Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&str>().unwrap()).to_owned(),
    }
}
