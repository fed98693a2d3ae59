//! Code that the tasks share: the table `users`, its sample users, and the common parts of their programs.
//!
//! | feature | module | what it is |
//! | --- | --- | --- |
//! | | [`User`], [`sample_users`], [`schema`] | the data |
//! | | [`mysql`] | checks the URL of a MySQL database, and has the help for a wrong URL or a server that refuses it |
//! | | [`redact`] | hides passwords in text that is printed |
//! | | [`terminal`] | escapes control and invisible characters in text that is printed |
//! | `files` | `files` | private folders |
//! | `sqlite` | `sqlite` | opening and reading SQLite files, and the error type of tasks 0 to 2 |
//! | `cli` | `cli`, `output` | the options of the programs, `--format`, and how an error is printed |
//! | `cli` | `threads` | tests whether the threads that a program needs can be started |
//! | `interrupt` | `interrupt` | Ctrl-C and SIGTERM in a program on Tokio |

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod mysql;
mod redact;
pub mod schema;
pub mod terminal;
mod user;

pub use redact::{redact, redact_value};
pub use user::{User, sample_users};

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "files")]
pub mod files;
#[cfg(feature = "interrupt")]
pub mod interrupt;
#[cfg(feature = "cli")]
pub mod output;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(feature = "cli")]
pub mod threads;
