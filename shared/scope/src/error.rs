//! The errors of a scope.

use std::any::Any;
use std::error::Error;
use std::fmt;

/// The error of a scope: of its acquire, its body or its release, or of both body and release.
///
/// Its text is that of `error`, then that of the suppressed one; its source is the source of `error`. For the `?` after
/// a scope, convert it into your error type and decide there how to keep the second error:
///
/// ```
/// use scope::ScopeError;
///
/// #[derive(Debug)]
/// struct Error {
///     text: String,
/// }
///
/// impl From<ScopeError<Error>> for Error {
///     fn from(failed: ScopeError<Error>) -> Error {
///         let mut text = failed.error.text;
///         if let Some(suppressed) = failed.suppressed {
///             text += &format!("; and then {}", suppressed.text);
///         }
///         Error { text }
///     }
/// }
/// ```
#[derive(Debug)]
pub struct ScopeError<E> {
    /// The main error. The body's error comes before the release's.
    pub error: E,
    /// The release's error, if the body had failed before.
    pub suppressed: Option<E>,
}

impl<E> From<E> for ScopeError<E> {
    fn from(error: E) -> Self {
        ScopeError {
            error,
            suppressed: None,
        }
    }
}

impl<E: fmt::Display> fmt::Display for ScopeError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)?;
        match &self.suppressed {
            Some(error) => write!(f, " (the release also failed: {error})"),
            None => Ok(()),
        }
    }
}

impl<E: Error> Error for ScopeError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // The text already contains `error`.
        self.error.source()
    }
}

/// The error of [`Scopes::wait`](super::Scopes::wait): scopes that still run, failures that no caller got, or both.
#[derive(Debug)]
#[non_exhaustive]
pub struct WaitError {
    /// The number of scopes that were still running at the time limit.
    pub running: usize,
    /// The number of failures since the last wait that no caller got.
    pub failures: usize,
    /// The first of them.
    pub first: Option<Box<dyn Error + Send + Sync>>,
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.running {
            0 => {}
            1 => f.write_str("1 scope was still running at the time limit")?,
            number => write!(f, "{number} scopes were still running at the time limit")?,
        }
        let Some(first) = &self.first else {
            return Ok(());
        };
        if self.running > 0 {
            f.write_str("; ")?;
        }
        match self.failures {
            1 => write!(f, "1 release failed, and no caller got the error: {first}"),
            number => write!(
                f,
                "{number} releases failed, and no caller got their errors; the first: {first}"
            ),
        }
    }
}

impl Error for WaitError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // The text already contains `first`.
        self.first.as_ref().and_then(|first| first.source())
    }
}

/// A release that failed without returning an error.
#[derive(Debug)]
pub(super) enum Problem {
    Panicked(String),
    Dropped,
}

impl Problem {
    pub fn panicked(panic: &(dyn Any + Send)) -> Problem {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        Problem::Panicked(
            text.unwrap_or("(the panic's value is not a string)")
                .to_owned(),
        )
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Panicked(text) => write!(f, "the release panicked: {text}"),
            Problem::Dropped => {
                f.write_str("the spawner dropped the release before it had finished")
            }
        }
    }
}

impl Error for Problem {}
