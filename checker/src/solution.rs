//! The right and wrong solutions in `solutions/`: reads their headers, and applies the edits.
//!
//! `solutions/README.md` describes the format.

use std::fs;
use std::path::{Path, PathBuf};

use crate::task::{Task, workspace};

/// A solution of a task.
#[derive(Debug, Clone)]
pub struct Solution {
    /// The file that holds it.
    pub file: PathBuf,
    /// The whole `src/lib.rs`.
    pub program: String,
    /// The text of the file, if it is an edit of a base.
    pub edit: Option<String>,
    /// The contents of its header.
    pub kind: Kind,
}

/// The contents of a solution's header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `Right: …`: every required check passes.
    Right,
    /// `Wrong: …`: only these checks fail.
    Wrong {
        /// The mistake, in one paragraph.
        mistake: String,
        /// `caught by: CHECK`: the checks that look for this mistake, or [`EVERY_CHECK`].
        caught_by: Vec<String>,
        /// `also: CHECK, because …`: the checks that fail as well.
        also: Vec<String>,
    },
}

/// Written in place of a name if no check can be run.
pub const EVERY_CHECK: &str = "every check";

impl Solution {
    /// Reads the solutions of a task, the right ones first, in the order of their names.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, its header is incomplete, or its edit does not fit its base.
    pub fn all(task: Task) -> Result<Vec<Solution>, String> {
        let mut files = Vec::new();
        for kind in ["right", "wrong"] {
            let folder = workspace().join("solutions").join(task.folder).join(kind);
            let named = |error| format!("{}: {error}", folder.display());
            for file in fs::read_dir(&folder).map_err(named)? {
                files.push(file.map_err(named)?.path());
            }
        }
        files.sort();
        files.iter().map(|file| Solution::read(file)).collect()
    }

    /// Reads `right/NAME.rs`, `wrong/NAME.rs` or `wrong/NAME.diff`.
    ///
    /// # Errors
    ///
    /// Like [`all`](Solution::all).
    pub fn read(file: &Path) -> Result<Solution, String> {
        let named = |error: String| format!("{}: {error}", file.display());
        let text = read(file)?;
        let (header, program, edit) = if file
            .extension()
            .is_some_and(|extension| extension == "diff")
        {
            let (header, edit) = text
                .split_once("\n--- ")
                .ok_or_else(|| named("no line `--- BASE` before the edit".to_owned()))?;
            let (base, edit) = edit.split_once('\n').unwrap_or((edit, ""));
            let task = file.ancestors().nth(2).unwrap_or(Path::new(""));
            let program = apply(&read(&task.join(base))?, edit).map_err(named)?;
            (header.to_owned(), program, Some(text))
        } else {
            let header = text.lines().map_while(|line| line.strip_prefix("//!"));
            let header: Vec<&str> = header.map(str::trim).collect();
            (header.join("\n"), text, None)
        };
        let kind = Kind::read(&header)
            .filter(|kind| {
                file.parent()
                    .is_some_and(|folder| folder.ends_with(kind.folder()))
            })
            .ok_or_else(|| named("its header does not say what its folder says".to_owned()))?;
        Ok(Solution {
            file: file.to_owned(),
            program,
            edit,
            kind,
        })
    }

    /// Returns the name without an extension: `blocks_the_executor`.
    pub fn name(&self) -> &str {
        let stem = self.file.file_stem().and_then(|stem| stem.to_str());
        stem.unwrap_or_default()
    }
}

impl Kind {
    fn read(header: &str) -> Option<Kind> {
        let named = |key: &str| -> Vec<String> {
            let values = header.lines().filter_map(|line| line.strip_prefix(key));
            let names = values.map(|value| value.split(',').next().unwrap_or_default().trim());
            names.map(str::to_owned).collect()
        };
        let (caught_by, also) = (named("caught by:"), named("also:"));
        if header.starts_with("Right: ") && caught_by.is_empty() && also.is_empty() {
            return Some(Kind::Right);
        }
        let about = header.strip_prefix("Wrong: ")?.lines();
        let mistake: Vec<&str> = about.take_while(|line| !line.is_empty()).collect();
        (!caught_by.is_empty()).then(|| Kind::Wrong {
            mistake: mistake.join(" "),
            caught_by,
            also,
        })
    }

