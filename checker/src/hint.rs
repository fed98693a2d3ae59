//! Hints for a check that fails, each with more in it than the one before.

use std::fs;
use std::path::Path;

use crate::outcome::{Check, Verdict};
use crate::reference::module_file;
use crate::solution::{Kind, Solution};
use crate::task::Task;

/// The hints for a check that did not pass: its own hint; what it expected and saw; the mistakes that it is known to
/// catch; the check itself; and where a solution is to be read.
pub fn hints(task: Task, check: &Check) -> Vec<String> {
    let mut hints = Vec::new();
    match &check.verdict {
        Verdict::Passed => return hints,
        Verdict::Failed { message, saw, hint } => {
            hints.push(hint.clone());
            let saw = saw.trim_end().replace('\n', "\n    ");
            hints.push(format!("{message}\nsaw:\n    {saw}"));
        }
        Verdict::TimedOut { output } => {
            hints.push(
                "it did not come to an end: what does your code wait for, and who is to give it?"
                    .to_owned(),
            );
            hints.push(format!("before its time was up it had printed:\n{output}"));
        }
        Verdict::Crashed { how, output } => {
            hints.push(format!(
                "{how}: which call of yours ends the process, instead of returning an error?"
            ));
            hints.push(format!("the process had printed:\n{output}"));
        }
    }
    hints.retain(|hint| !hint.trim().is_empty());
    let name = check.name.rsplit("::").next().unwrap_or(&check.name);
    hints.extend(mistakes(task, name));
    hints.extend(source(task, &check.name));
    let solution = task.path().join("src/lib.rs");
    hints.push(format!(
        "that was all: one way to do it stands in {} (--again begins with the first hint)",
        solution.display()
    ));
    hints
}

/// Lists the mistakes of the wrong solutions that this check catches.
fn mistakes(task: Task, name: &str) -> Option<String> {
    let mut list = String::new();
    for solution in Solution::all(task).ok()? {
        match solution.kind {
            Kind::Wrong {
                mistake, caught_by, ..
            } if caught_by.iter().any(|by| by == name) => {
                list.push_str("\n- ");
                list.push_str(&mistake);
            }
            _ => (),
        }
    }
    (!list.is_empty())
        .then(|| format!("solutions that fail this check have done one of these:{list}"))
}

/// The check as it is written, and where.
fn source(task: Task, path: &str) -> Option<String> {
    let (module, name) = path.rsplit_once("::").unwrap_or(("main", path));
    let folder = task.path().join("tests/checks");
    let file = folder.join(module_file(&folder, module));
    let text = fs::read_to_string(&file).ok()?;
    let lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().position(|line| {
        let line = line.trim_start_matches("async ");
        line.strip_prefix("fn ")
            .and_then(|line| line.strip_prefix(name))
            .is_some_and(|rest| rest.starts_with('('))
    })?;
    let is_above = |line: &&&str| line.starts_with("///") || line.starts_with("#[");
    let begin = at - lines[..at].iter().rev().take_while(is_above).count();
    let end = at + lines[at..].iter().position(|line| *line == "}")?;
    Some(format!(
        "what the check does, {}:\n\n{}",
        shown(&file, at + 1),
        lines[begin..=end].join("\n")
    ))
}

fn shown(file: &Path, line: usize) -> String {
    format!("{}:{line}", file.display())
}
