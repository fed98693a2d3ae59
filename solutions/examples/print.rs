//! Prints a solution as a whole `src/lib.rs`, with its edit applied.
//!
//! `cargo run -p solutions --example print -- 1-execute/wrong/never_commits`

use std::env;
use std::error::Error;
use std::path::Path;

use checker::solution::Solution;

fn main() -> Result<(), Box<dyn Error>> {
    let name = env::args().nth(1).ok_or("usage: print TASK/KIND/NAME")?;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let extensions = ["rs", "diff"];
    let file = extensions
        .iter()
        .map(|extension| file.with_extension(extension));
    let file = file
        .into_iter()
        .find(|file| file.is_file())
        .ok_or("no such solution")?;
    print!("{}", Solution::read(&file)?.program);
    Ok(())
}
