//! Prints reports on standard output, and a progress bar on standard error.

use std::env;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use checker::outcome::Submission;
use checker::report::text::Screen;
use checker::report::{self, Format, Report};
use indicatif::{ProgressBar, ProgressStyle};
use rustix::termios::tcgetwinsize;
use shared::output::OutputError;
use shared::terminal::{printable, printable_lines};

use super::Failure;

/// A format of a report, as an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FormatOption {
    /// For people to read
    Text,
    /// A page for a browser, in one file
    Html,
    /// As described in docs/grade.schema.json
    Json,
    /// One line for each check
    Csv,
    /// JUnit XML
    Junit,
    /// Gradescope's results.json, for one submission
    Gradescope,
}

impl From<FormatOption> for Format {
    fn from(option: FormatOption) -> Format {
        match option {
            FormatOption::Text => Format::Text,
            FormatOption::Html => Format::Html,
            FormatOption::Json => Format::Json,
            FormatOption::Csv => Format::Csv,
            FormatOption::Junit => Format::Junit,
            FormatOption::Gradescope => Format::Gradescope,
        }
    }
}

/// Prints a report on standard output.
pub fn print(report: &Report, format: FormatOption) -> Result<(), Failure> {
    let stdout = io::stdout();
    let screen = screen(&stdout);
    let mut out = BufWriter::new(stdout.lock());
    report::write(&mut out, report, format.into(), screen).map_err(|error| match error {
        report::Error::Write(error) => Failure::from(OutputError::from(error)),
        other => other.into(),
    })?;
    Ok(out.flush().map_err(OutputError::from)?)
}

/// Prints the first thing to fix on standard output.
pub fn print_first(submission: &Submission) -> Result<(), Failure> {
    let mut out = io::stdout();
    let screen = screen(&out);
    Ok(report::text::write_first(&mut out, submission, screen).map_err(OutputError::from)?)
}

/// Prints a text and a line feed on standard output. Control characters are escaped.
pub fn say(text: &str) -> Result<(), Failure> {
    Ok(writeln!(io::stdout(), "{}", printable_lines(text)).map_err(OutputError::from)?)
}

/// Prints a text like [`say`]. On a terminal, breaks its long lines between words: not for commands that people copy.
pub fn explain(text: &str) -> Result<(), Failure> {
    say(&screen(&io::stdout()).fold(text))
}

/// Writes a report to a file. The caller opens it before the work, so that a bad path is reported early.
pub fn write(report: &Report, format: FormatOption, file: &File) -> Result<(), Failure> {
    let mut out = BufWriter::new(file);
    report::write(&mut out, report, format.into(), Screen::default())?;
    Ok(out.flush()?)
}

/// A progress bar on standard error, on a terminal only. It disappears when the value is dropped.
pub struct Bar(ProgressBar);

impl Bar {
    pub fn new(what: &str) -> Bar {
        let style = ProgressStyle::with_template("{msg} [{bar:30}] {pos} of {len}, {elapsed}");
        let bar = ProgressBar::new(0).with_style(
            style
                .expect("a template that can be read")
                .progress_chars("=> "),
        );
        bar.set_message(printable(what));
        Bar(bar)
    }

    /// A bar for work of unknown length.
    pub fn waiting(what: &str) -> Bar {
        let style = ProgressStyle::with_template("{spinner} {msg}, {elapsed}");
        let bar =
            ProgressBar::new_spinner().with_style(style.expect("a template that can be read"));
        bar.set_message(printable(what));
        bar.enable_steady_tick(Duration::from_millis(100));
        Bar(bar)
    }

    pub fn set(&self, done: usize, of: usize) {
        self.0.set_length(of as u64);
        self.0.set_position(done as u64);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Returns what a standard stream shows. Colours are for a terminal that shows them, unless `NO_COLOR` is set.
fn screen(stream: &(impl IsTerminal + AsFd)) -> Screen {
    let unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let is_dumb = env::var_os("TERM").is_some_and(|value| value == "dumb");
    let size = tcgetwinsize(stream).ok();
    Screen {
        is_coloured: stream.is_terminal() && !unwanted && !is_dumb,
        columns: size
            .map(|size| size.ws_col.into())
            .filter(|columns| *columns > 0),
    }
}
