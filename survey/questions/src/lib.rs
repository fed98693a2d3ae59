//! The questions of the survey. Each library answers the same ones, by running: what happens when a future is dropped, and
//! what happens after a panic, after a commit that fails, and when the runtime ends.
//!
//! The answers come from what SQLite or the server has recorded, not from what the library says, and from the order of
//! events. A statement runs, and another connection keeps its lock, until the observer ends that. So a statement that ends
//! before was stopped, and a drop that returns before does not wait. A time limit only bounds how long a question waits for
//! an event.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod gate;
mod host;
#[cfg(feature = "mysql")]
pub mod mysql;
pub mod sqlite;

use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

use host::Outcome;

/// The result of a library's function.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The longest time that a question waits for an event. Only a library that hangs takes this long.
pub const LIMIT: Duration = Duration::from_secs(180);

/// The time in which a library may do something by itself before the observer goes on. What has not happened by then
/// counts as "does not happen by itself"; nothing else depends on a clock.
pub const GRACE: Duration = Duration::from_secs(2);

/// An answer: the columns of the page's table, in order.
pub struct Answer(Vec<(&'static str, String)>);

impl Answer {
    /// Creates an answer without columns.
    #[must_use]
    pub fn new() -> Answer {
        Answer(Vec::new())
    }

    /// Adds a column.
    #[must_use]
    pub fn with(mut self, column: &'static str, text: impl Display) -> Answer {
        self.0.push((column, text.to_string()));
        self
    }

    /// Adds the columns of another answer.
    #[must_use]
    pub fn and(mut self, other: Answer) -> Answer {
        self.0.extend(other.0);
        self
    }

    fn print(&self) {
        let columns: Vec<_> = self.0.iter().map(|(name, text)| [*name, text]).collect();
        println!("{}", serde_json::json!(columns));
    }
}

impl Default for Answer {
    fn default() -> Answer {
        Answer::new()
    }
}

/// One library with the function that asks it one question, by the question's name.
#[derive(Clone, Copy)]
pub struct Candidate {
    /// Its name, as on the command line and in the page.
    pub name: &'static str,
    /// Asks the question.
    pub ask: fn(question: &str) -> Answer,
}

/// The program of a group of libraries: `PROGRAM LIBRARY QUESTION` prints the answer as JSON.
pub fn main(candidates: &[Candidate]) {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [library, question] = &arguments[..] else {
        panic!("usage: PROGRAM LIBRARY QUESTION");
    };
    let candidate = candidates
        .iter()
        .find(|candidate| candidate.name == *library);
    let candidate = candidate.unwrap_or_else(|| panic!("unknown library: {library}"));
    (candidate.ask)(question).print();
    // A library that has left a thread in a statement must not hold the survey.
    std::process::exit(0);
}

/// Returns what the caller of a body gets, for a table.
pub(crate) fn caller<T>(outcome: Option<Outcome<T>>) -> String {
    match outcome {
        None => "**waits forever**".to_owned(),
        Some(Outcome::Ended(Ok(_))) => "**gets no error**".to_owned(),
        Some(Outcome::Ended(Err(error))) => format!("gets an error: `{}`", short(&error)),
        Some(Outcome::Panicked(_)) => "gets the panic".to_owned(),
        Some(Outcome::Dropped) => "is cancelled".to_owned(),
    }
}

/// The work ended before the moment of the question.
pub(crate) fn could_not_be_asked<T>(ended: Outcome<T>) -> Answer {
    let text = match ended {
        Outcome::Ended(Ok(_)) => "ends before that moment".to_owned(),
        Outcome::Ended(Err(error)) => format!("fails: `{}`", short(&error)),
        Outcome::Panicked(panic) => format!("panics: `{}`", short(&panic)),
        Outcome::Dropped => "is cancelled before that moment".to_owned(),
    };
    Answer::new().with("the statement", text)
}

/// Returns an error's text for a table: on one line, short, and without what differs between runs.
pub(crate) fn short(error: &impl Display) -> String {
    let text = error.to_string().replace(['`', '"'], "");
    let folder = std::env::temp_dir();
    let mut words: Vec<&str> = Vec::new();
    for word in text.split_whitespace() {
        let is_number = word.chars().all(|c| c.is_ascii_digit());
        match words.last() {
            Some(&"task") if is_number => {}
            _ if word.contains(&*folder.to_string_lossy()) => words.push("…"),
            _ => words.push(word),
        }
    }
    let line = words.join(" ").replace('|', "\\|");
    match line.char_indices().nth(70) {
        None => line,
        Some((end, _)) => {
            let words = &line[..end];
            format!(
                "{} …",
                words.rsplit_once(' ').map_or(words, |(kept, _)| kept)
            )
        }
    }
}

/// Waits for an event, at most as long as `limit`.
pub(crate) async fn within<T>(limit: Duration, event: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(limit, event).await.ok()
}

/// Returns the runtime of the observer.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime starts")
}
