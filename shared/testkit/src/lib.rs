//! Runs checks and reports why they fail, and captures the output of examples.
//!
//! A failing check reports what was expected, what was seen, and a hint. It works on new random data; it prints the
//! seed, and `CHECK_SEED=…` repeats a run. A check that does not end in time fails.

#[cfg(feature = "sqlite")]
pub mod cases;
pub mod examples;
pub mod expect;
#[cfg(feature = "sqlite")]
pub mod faults;
#[cfg(feature = "sqlite")]
pub mod program;
mod quiet;
#[cfg(feature = "relay")]
mod relay;
mod report;
#[cfg(feature = "sqlite")]
mod temp_database;
#[cfg(feature = "sqlite")]
mod test_database;
pub mod users;

use std::any::Any;
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use recorder::timeline::Timeline;
use report::Report;

pub use recorder::Deadline;

pub use quiet::expect_quiet;
#[cfg(feature = "relay")]
pub use relay::Relay;
#[cfg(feature = "sqlite")]
pub use temp_database::TempDatabase;
#[cfg(feature = "sqlite")]
pub use test_database::TestDatabase;

/// The environment of a check: new data, and an instrument that records what happens to it.
pub trait Bench: Send + Sync + 'static {
    /// Returns what the instrument has recorded so far, as text for people.
    fn saw(&self) -> String;

    /// Returns the same as a timeline, for a program that draws it. `None` if the instrument records none.
    fn timeline(&self) -> Option<Timeline> {
        None
    }
}

/// Runs a check on a fresh SQLite database with random users.
///
/// ```
/// use testkit::check;
/// use shared::sqlite::{open, read_users};
///
/// check("the function that opens a connection closes it: where does its scope end?", |database| {
///     let connection = open(database.path()).unwrap();
///     let mut statement = connection.prepare("SELECT * FROM users ORDER BY id").unwrap();
///     let users = read_users(&mut statement.query([]).unwrap());
///     database.expect_users("every user, in the order of their ids", users, database.users());
///     drop(statement);
///     drop(connection);
///     database.expect_all_closed("when the users have been fetched", 1);
/// });
/// ```
///
/// # Panics
///
/// When the check fails, or has not ended when twice the time of a [`Deadline`] has passed. Before that it prints what was
/// seen, the hint, and how to repeat the run.
#[cfg(feature = "sqlite")]
pub fn check(hint: &str, body: impl FnOnce(&TestDatabase) + Send + 'static) {
    check_on(hint, TestDatabase::new, body);
}

/// Runs a check on the environment that `prepare` creates from a random seed.
///
/// # Panics
///
/// As [`check`]; and when `CHECK_SEED` is not a number.
pub fn check_on<B: Bench>(
    hint: &str,
    prepare: impl FnOnce(u64) -> B,
    body: impl FnOnce(&B) + Send + 'static,
) {
    let report = Report::begin();
    let bench = prepare(report.seed());
    // In a box, so that `check_bench` is compiled once and not for every check.
    check_bench(report, hint, bench, Box::new(body));
}

fn check_bench<B: Bench>(report: Report, hint: &str, bench: B, body: Box<dyn FnOnce(&B) + Send>) {
    let bench = Arc::new(bench);
    let watched = bench.clone();
    let outcome = run(Box::new(move || body(&watched)));
    report.end(hint, outcome, &*bench);
}

/// A check's panic; `None` for one that did not end.
type Failure = Option<Box<dyn Any + Send>>;

/// Runs a body on a separate thread, so that the check can stop waiting if it hangs.
fn run(body: Box<dyn FnOnce() + Send>) -> Result<(), Failure> {
    let (tell_end, end) = channel();
    let on_thread = move || {
        let outcome = catch_unwind(AssertUnwindSafe(body));
        let _ = tell_end.send(outcome);
    };
    // With the check's name, for the message of a panic.
    let name = thread::current().name().unwrap_or("check").to_owned();
    thread::Builder::new()
        .name(name)
        .spawn(on_thread)
        .expect("room for a thread");
    let outcome = Deadline::start_outer().recv(&end);
    outcome.map_or(Err(None), |outcome| outcome.map_err(Some))
}

/// Returns whether the message of an error, or of one of its sources, contains this word.
pub fn says(error: &(dyn Error + 'static), word: &str) -> bool {
    error.to_string().contains(word) || error.source().is_some_and(|source| says(source, word))
}

/// Does some work that must end, but may fail or panic.
///
/// # Panics
///
/// With the work's panic if that is `todo!()`: code that is not written yet has not been tried.
pub fn attempt<T>(work: impl FnOnce() -> T) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(work))
        && message(&*panic).is_some_and(|message| message.starts_with("not yet implemented"))
    {
        resume_unwind(panic);
    }
}

/// Returns the message of a panic.
fn message(panic: &(dyn Any + Send)) -> Option<&str> {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
}

/// Locks a mutex, poisoned or not: a check that fails while it holds a lock must not make others fail.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
