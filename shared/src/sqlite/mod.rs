//! Code that the SQLite tasks share.

mod error;
mod file;
mod rows;

pub use error::{Error, ErrorKind, Result, outcome};
pub use file::{create, create_sample, existing_file, open, place, remove_companions, sync_folder};
pub use rows::read_users;
