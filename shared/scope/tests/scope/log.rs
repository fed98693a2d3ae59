//! The events of these tests, and a log of them.

use std::fmt;
use std::future::{pending, poll_fn};
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use scope::ScopeError;

/// The way in which a future ends, after it has been pending this number of times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum End {
    Well(usize),
    Error(usize),
    Panic(usize),
}

impl End {
    pub fn pending(self) -> usize {
        match self {
            End::Well(pending) | End::Error(pending) | End::Panic(pending) => pending,
        }
    }

    pub fn is_well(self) -> bool {
        matches!(self, End::Well(_))
    }

    /// Every way to end, after up to two times.
    pub fn all() -> impl Iterator<Item = End> {
        (0..=2).flat_map(|n| [End::Well(n), End::Error(n), End::Panic(n)])
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Failed(pub String);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failed {}

impl From<ScopeError<Failed>> for Failed {
    fn from(failed: ScopeError<Failed>) -> Failed {
        failed.error
    }
}

pub type Result<T> = std::result::Result<T, Failed>;

/// The events, in order.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub fn note(&self, event: impl Into<String>) {
        self.0.lock().unwrap().push(event.into());
    }

    pub fn events(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub fn count(&self, event: &str) -> usize {
        self.events().iter().filter(|other| *other == event).count()
    }

    #[track_caller]
    pub fn assert_order(&self, first: &str, second: &str) {
        let events = self.events();
        let index = |event| events.iter().position(|other| other == event);
        let (first_index, second_index) = (index(first), index(second));
        assert!(
            first_index.is_some() && first_index < second_index,
            "{first:?} before {second:?}: {events:#?}"
        );
    }

    /// Checks that the acquired ones of these are released in reverse order, one after the other.
    #[track_caller]
    pub fn assert_released_in_reverse(&self, names: &[&str]) {
        let acquired = |name: &&&str| self.count(&format!("acquire {name} ends")) == 1;
        let mut before: Option<&str> = None;
        for name in names.iter().rev().filter(acquired) {
            let released = self.count(&format!("release {name} ends"));
            assert_eq!(released, 1, "{name}: {:#?}", self.events());
            if let Some(before) = before {
                let (before, after) = (
                    format!("release {before} is gone"),
                    format!("release {name} begins"),
                );
                self.assert_order(&before, &after);
            }
            before = Some(name);
        }
    }

    /// Ends as it is told, and notes each step.
    pub async fn act(&self, what: &str, end: End) -> Result<()> {
        let _gone = Gone(self, what);
        self.note(format!("{what} begins"));
        for number in 1..=end.pending() {
            yield_now().await;
            self.note(format!("{what}, step {number}"));
        }
        self.note(format!("{what} ends"));
        match end {
            End::Well(_) => Ok(()),
            End::Error(_) => Err(Failed(format!("{what} failed"))),
            // Not `panic!`, whose message would be printed thousands of times.
            End::Panic(_) => resume_unwind(Box::new(format!("{what} panicked"))),
        }
    }
}

/// Notes that what held it is gone.
struct Gone<'a>(&'a Log, &'a str);

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        self.0.note(format!("{} is gone", self.1));
    }
}

/// A resource that knows how its release will end.
pub struct Resource {
    pub name: &'static str,
    log: Log,
    release: End,
}

impl Resource {
    pub async fn open(
        name: &'static str,
        log: &Log,
        acquire: End,
        release: End,
    ) -> Result<Resource> {
        log.act(&format!("acquire {name}"), acquire).await?;
        let log = log.clone();
        Ok(Resource { name, log, release })
    }

    pub async fn close(self) -> Result<()> {
        self.log
            .act(&format!("release {}", self.name), self.release)
            .await
    }
}

/// A body that does not end.
pub async fn never(_: &mut Resource) -> Result<()> {
    pending().await
}

pub async fn yield_now() {
    let mut is_first = true;
    poll_fn(|context| {
        if std::mem::take(&mut is_first) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}

/// Polls a future that often, and then drops it. Returns what it returned, if it did.
pub async fn drop_after<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Polls all of them until all have ended.
pub async fn together<T>(futures: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut futures: Vec<_> = futures
        .into_iter()
        .map(|future| (Box::pin(future), None))
        .collect();
    poll_fn(|context| {
        for (future, output) in &mut futures {
            if output.is_none()
                && let Poll::Ready(value) = future.as_mut().poll(context)
            {
                *output = Some(value);
            }
        }
        if futures.iter().all(|(_, output)| output.is_some()) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    futures
        .into_iter()
        .filter_map(|(_, output)| output)
        .collect()
}
