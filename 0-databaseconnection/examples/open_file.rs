//! A file that closes itself; then a type of one's own that does, and says so.
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
//! Look at where 'exit' stands in the output: after the body, and before anything that the caller does with its error.
//! Python's `file` is still there after its block, closed; to write to it then is a `ValueError`. Rust's is gone, and
//! to write to it does not compile.

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
    } // The file is closed here, and would have been by the `?` as well.
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
    /// `__enter__`. When it fails, there is no value, and so no exit: as in Python.
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

/// `__exit__`. It gets no error to look at, and cannot return one. All that it has to do is to say so: when it
/// returns, the fields are dropped, and dropping a `File` closes it. (What the close itself may have to report is lost
/// there. Who must know that what was written has reached the disk calls `sync_all` before.)
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
