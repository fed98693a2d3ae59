//! What went wrong.

use std::any::Any;
use std::error::Error;
use std::fmt;

/// Why a scope failed: the error of its acquire, of its body or of its release; or of the latter two, when both failed.
///
/// Its text is that of the error that counts, and then that of the suppressed one; its source is the former's source. A
/// program's own error converts from it, for the `?` after a scope, and decides there what becomes of the second:
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
    /// The error that counts. The body's wins over the release's.
    pub error: E,
    /// The release's error, where the body had failed already.
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
        // `error` itself is this one's text.
        self.error.source()
    }
}

/// What [`Scopes::wait`](super::Scopes::wait) found wrong: scopes that still run, failures that nobody was handed, or
/// both.
#[derive(Debug)]
#[non_exhaustive]
pub struct WaitError {
    /// How many scopes had not ended when the limit was reached.
    pub running: usize,
    /// How many failures there were that nobody was handed, since this was last asked.
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
        // `first` itself is part of this one's text.
        self.first.as_ref().and_then(|first| first.source())
    }
}

/// A release that failed otherwise than by returning an error.
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
