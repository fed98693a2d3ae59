//! What the tasks have in common: the schema, the sample users, and, each behind a feature of its own, the parts
//! that more than one of them needs.
//!
//! | feature | module | what it is |
//! | --- | --- | --- |
//! | | [`User`], [`sample_users`], [`schema`] | the data |
//! | | [`redact`] | keeps passwords out of what is printed |
//! | | [`mysql`] | checks the URL of a MySQL database, and says what to do when it or its server refuses |
//! | `sqlite` | `sqlite` | the error of the SQLite tasks, what is checked before a file is opened, rows as users |
//! | `cli` | `cli`, `output` | the options of the binaries, `--format`, and how an error is printed |
//! | `scope` | `scope` | acquire, body, release: asynchronous, and released also when the future is dropped |
//! | `mariadb` | `mariadb` | a private MariaDB server that ends with the program |
//! | `timeline` | `timeline` | what happened on the connections to a database, and its pictures |
//! | `recorder` | `recorder` | what was opened, run and closed on a SQLite file, by whatever library |
//! | `check` | `check` | for tests: fresh databases, good and bad; trouble on demand; what a failing check says, what an example prints |

#![deny(unsafe_code)]
#![warn(missing_docs)]

#[cfg(any(feature = "check", feature = "recorder"))]
mod deadline;
pub mod mysql;
mod redact;
pub mod schema;
mod user;

pub use redact::{redact, redact_value};
pub use user::{User, sample_users};

#[cfg(feature = "check")]
pub mod check;
#[cfg(feature = "cli")]
pub mod cli;
// On Windows a build of the whole workspace switches this feature on, too.
#[cfg(all(feature = "mariadb", unix))]
pub mod mariadb;
#[cfg(feature = "cli")]
pub mod output;
#[cfg(feature = "recorder")]
pub mod recorder;
#[cfg(feature = "scope")]
pub mod scope;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(feature = "timeline")]
pub mod timeline;
