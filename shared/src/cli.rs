//! What the binaries have in common: how they end, how they print an error, and `--database` for a SQLite file.

use std::env;
use std::error::Error;
use std::io::{IsTerminal, Write};
#[cfg(feature = "sqlite")]
use std::path::PathBuf;
use std::process::{ExitCode, Termination};

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::output::OutputError;
use crate::terminal::printable_lines;

/// Reads the command line, does the work, and makes an exit status of what came of it.
///
/// | what happened | printed on standard error | status |
/// | --- | --- | --- |
/// | the work succeeded | nothing | 0 |
/// | whoever read standard output has closed it (`\| head`) | nothing | 0 |
/// | the work failed | `error: `, then the error's text | 1 |
/// | the command line was wrong | `error: ` and a `help:` line | 2 |
///
/// The words of a wrong command line are not repeated, because one of them may be a password.
///
/// A program whose status says more returns it from the work, as an [`ExitCode`].
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
        // --help and --version are errors to clap, and go to standard output. A closed pipe ends them quietly.
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

/// Whether colours are welcome on one of the standard streams: it is a terminal that shows them, and nobody asked for
/// none.
pub fn is_coloured(stream: &impl IsTerminal) -> bool {
    let unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let is_dumb = env::var_os("TERM").is_some_and(|value| value == "dumb");
    stream.is_terminal() && !unwanted && !is_dumb
}

/// clap's own message repeats what was typed, and that may be a password under a misspelt option. So the message is
/// made anew, of what clap knows of itself: the names of options, the values they take, what it would suggest.
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
    // The option's name, as it stands in `--help`: clap's for a value that is wrong, the user's own word elsewhere.
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
    /// The path that was given; else `users.db`, which is created with the sample where it is missing, and announced.
    ///
    /// # Errors
    ///
    /// When `users.db` is missing and cannot be created. A path that was given is not looked at.
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
