//! Reads a file while the executor does something else.
//!
//! ```python
//! async with aiofiles.open("note.txt", "w") as file:
//!     await file.write("one\ntwo\n")
//!
//! async with aiofiles.open("note.txt") as file:
//!     async for line in file:
//!         print(line)
//! ```
//!
//! Most operating systems cannot wait for files as they wait for sockets. So `aiofiles` makes each call on another thread,
//! and so does the crate `blocking` here. Look at the second half: a read from a pipe waits until something is written.
//! Reader and writer are two futures on one thread. A plain `read` in the first would block the second, and the example
//! would hang.
//!
//! Two things differ from `async with`. Call `flush` after a write: only `flush` reports a full disk, and a drop may lose
//! data that the thread has not written yet. And if a busy `Unblock` is dropped, its thread closes the file a little later;
//! `into_inner` awaits the thread and returns the file.

use std::fs::File;
use std::io::{self, PipeReader, Write};
use std::path::PathBuf;

use blocking::{Unblock, unblock};
use futures_lite::future::try_zip;
use futures_lite::io::BufReader;
use futures_lite::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, StreamExt};

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    lesson(folder.path().join("note.txt")).await
}

pub async fn lesson(path: PathBuf) -> io::Result<()> {
    // The thread must own what it works on: the path moves there.
    let to_create = path.clone();
    let mut file = Unblock::new(unblock(|| File::create(to_create)).await?);
    file.write_all(b"one\ntwo\n").await?;
    file.flush().await?;
    let file: File = file.into_inner().await;
    drop(file); // closed, at once

    let file = unblock(|| File::open(path)).await?;
    let mut lines = BufReader::new(Unblock::new(file)).lines();
    while let Some(line) = lines.next().await {
        println!("a line: {}", line?);
    }

    let (reader, mut writer) = io::pipe()?;
    let write = async move {
        println!("the executor is free while the reader waits");
        // So little fits into the pipe at once, and does not block.
        writer.write_all(b"three")?;
        Ok(())
    }; // The writer is dropped here, and with that the reader comes to the end.
    let (text, ()) = try_zip(read_text(reader), write).await?;
    println!("the reader has got: {text}");
    Ok(())
}

async fn read_text(reader: PipeReader) -> io::Result<String> {
    println!("the reader waits for what is not written yet");
    let mut text = String::new();
    Unblock::new(reader).read_to_string(&mut text).await?;
    Ok(text)
}
