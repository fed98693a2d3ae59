//! The common parts of the programs: exit statuses, error messages, and `--database` for a SQLite file.

use std::error::Error;
use std::io::Write;
#[cfg(feature = "sqlite")]
use std::path::PathBuf;
use std::process::{ExitCode, Termination};

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::output::OutputError;
use crate::terminal::printable_lines;

/// Parses the command line, does the work, and returns the exit status.
///
/// | what happened | printed on standard error | status |
/// | --- | --- | --- |
/// | the work succeeded | nothing | 0 |
/// | the reader of standard output closed it (`\| head`) | nothing | 0 |
/// | the work failed | `error: `, then the error's text | 1 |
/// | the command line was wrong | `error: ` and a `help:` line | 2 |
///
/// The message never repeats the arguments, because one of them may be a password.
///
/// If the work returns an [`ExitCode`], that is the exit status.
pub fn run<A: clap::Parser, T: Termination>(
    work: impl FnOnce(A) -> Result<T, Box<dyn Error + Send + Sync>>,
) -> ExitCode {
    let arguments = match A::try_parse() {
        Ok(arguments) => arguments,
        Err(error) if error.use_stderr() => {
            notice(&format!(
                "error: {}",
                wrong_command_line(&error, &A::command())
            ));
            return ExitCode::from(2);
        }
        // clap reports --help and --version as errors; they go to standard output. A closed pipe is not an error.
        Err(help) => {
            let _ = help.print();
            return ExitCode::SUCCESS;
        }
    };
    match work(arguments) {
        Ok(done) => done.report(),
        Err(error) if is_closed_pipe(error.as_ref()) => ExitCode::SUCCESS,
        Err(error) => {
            notice(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Prints lines on standard error. Control and invisible characters are escaped ([`printable_lines`]); passwords are not
/// hidden, see [`redact`](crate::redact). Unlike `eprintln!` it does not panic when nothing reads it.
pub fn notice(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", printable_lines(text));
}

/// Returns the message for a wrong command line. clap's message repeats the arguments, and one may be a password after
/// a misspelt option. This message uses only clap's data: names of options, their values, suggestions.
fn wrong_command_line(error: &clap::Error, command: &clap::Command) -> String {
    let known = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) if !texts.is_empty() => Some(texts.join(", ")),
        _ => None,
    };
    let program = command.get_name();
    let where_to_look = if command.has_subcommands() {
        format!(
            "run `{program} --help` for the commands, or `{program} COMMAND --help` for the options of a command"
        )
    } else {
        format!("run `{program} --help` for the options and their defaults")
    };
    // The option's name as in `--help` if its value is wrong; otherwise the argument as the user wrote it.
    let option = known(ContextKind::InvalidArg);
    let message = match (error.kind(), option) {
        (ErrorKind::InvalidValue, Some(option)) => match known(ContextKind::ValidValue) {
            Some(values) => format!("{option} takes one of: {values}"),
            None => format!("{option} needs a value"),
        },
        (ErrorKind::ValueValidation, Some(option)) => {
            let reason = error.source().map(ToString::to_string).unwrap_or_default();
            return match reason.split_once("\nhelp: ") {
                Some((reason, help)) => {
                    format!("the value of {option} is invalid: {reason}\nhelp: {help}")
                }
                None => format!(
                    "the value of {option} is invalid ({reason})\nhelp: {where_to_look}"
                ),
            };
        }
        (ErrorKind::UnknownArgument, _) => match known(ContextKind::SuggestedArg) {
            Some(suggestion) => format!("unknown option; did you mean {suggestion}?"),
            None => {
                "unexpected argument or unknown option (put `--` before a value that starts with `-`)"
                    .to_owned()
            }
        },
        (ErrorKind::InvalidSubcommand, _) => match known(ContextKind::SuggestedSubcommand) {
            Some(suggestion) => format!("unknown command; did you mean {suggestion}?"),
            None => "unknown command".to_owned(),
        },
        (ErrorKind::ArgumentConflict, Some(option)) => {
            format!("{option} was given twice, or cannot be combined with another option")
        }
        (ErrorKind::MissingRequiredArgument, Some(options)) => format!("missing: {options}"),
        (
            ErrorKind::TooManyValues | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues,
            Some(option),
        ) => {
            format!("{option} has the wrong number of values")
        }
        (ErrorKind::InvalidUtf8, _) => "an argument is not valid UTF-8".to_owned(),
        _ => "the command line is invalid".to_owned(),
    };
    format!("{message}\nhelp: {where_to_look}")
}

fn is_closed_pipe(error: &(dyn Error + 'static)) -> bool {
    error
        .downcast_ref::<OutputError>()
        .is_some_and(OutputError::is_closed_pipe)
}

/// The option `--database` of the SQLite tasks.
#[cfg(feature = "sqlite")]
#[derive(Debug, clap::Args)]
pub struct DatabaseOption {
    /// The SQLite file [default: users.db in the current folder, created with the sample users if it does not exist]
    #[arg(long, value_name = "PATH")]
    database: Option<PathBuf>,
}

#[cfg(feature = "sqlite")]
impl DatabaseOption {
    /// Returns the given path, or else `users.db`, which is created with the sample users if it does not exist.
    ///
    /// # Errors
    ///
    /// When `users.db` does not exist and cannot be created. A given path is not checked.
    pub fn path(self) -> Result<PathBuf, crate::sqlite::Error> {
        if let Some(given) = self.database {
            return Ok(given);
        }
        let default = PathBuf::from("users.db");
        if !default.try_exists().unwrap_or(true) && crate::sqlite::create_sample(&default)? {
            notice("created users.db with 12 sample users");
        }
        Ok(default)
    }
}
