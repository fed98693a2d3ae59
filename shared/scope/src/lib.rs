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

/// A release that the spawner must run to its end in the background.
pub type Background = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs scopes, and counts those that have not ended. A clone is another handle to the same value.
///
/// One is enough for a program. To wait for some scopes and not for others, give these a separate one: it is only the
/// spawner and a count.
#[derive(Clone)]
pub struct Scopes(Arc<Shared>);

struct Shared {
    spawn: Box<dyn Fn(Background) + Send + Sync>,
    running: Arc<Count>,
    unheard: Mutex<Unheard>,
}

/// The failures that no caller got. Only the first is kept, so that memory stays bounded in a program that never waits.
#[derive(Default)]
struct Unheard {
    number: usize,
    first: Option<Box<dyn Error + Send + Sync>>,
}

impl Scopes {
    /// Takes a function that runs a release in the background, on any runtime.
    ///
    /// `spawn` is called while a future is being dropped: on any thread, within a runtime or not, and perhaps during a
    /// panic. It must not block, and must run the future to its end without waiting for the scopes around it. If it
    /// panics or drops the future, the release is lost, and [`wait`](Scopes::wait) reports that.
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
    /// // smol cancels a task that is dropped. A detached one continues.
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

    /// Runs a scope: acquires a resource, passes it to `body`, and releases it, however `body` ends. Returns the value
    /// of `body` when all three have succeeded.
    ///
    /// When this completes, the resource is released. `release` gets it by value. The future of `release` may have to
    /// continue in another task, so it is `Send` and borrows nothing. (`release` may be an `async` closure. The bound
    /// is not `AsyncFnOnce`, because that cannot say that the future is `Send`.) The other two have no such bound: this
    /// future is `Send` if they are.
    ///
    /// Scopes nest, as `async with` blocks do. The release of an outer scope waits for those inside, even if the inner
    /// one, or the outermost future, was dropped before its end. A scope is inside if it is dropped on the same thread
    /// while the outer body is polled or dropped; a scope in a task that the body has spawned is not.
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
    /// - `body` fails: the resource is released, and then this returns its error. If `release` also fails, its error is
    ///   [`ScopeError::suppressed`].
    /// - only `release` fails: this returns its error, and `body`'s value is dropped.
    ///
    /// # Panics
    ///
    /// When one of the three panics. A panic of `body` continues when the resource has been released. A panic comes
    /// before an error, and `body`'s panic before `release`'s. The other failure is kept for [`wait`](Scopes::wait).
    ///
    /// # Cancel safety
    ///
    /// If it is dropped before it was polled, it has done nothing. If it is dropped during `acquire`, it drops
    /// `acquire`, which must clean up what it has opened. If it is dropped later, it drops `body` and runs the release
    /// to its end in the background; a release that had begun continues from where it was. The drop does not wait for
    /// that; [`wait`](Scopes::wait) does.
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
        // From here on, dropping this future drops the guard, which runs the release.
        let mut guard = Guard::new(self);
        {
            // Dropped when the guard has the resource, because its drop may panic.
            let acquire = pin!(acquire);
            guard.held = Held::Resource(acquire.await?, release);
        }
        let Held::Resource(resource, _) = &mut guard.held else {
            unreachable!("it was acquired just now")
        };
        let ended = {
            // In a block, so that a panic in the call also counts as the body's, and nothing is left of a body that has
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

    /// Waits until every scope that has begun has ended, in the background or elsewhere, or until `limit` completes.
    /// Call it at the end of a program, before its runtime ends.
    ///
    /// `limit` is a timer of the runtime's, such as `tokio::time::sleep`, or [`std::future::pending`] for no limit.
    /// Scopes in other tasks count because a task that was cancelled may not have stopped yet: Tokio's `abort` returns
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
    /// When scopes still run at the limit, and when something has failed since the last wait and no caller got the
    /// error: a release in the background failed, panicked, or was dropped before its end, or another panic came first.
    ///
    /// # Cancel safety
    ///
    /// Dropping it only stops the waiting. The next wait reports the failures.
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
