//! The options of a report on a class, and where it goes.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use checker::grade::compare::Comparison;
use checker::grade::points::Points;
use checker::outcome::{Problem, Whose};
use checker::report::Report;
use checker::results::Results;
use checker::task::Task;
use shared::cli::notice;
use tempfile::NamedTempFile;

use super::Failure;
use super::page::{self, FormatOption};

/// The contents of the report on a class, and where it is written.
#[derive(clap::Args)]
pub struct ReportOptions {
    /// Format of the report
    #[arg(long, value_enum, default_value_t = FormatOption::Text)]
    pub format: FormatOption,
    /// The file to write the report to [default: standard output]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The points that checks are worth, for csv, html and gradescope [default: one for each required check]
    #[arg(long, value_name = "FILE.toml")]
    points: Option<PathBuf>,
    /// Show which verdicts changed since these results, a file that `--format json` wrote
    #[arg(long, value_name = "OLD.json")]
    compare: Option<PathBuf>,
}

/// A report that is not written yet.
pub struct Begun<'a> {
    options: &'a ReportOptions,
    draft: Option<NamedTempFile>,
    before: Option<Results>,
}

impl ReportOptions {
    /// Opens the files, so that a bad path is an error before any work.
    pub fn begin(&self) -> Result<Begun<'_>, Problem> {
        let before = self.compare.as_deref().map(Results::read).transpose()?;
        Ok(Begun {
            options: self,
            draft: self.output.as_deref().map(draft).transpose()?,
            before,
        })
    }

    /// Reads the points. `required` returns the names of a task's required checks, if they are known.
    pub fn points(
        &self,
        required: &dyn Fn(Task) -> Result<Option<Vec<String>>, Problem>,
    ) -> Result<Points, Problem> {
        match &self.points {
            Some(path) => Points::read(path, required),
            None => Ok(Points::default()),
        }
    }
}

impl Begun<'_> {
    /// Writes the report to the file, or to standard output.
    pub fn write(self, results: Results, points: Points) -> Result<(), Failure> {
        let format = self.options.format;
        let comparison = self.before.map(|before| Comparison::new(&before, &results));
        if let Some(comparison) = &comparison
            && !matches!(format, FormatOption::Text | FormatOption::Html)
        {
            notice(comparison.to_string().trim_end());
        }
        let report = Report {
            results,
            points,
            comparison,
        };
        match (self.draft, &self.options.output) {
            (Some(draft), Some(path)) => {
                page::write(&report, format, draft.as_file())?;
                let written = draft.persist(path);
                written.map_err(|error| cannot_write(path, &error.error))?;
            }
            _ => page::print(&report, format)?,
        }
        Ok(())
    }
}

pub fn wrong(message: String, help: &str) -> Problem {
    Problem {
        whose: Whose::YourMachine,
        message,
        details: String::new(),
        help: help.to_owned(),
    }
}

/// A file beside the one to be written, which takes its place when it is whole.
fn draft(path: &Path) -> Result<NamedTempFile, Problem> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let made = if path.is_dir() {
        Err(io::ErrorKind::IsADirectory.into())
    } else if (path.exists() && !path.is_file()) || folder == Path::new("/dev") {
        // Its place is taken, and that of /dev/null and of the link /dev/stdout must not be.
        Err(io::Error::other("it is no file"))
    } else {
        can_exist(path).and_then(|()| {
            // With the permissions of any new file: other users could not read a temporary one.
            tempfile::Builder::new()
                .permissions(fs::Permissions::from_mode(0o666))
                .tempfile_in(folder)
        })
    };
    made.map_err(|error| cannot_write(path, &error))
}

/// Tries whether there can be a file at this path: its name may be empty or too long, for example.
fn can_exist(path: &Path) -> io::Result<()> {
    match fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
    {
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn cannot_write(path: &Path, error: &io::Error) -> Problem {
    wrong(
        format!(
            "the report cannot be written to {}: {error}",
            path.display()
        ),
        "give a file in a folder that exists and that you may write to",
    )
}