    /// Returns the folder for solutions of this kind.
    pub fn folder(&self) -> &'static str {
        match self {
            Kind::Right => "right",
            Kind::Wrong { .. } => "wrong",
        }
    }

    /// Returns the checks that look for this mistake.
    pub fn caught_by(&self) -> &[String] {
        match self {
            Kind::Right => &[],
            Kind::Wrong { caught_by, .. } => caught_by,
        }
    }
}

/// Replaces the old lines of each hunk by its new ones.
///
/// A hunk has no line numbers, so that a base can change around it. Its old lines must occur exactly once.
fn apply(base: &str, edit: &str) -> Result<String, String> {
    let mut program: Vec<&str> = base.lines().collect();
    let edit: Vec<&str> = edit.lines().collect();
    let mut hunks = edit.split(|line| *line == "@@");
    if hunks.next().is_some_and(|before| !before.is_empty()) || edit.is_empty() {
        return Err("an edit begins with a line `@@`".to_owned());
    }
    for hunk in hunks {
        let (old, new) = sides(hunk)?;
        if old == new {
            return Err(format!("this hunk changes nothing:\n{}", hunk.join("\n")));
        }
        let places: Vec<usize> = (0..program.len())
            .filter(|at| program[*at..].starts_with(&old))
            .collect();
        let [place] = places[..] else {
            let (count, old) = (places.len(), old.join("\n"));
            return Err(format!(
                "these lines must occur once in the base, not {count} times:\n{old}"
            ));
        };
        program.splice(place..place + old.len(), new);
    }
    Ok(program.join("\n") + "\n")
}

/// Splits a hunk into its old lines and its new ones; both include the context.
fn sides<'e>(hunk: &[&'e str]) -> Result<(Vec<&'e str>, Vec<&'e str>), String> {
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for line in hunk {
        match line.split_at_checked(1) {
            Some(("-", line)) => old.push(line),
            Some(("+", line)) => new.push(line),
            Some((" ", line)) => {
                old.push(line);
                new.push(line);
            }
            // Editors strip the space of an empty line.
            None => {
                old.push("");
                new.push("");
            }
            Some(_) => return Err(format!("not a line of an edit: {line}")),
        }
    }
    Ok((old, new))
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "fn one() {\n    open();\n    close();\n}\n\nfn two() {\n    open();\n}\n";

    #[test]
    fn replaces_the_lines_of_each_hunk() {
        let edit =
            "@@\n     open();\n-    close();\n }\n\n fn two() {\n@@\n fn two() {\n+    begin();\n";
        let program = "fn one() {\n    open();\n}\n\nfn two() {\n    begin();\n    open();\n}\n";
        assert_eq!(apply(BASE, edit).as_deref(), Ok(program));
    }

    #[test]
    fn refuses_lines_that_do_not_occur_exactly_once() {
        let not_once = |edit: &str, count: &str| {
            let error = apply(BASE, edit).unwrap_err();
            assert!(error.contains(&format!("not {count} times")), "{error}");
        };
        not_once("@@\n-    open();\n", "2");
        not_once("@@\n-    shut();\n", "0");
        not_once("@@\n-    close();\n@@\n-    close();\n", "0");
        // Without old lines, an addition would fit everywhere.
        not_once("@@\n+    begin();\n", "8");
    }

    #[test]
    fn refuses_what_is_no_edit() {
        assert!(apply(BASE, "").is_err());
        assert!(apply(BASE, "-    close();\n").is_err());
        assert!(apply(BASE, "@@\n").is_err());
        assert!(apply(BASE, "@@\n     close();\n").is_err());
        assert!(apply(BASE, "@@\nclose();\n").is_err());
    }

    #[test]
    fn a_wrong_solution_names_its_mistake_and_the_checks() {
        let header = "Wrong: it opens\ntwice.\n\ncaught by: opens_once\nalso: closes, because one stays open";
        let kind = Kind::Wrong {
            mistake: "it opens twice.".to_owned(),
            caught_by: vec!["opens_once".to_owned()],
            also: vec!["closes".to_owned()],
        };
        assert_eq!(Kind::read(header), Some(kind));
        assert_eq!(Kind::read("Right: it opens once."), Some(Kind::Right));
        assert_eq!(
            Kind::read("Right: it opens once.\ncaught by: opens_once"),
            None
        );
        assert_eq!(Kind::read("Wrong: it opens twice."), None);
    }
}
