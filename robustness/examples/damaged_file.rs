//! Writes one of the damaged files into a folder, to look at it:
//! `cargo run -p robustness --example damaged_file NUMBER FOLDER`. Removes all other files of the folder.

use std::env;
use std::path::PathBuf;

use robustness::files::damaged_file;

fn main() {
    let mut arguments = env::args_os().skip(1);
    let number = arguments
        .next()
        .and_then(|number| number.to_str()?.parse().ok());
    let (Some(number), Some(folder)) = (number, arguments.next().map(PathBuf::from)) else {
        panic!("give a number and a folder");
    };
    let (kind, files) = damaged_file(number);
    files.write(&folder);
    println!("{kind}, damaged: {}", folder.join("users.db").display());
}
