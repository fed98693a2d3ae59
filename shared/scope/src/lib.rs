#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod count;
mod error;
mod inside;
mod release;

pub use error::{ScopeError, WaitError};

use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::panic::resume_unwind;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use count::Count;
use error::Problem;
use inside::Body;
use release::{Guard, Held};

/// A release that has been left to the background, for the spawner to run to its end.
pub type Background = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs scopes, and knows which of them have not ended. A clone is another handle to the same.
///
/// One is enough for a program. It is only the spawner and a count, so there may as well be many: whoever wants to
/// wait for some scopes and not for others gives them one of their own.
#[derive(Clone)]
pub struct Scopes(Arc<Shared>);

struct Shared {
    spawn: Box<dyn Fn(Background) + Send + Sync>,
    running: Arc<Count>,
    unheard: Mutex<Unheard>,
}

/// The failures that nobody was handed. Only the first is kept: a program that never asks must not grow.
#[derive(Default)]
struct Unheard {
    number: usize,
    first: Option<Box<dyn Error + Send + Sync>>,
}

impl Scopes {
    /// Takes what runs a release in the background, on whatever runtime.
    ///
    /// `spawn` is called while a future is being dropped: on any thread, within a runtime or not, and perhaps during a
    /// panic. It must not block, and must have the future run to its end without waiting for the scopes around it. One
    /// that panics, or drops the future, loses the release; [`wait`](Scopes::wait) tells.
    ///
    /// ```
    /// use scope::Scopes;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// // `tokio::spawn` alone would panic in a drop outside the runtime.
    /// let runtime = tokio::runtime::Handle::current();
    /// let on_tokio = Scopes::new(move |release| drop(runtime.spawn(release)));
    /// # });
    /// let on_async_std = Scopes::new(|release| drop(async_std::task::spawn(release)));
    /// // A dropped task of smol's is cancelled. A detached one goes on.
    /// let on_smol = Scopes::new(|release| smol::spawn(release).detach());
    /// ```
    #[must_use]
    pub fn new(spawn: impl Fn(Background) + Send + Sync + 'static) -> Scopes {
        Scopes(Arc::new(Shared {
            spawn: Box::new(spawn),
            running: Arc::default(),
            unheard: Mutex::default(),
        }))
    }

