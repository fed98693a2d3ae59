//! What the tasks have in common: the schema, the sample users, and, each behind a feature of its own, the parts
//! that more than one of them needs.
//!
//! | feature | module | what it is |
//! | --- | --- | --- |
//! | | [`User`], [`sample_users`], [`schema`] | the data |
//! | | [`redact`] | keeps passwords out of what is printed |
//! | `sqlite` | `sqlite` | the error of the SQLite tasks, what is checked before a file is opened, rows as users |
//! | `cli` | `cli`, `output` | the options of the binaries, `--format`, and how an error is printed |
//! | `runtime` | `runtime` | the choice of an executor |
//! | `mariadb` | `mariadb` | a private MariaDB server that ends with the program |
//! | `recorder` | `recorder` | for tests: what was opened, run and closed, by whatever library |
//! | `recorder` | `fixture` | for tests: databases, good and bad |
//! | `recorder` | `program` | for tests: a task's binary, run as a script would |

#![deny(unsafe_code)]
#![warn(missing_docs)]

mod redact;
pub mod schema;
mod user;

pub use redact::{redact, redact_value};
pub use user::{User, sample_users};

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "recorder")]
pub mod fixture;
// On Windows a build of the whole workspace switches this feature on, too.
#[cfg(all(feature = "mariadb", unix))]
pub mod mariadb;
#[cfg(feature = "cli")]
pub mod output;
#[cfg(feature = "recorder")]
pub mod program;
#[cfg(feature = "recorder")]
pub mod recorder;
#[cfg(feature = "runtime")]
pub mod runtime;
#[cfg(feature = "sqlite")]
pub mod sqlite;
