//! Functions that several rules use: the folders of this repository, and reading Markdown.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The folders of the tasks.
pub const TASKS: [&str; 4] = [
    "0-databaseconnection",
    "1-execute",
    "2-concurrent",
    "3-mysql-pool",
];

/// Returns the repository's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the repository")
        .to_owned()
}

/// Returns the text of a file.
///
/// # Panics
///
/// If it cannot be read.
pub fn read(file: impl AsRef<Path>) -> String {
    let file = file.as_ref();
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Returns a task's lesson.
pub fn lesson(task: &str) -> String {
    read(root().join(task).join("README.md"))
}

/// Finds all Markdown files in a folder.
pub fn find_markdown(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy();
        if name.starts_with('.') || name == "target" {
            continue;
        }
        if path.is_dir() {
            find_markdown(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

/// Returns Markdown without its code: a link inside code is no link.
pub fn without_code(text: &str) -> String {
    let mut in_block = false;
    let mut rest = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            rest += line;
            rest.push('\n');
        }
    }
    // The text of a link may be code: the brackets around it stay.
    rest.split('`').step_by(2).collect()
}

/// Returns the targets of `[text](link)`, of `[name]: link`, and of the `src` of an image.
pub fn links(text: &str) -> Vec<String> {
    let inline = text.split("](").skip(1).map(|part| part.split(')').next());
    let images = text
        .split("src=\"")
        .skip(1)
        .map(|part| part.split('"').next());
    let named = text
        .lines()
        .filter_map(|line| line.strip_prefix('[')?.split_once("]: "))
        .map(|(_, link)| Some(link));
    inline
        .chain(images)
        .chain(named)
        .map(|link| link.unwrap().to_owned())
        .collect()
}

/// Returns the names that GitHub gives to the headings and that a link uses.
pub fn headings(text: &str) -> HashSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let words = line.trim_start_matches('#').trim().to_lowercase();
            let kept = words
                .chars()
                .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

/// Returns each block of code: the words after its opening backticks, and its lines.
pub fn blocks(text: &str) -> Vec<(String, String)> {
    let fenced = text.split("\n```").skip(1).step_by(2);
    fenced
        .map(|block| block.split_once('\n').unwrap())
        .map(|(language, lines)| (language.to_owned(), lines.to_owned()))
        .collect()
}