    /// A scope: acquires a resource, lends it to `body`, and releases it, however `body` ends. Returns what `body`
    /// returned, when all three have succeeded.
    ///
    /// When this completes, the resource is released. `release` gets it by value, and what `release` returns may have
    /// to go on in another task, so it is `Send` and borrows nothing. (An `async` closure is as good as a closure that
    /// returns a future. Only the bound cannot be `AsyncFnOnce`, for it could not say that the future is `Send`.) The
    /// other two are as they like: this future is `Send` when they are.
    ///
    /// Scopes nest, as `async with` blocks do. The release of an outer one waits for those inside, also when the inner
    /// one was dropped part-way, or the outermost future with everything in it. Inside is what is dropped on the same
    /// thread while the outer body is polled or dropped; a task that the body has spawned is not.
    ///
    /// ```
    /// use scope::{ScopeError, Scopes};
    ///
    /// struct Connection;
    ///
    /// impl Connection {
    ///     async fn open() -> Result<Connection, std::io::Error> {
    ///         Ok(Connection)
    ///     }
    ///
    ///     async fn age(&mut self, name: &str) -> Result<u32, std::io::Error> {
    ///         Ok(if name == "Alice" { 40 } else { 25 })
    ///     }
    ///
    ///     async fn close(self) -> Result<(), std::io::Error> {
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # smol::block_on(async {
    /// let scopes = Scopes::new(|release| smol::spawn(release).detach());
    /// let age = scopes
    ///     .run(Connection::open(), async |connection| connection.age("Alice").await, Connection::close)
    ///     .await?;
    /// assert_eq!(age, 40);
    /// # Ok::<(), ScopeError<std::io::Error>>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// - `acquire` fails: there is nothing to release.
    /// - `body` fails: the resource is released, and then this is its error. If `release` fails, too, its error comes
    ///   along as [`ScopeError::suppressed`].
    /// - `release` alone fails: this is its error, and `body`'s value is dropped.
    ///
    /// # Panics
    ///
    /// When one of the three does. A panic of `body` goes on when the resource has been released. A panic wins over an
    /// error, and `body`'s wins over `release`'s. What was overruled is kept for [`wait`](Scopes::wait).
    ///
    /// # Cancel safety
    ///
    /// Dropped before it was polled, it has done nothing. Dropped during `acquire`, it drops `acquire`, which must see
    /// to what it has opened so far. Dropped later, it drops `body` and leaves the release to the background, where it
    /// runs to its end, also when it had begun: it goes on from where it was. The drop itself does not wait for it;
    /// [`wait`](Scopes::wait) does.
    pub async fn run<R, T, E, F>(
        &self,
        acquire: impl Future<Output = Result<R, E>>,
        body: impl AsyncFnOnce(&mut R) -> Result<T, E>,
        release: impl FnOnce(R) -> F + Send + 'static,
    ) -> Result<T, ScopeError<E>>
    where
        R: Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>> + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        // From here on, dropping this future drops the guard, which sees to the rest.
        let mut guard = Guard::new(self);
        {
            // It goes when the guard has the resource, for its drop may panic.
            let acquire = pin!(acquire);
            guard.held = Held::Resource(acquire.await?, release);
        }
        let Held::Resource(resource, _) = &mut guard.held else {
            unreachable!("it was acquired just now")
        };
        let ended = {
            // In a block, so that a panic in the call alone is the body's, too, and nothing is left of a body that has
            // ended.
            let future = pin!(Some(async { body(resource).await }));
            let inside = &mut guard.inside;
            Body { future, inside }.await
        };
        let released = guard.release().await;
        match (ended, released) {
            (Ok(Ok(value)), Ok(Ok(()))) => Ok(value),
            (Ok(Ok(_)), Ok(Err(error))) => Err(ScopeError::from(error)),
            (Ok(Err(error)), Ok(released)) => Err(ScopeError {
                error,
                suppressed: released.err(),
            }),
            (Ok(body), Err(panic)) => {
                self.note(body.err());
                resume_unwind(panic)
            }
            (Err(panic), Ok(released)) => {
                self.note(released.err());
                resume_unwind(panic)
            }
            (Err(panic), Err(another)) => {
                self.note(Some(Problem::panicked(&*another)));
                resume_unwind(panic)
            }
        }
    }

    /// Waits until every scope that has begun has ended, in the background or elsewhere; or until `limit` completes,
    /// whatever it completes with. For the end of a program, before its runtime ends.
    ///
    /// `limit` is a timer of the runtime's, such as `tokio::time::sleep`, or [`std::future::pending`] for no limit. The
    /// scopes elsewhere count because a task that was told to stop may not have stopped yet: Tokio's `abort` returns
    /// before the task's future is dropped. So no scope's body should await this: it would wait for itself.
    ///
    /// ```
    /// use std::time::Duration;
    /// use scope::{Scopes, WaitError};
    ///
    /// # smol::block_on(async {
    /// let scopes = Scopes::new(|release| smol::spawn(release).detach());
    /// // ... the program ...
    /// scopes.wait(smol::Timer::after(Duration::from_secs(5))).await?;
    /// # Ok::<(), WaitError>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// When scopes still run at the limit, and when something has failed since the last wait that nobody was handed: a
    /// release in the background has failed, panicked, or was dropped before its end, or something was overruled by a
    /// panic.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops the waiting and nothing else. What has failed is told to the next wait.
    pub async fn wait(&self, limit: impl Future) -> Result<(), WaitError> {
        {
            let (mut ended, mut limit) = (pin!(self.0.running.zero()), pin!(limit));
            poll_fn(|context| {
                if ended.as_mut().poll(context).is_ready()
                    || limit.as_mut().poll(context).is_ready()
                {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            })
            .await;
        }
        let running = self.0.running.get();
        let Unheard { number, first } = std::mem::take(&mut *self.unheard());
        if running == 0 && number == 0 {
            return Ok(());
        }
        Err(WaitError {
            running,
            failures: number,
            first,
        })
    }

    fn note(&self, failure: Option<impl Into<Box<dyn Error + Send + Sync>>>) {
        if let Some(failure) = failure.map(Into::into) {
            let mut unheard = self.unheard();
            unheard.number += 1;
            if unheard.first.is_none() {
                unheard.first = Some(failure);
            }
        }
    }

    fn unheard(&self) -> MutexGuard<'_, Unheard> {
        self.0
            .unheard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let running = self.0.running.get();
        f.debug_struct("Scopes")
            .field("running", &running)
            .finish_non_exhaustive()
    }
}
