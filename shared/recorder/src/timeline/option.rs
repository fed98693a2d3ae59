//! `--timeline`: shows what happened on the database, on the terminal or in a file.

use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::builder::{OsStringValueParser, TypedValueParser};

use super::{Timeline, svg, text, trace};
use crate::files;
use crate::terminal::printable;

/// The width of the drawing without a terminal.
const WIDTH: usize = 100;

/// The error of the recorded work, or of the timeline.
type Failure = Box<dyn Error + Send + Sync>;

/// The option `--timeline`.
#[derive(Debug, clap::Args)]
pub struct TimelineOption {
    /// Draw what happened on the database, on standard error; or write it, as a picture to a FILE.svg, or to a FILE.json
    /// that Perfetto (ui.perfetto.dev) and chrome://tracing open [default: neither]
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, value_parser = file())]
    timeline: Option<Option<File>>,
}

/// A file, with the format that its name asks for.
#[derive(Debug, Clone)]
struct File {
    path: PathBuf,
    draw: fn(&Timeline) -> String,
}

fn file() -> impl TypedValueParser<Value = File> {
    OsStringValueParser::new().try_map(|name: OsString| {
        let path = PathBuf::from(name);
        let extension = path.extension().unwrap_or_default();
        let draw = if extension.eq_ignore_ascii_case("svg") {
            svg::draw
        } else if extension.eq_ignore_ascii_case("json") {
            trace::draw
        } else {
            return Err("the file name must end in .svg or .json");
        };
        Ok(File { path, draw })
    })
}

impl TimelineOption {
    /// Returns whether the option was given.
    pub fn is_wanted(&self) -> bool {
        self.timeline.is_some()
    }

    /// Checks that the file can be written, before the work begins. Creates no file, and does not change an existing
    /// one.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn try_out(&self) -> Result<(), TimelineError> {
        match &self.timeline {
            Some(Some(File { path, .. })) => files::draft(path)
                .map(drop)
                .map_err(|cause| TimelineError::new(path, cause)),
            _ => Ok(()),
        }
    }

    /// Shows a timeline as the option says: on standard error, as wide as the terminal, or in a file, which is written
    /// completely or not at all and announced on standard error. Does nothing if the option was not given.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn show(&self, timeline: &Timeline) -> Result<(), TimelineError> {
        match &self.timeline {
            None => {}
            Some(None) => notice(&text::draw(timeline, width(), is_coloured())),
            Some(Some(File { path, draw })) => {
                files::write_whole(path, draw(timeline).as_bytes())
                    .map_err(|cause| TimelineError::new(path, cause))?;
                notice(&format!("wrote the timeline to {}", shown(path)));
            }
        }
        Ok(())
    }

    /// Does some work, and shows what it did on a SQLite database, even if it failed. If the option was not given or
    /// the file does not exist, it only does the work.
    ///
    /// # Errors
    ///
    /// When the work fails, or the timeline cannot be shown; and before the work, when the timeline's file cannot be
    /// written or is the database.
    ///
    /// # Panics
    ///
    /// When the database is already being recorded.
    #[cfg(feature = "sqlite")]
    pub fn record<T>(
        &self,
        database: &Path,
        work: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.try_out()?;
        // If the file cannot be found, the work's error is better than one from here.
        if !self.is_wanted() || database.canonicalize().is_err() {
            return work();
        }
        self.refuse_to_overwrite(database)?;
        let recording = crate::Recording::start(database);
        let outcome = work();
        self.show_after(outcome, Ok(recording.timeline()))
    }

    /// Shows the timeline of work that has ended, even if it failed: the work's error comes first.
    ///
    /// # Errors
    ///
    /// When the work has failed, or when there is no timeline or it cannot be shown.
    pub fn show_after<T>(
        &self,
        outcome: Result<T, Failure>,
        timeline: Result<Timeline, Failure>,
    ) -> Result<T, Failure> {
        let shown = timeline.and_then(|timeline| Ok(self.show(&timeline)?));
        match (outcome, shown) {
            (outcome, Ok(())) => outcome,
            (Ok(_), Err(error)) => Err(error),
            (Err(first), Err(error)) => {
                notice(&format!("warning: {error}"));
                Err(first)
            }
        }
    }

    /// A typing mistake must not overwrite a database.
    #[cfg(feature = "sqlite")]
    fn refuse_to_overwrite(&self, database: &Path) -> Result<(), Failure> {
        match &self.timeline {
            Some(Some(File { path, .. })) if is_one_file(path, database) => Err(
                "the timeline would overwrite the database\nhelp: pass --timeline=FILE with another file name"
                    .into(),
            ),
            _ => Ok(()),
        }
    }
}

#[cfg(feature = "sqlite")]
fn is_one_file(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Returns a path for a message. A path that looks like a URL may contain a password.
fn shown(path: &Path) -> String {
    let path = path.display().to_string();
    if path.contains("://") || path.contains('@') {
        "the file that was named".to_owned()
    } else {
        printable(&path)
    }
}

/// Prints a line on standard error. Unlike `eprintln!` it does not panic when the stream is closed.
fn notice(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Returns whether standard error is a terminal that shows colours, and the user has not switched them off.
fn is_coloured() -> bool {
    let is_set =
        |name, test: fn(&OsStr) -> bool| std::env::var_os(name).is_some_and(|value| test(&value));
    let unwanted =
        is_set("NO_COLOR", |value| !value.is_empty()) || is_set("TERM", |value| value == "dumb");
    io::stderr().is_terminal() && !unwanted
}

fn width() -> usize {
    terminal_size::terminal_size_of(io::stderr()).map_or(WIDTH, |(width, _)| width.0.into())
}

/// The timeline could not be written to its file.
#[derive(Debug)]
pub struct TimelineError {
    path: PathBuf,
    cause: io::Error,
}

impl TimelineError {
    fn new(path: &Path, cause: io::Error) -> TimelineError {
        let path = path.to_owned();
        TimelineError { path, cause }
    }
}

impl fmt::Display for TimelineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "could not write the timeline to {}: {}\nhelp: pass --timeline=FILE with a file in a folder that exists and can be written to",
            shown(&self.path),
            self.cause
        )
    }
}

impl Error for TimelineError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.cause)
    }
}
