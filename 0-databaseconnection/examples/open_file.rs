//! A file that closes itself, and then our own type that does the same and prints when it happens.
//!
//! ```python
//! with open("note.txt", "w") as file:
//!     file.write("closed by itself\n")
//!
//! class OpenFile:
//!     def __init__(self, name, mode):
//!         self.name, self.mode = name, mode
//!     def __enter__(self):
//!         self.file = open(self.name, self.mode)
//!         return self.file
//!     def __exit__(self, *exception):
//!         self.file.close()
//!
//! with OpenFile("note.txt", "r") as file:
//!     print(file.read())
//! ```
//!
//! Look at the position of `exit` in the output: after the body, and before the caller prints the error. Python's
//! `file` still exists after its block, but is closed: writing to it raises `ValueError`. Rust's no longer exists:
//! writing to it does not compile.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

fn main() -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    lesson(&folder.path().join("note.txt"))
}

pub fn lesson(path: &Path) -> io::Result<()> {
    {
        let mut file = File::create(path)?;
        file.write_all(b"closed by itself\n")?;
    } // The file is closed here; a `?` above would close it as well.
    println!("a file of std's: {:?}", fs::read_to_string(path)?);

    println!("\nthe same with enter and exit:");
    let text = {
        let mut open = OpenFile::enter(path)?;
        open.read_text()?
    };
    println!("after the scope: {text:?}");

    println!("\na body that fails:");
    if let Err(error) = body_that_fails(path) {
        println!("after the scope: {error}");
    }
    Ok(())
}

/// A file that is open exactly as long as this value lives.
struct OpenFile {
    file: File,
}

impl OpenFile {
    /// Does what `__enter__` does. If it fails, there is no value, and so no exit, as in Python.
    fn enter(path: &Path) -> io::Result<OpenFile> {
        println!("  enter");
        let file = File::open(path)?;
        Ok(OpenFile { file })
    }

    fn read_text(&mut self) -> io::Result<String> {
        println!("    body: read");
        let mut text = String::new();
        self.file.read_to_string(&mut text)?;
        Ok(text)
    }

    fn read_number(&mut self) -> io::Result<u32> {
        let text = self.read_text()?;
        text.trim().parse().map_err(io::Error::other)
    }
}

/// Does what `__exit__` does, but receives no error and cannot return one. It only prints: after it the fields are
/// dropped, and dropping a `File` closes it. (An error of that close is lost. Call `sync_all` before, if you must
/// know that the data has reached the disk.)
impl Drop for OpenFile {
    fn drop(&mut self) {
        println!("  exit");
    }
}

fn body_that_fails(path: &Path) -> io::Result<u32> {
    let mut open = OpenFile::enter(path)?;
    let number = open.read_number()?;
    println!("    body: this line is not reached");
    Ok(number)
}
