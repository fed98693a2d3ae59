//! `--timeline`: shows what happened on the database, on the terminal or in a file.

use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::builder::{OsStringValueParser, TypedValueParser};

use super::{Timeline, svg, text, trace};
use crate::cli::{is_coloured, notice};
use crate::redact_value;

/// The width of the drawing where there is no terminal.
const WIDTH: usize = 100;

/// Why the work failed that a timeline is about, or why there is none.
type Failure = Box<dyn Error + Send + Sync>;

/// The option `--timeline`.
#[derive(Debug, clap::Args)]
pub struct TimelineOption {
    /// Draw what happened on the database, on standard error; or write it, as a picture to a FILE.svg, or to a FILE.json
    /// that Perfetto (ui.perfetto.dev) and chrome://tracing open [default: neither]
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, value_parser = file())]
    timeline: Option<Option<File>>,
}

/// A file, and what its name says is written to it.
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
            return Err("the file's name ends in neither .svg nor .json");
        };
        Ok(File { path, draw })
    })
}

impl TimelineOption {
    /// Whether it was given.
    pub fn is_wanted(&self) -> bool {
        self.timeline.is_some()
    }

    /// Finds out whether the file that was asked for can be written, before there is work whose timeline would be lost.
    /// Leaves nothing behind, and a file that is there as it is.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn try_out(&self) -> Result<(), TimelineError> {
        match &self.timeline {
            Some(Some(File { path, .. })) => {
                try_to_write(path).map_err(|cause| TimelineError::new(path, cause))
            }
            _ => Ok(()),
        }
    }

    /// Shows a timeline as the option says: on standard error, as wide as the terminal, or in a file, which is written
    /// whole or not at all and announced on standard error. Does nothing where the option was not given.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn show(&self, timeline: &Timeline) -> Result<(), TimelineError> {
        match &self.timeline {
            None => {}
            Some(None) => notice(&text::draw(timeline, width(), is_coloured(&io::stderr()))),
            Some(Some(File { path, draw })) => {
                write(path, &draw(timeline)).map_err(|cause| TimelineError::new(path, cause))?;
                notice(&format!(
                    "wrote the timeline to {}",
                    redact_value(&path.display().to_string())
                ));
            }
        }
        Ok(())
    }

    /// Does some work, and shows what it did on a SQLite database, also where it failed. Where the option was not
    /// given, or there is no such file to watch, it does the work alone.
    ///
    /// # Errors
    ///
    /// When the work fails; else when the timeline cannot be shown. Before the work, when its file cannot be written, or
    /// is the database.
    ///
    /// # Panics
    ///
    /// When the database is being recorded already.
    #[cfg(feature = "recorder")]
    pub fn record<T>(
        &self,
        database: &Path,
        work: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.try_out()?;
        // Work on a file that cannot be found fails, and says so better than this could.
        if !self.is_wanted() || database.canonicalize().is_err() {
            return work();
        }
        self.refuse_to_overwrite(database)?;
        let recording = crate::recorder::Recording::start(database);
        let outcome = work();
        self.show_after(outcome, Ok(recording.timeline()))
    }

    /// Shows a timeline when the work that it is about has ended, well or not: the work's error wins.
    ///
    /// # Errors
    ///
    /// When the work has failed; else when there is no timeline, or it cannot be shown.
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

    /// A slip of the keyboard must not cost a database.
    #[cfg(feature = "recorder")]
    fn refuse_to_overwrite(&self, database: &Path) -> Result<(), Failure> {
        match &self.timeline {
            Some(Some(File { path, .. })) if is_one_file(path, database) => Err(
                "the timeline would be written over the database\nhelp: give --timeline=FILE another name"
                    .into(),
            ),
            _ => Ok(()),
        }
    }
}

#[cfg(feature = "recorder")]
fn is_one_file(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

fn width() -> usize {
    terminal_size::terminal_size_of(io::stderr()).map_or(WIDTH, |(width, _)| width.0.into())
}

/// Writes beside it first, so that a full disk leaves neither half a picture nor costs the one that was there. A link is
/// followed.
fn write(path: &Path, picture: &str) -> io::Result<()> {
    let (path, beside) = places(path);
    let written = fs::write(&beside, picture).and_then(|()| fs::rename(&beside, &path));
    written.inspect_err(|_| drop(fs::remove_file(&beside)))
}

/// Does as much of it as touches nothing that is there.
fn try_to_write(path: &Path) -> io::Result<()> {
    let (path, beside) = places(path);
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    fs::write(&beside, "").and_then(|()| fs::remove_file(&beside))
}

/// Where a file is in truth, and the file beside it that becomes it.
fn places(path: &Path) -> (PathBuf, PathBuf) {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.partial", std::process::id()));
    (path, beside.into())
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
            "could not write the timeline to {}: {}\nhelp: give --timeline=FILE a file in a folder that is there and can be written to",
            redact_value(&self.path.display().to_string()),
            self.cause
        )
    }
}

impl Error for TimelineError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.cause)
    }
}
