//! A solution, and what its first lines say of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

#[derive(Clone)]
pub struct Solution {
    pub file: PathBuf,
    pub verdict: Verdict,
    task: String,
}

#[derive(Clone)]
pub enum Verdict {
    /// `//! Right: …`
    Right,
    /// `//! Wrong: …`, then `//! caught by: NAME`, and `//! also: NAME, because …` for what fails with it; or
    /// `//! caught by: every check`, where none can be run.
    Wrong {
        caught_by: Vec<String>,
        also: Vec<String>,
    },
}

/// Stands in place of a check's name.
const EVERY: &str = "every check";

impl Verdict {
    /// The checks that fail, of these.
    pub fn failing<'a>(&'a self, required: &BTreeSet<&'a str>) -> BTreeSet<&'a str> {
        match self {
            Verdict::Right => BTreeSet::new(),
            Verdict::Wrong { caught_by, .. } if *caught_by == [EVERY] => required.clone(),
            Verdict::Wrong { caught_by, also } => caught_by.iter().chain(also).map(String::as_str).collect(),
        }
    }

    pub fn caught_by(&self) -> &[String] {
        match self {
            Verdict::Right => &[],
            Verdict::Wrong { caught_by, .. } => caught_by,
        }
    }
}

impl Solution {
    /// # Panics
    ///
    /// When the file does not say what it is, or says something else than its folder does.
    pub fn read(task: &str, kind: &str, file: PathBuf) -> Solution {
        let text = fs::read_to_string(&file).expect("a solution is text");
        let header: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("//!")).collect();
        let named = |key: &str| -> Vec<String> {
            let values = header.iter().filter_map(|line| line.trim().strip_prefix(key));
            values
                .map(|value| value.split(',').next().unwrap_or_default().trim().to_owned())
                .collect()
        };
        let begins = |word: &str| header.first().is_some_and(|line| line.trim().starts_with(word));
        let (caught_by, also) = (named("caught by:"), named("also:"));
        let verdict = match kind {
            "right" if begins("Right:") && caught_by.is_empty() && also.is_empty() => Verdict::Right,
            "wrong" if begins("Wrong:") && !caught_by.is_empty() => Verdict::Wrong { caught_by, also },
            _ => panic!("{}: its first lines do not say what it is", file.display()),
        };
        Solution {
            file,
            verdict,
            task: task.to_owned(),
        }
    }

    /// `2-concurrent/wrong/blocks_the_executor`.
    pub fn name(&self) -> String {
        let kind = match self.verdict {
            Verdict::Right => "right",
            Verdict::Wrong { .. } => "wrong",
        };
        let stem = self.file.file_stem().unwrap_or_default().to_string_lossy();
        format!("{}/{kind}/{stem}", self.task)
    }
}
