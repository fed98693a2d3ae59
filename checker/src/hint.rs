//! Hints for code that fails a check or does not compile, each more direct than the one before.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use crate::outcome::{Check, Verdict};
use crate::reference::module_file;
use crate::solution::{Kind, Solution};
use crate::task::Task;

/// Returns the hints for a check that failed: what its file is about, the mistakes that it is known to catch, the check
/// itself, and where to read a solution. What `checker check` prints about the check is not repeated.
pub fn hints(task: Task, check: &Check) -> Vec<String> {
    let mut hints = Vec::new();
    let message = match &check.verdict {
        Verdict::Passed => return hints,
        Verdict::Failed { message, .. } => message,
        Verdict::TimedOut { .. } => {
            hints.push(
                "The check did not end. What does your code wait for: a lock, a channel, a thread, \
                 another connection? Does anything release it?"
                    .to_owned(),
            );
            ""
        }
        Verdict::Crashed { how, .. } => {
            hints.push(format!(
                "{how}. Which call in your code ends the process (`exit`, `abort`, endless recursion) \
                 instead of returning an error?"
            ));
            ""
        }
    };
    if let Some(todo) = unwritten_function(task, message) {
        hints.push(format!(
            "Write the body of `{}`. Its comment in src/lib.rs says what it must do:\n\n{}",
            todo.function,
            flowing(&todo.docs)
        ));
    }
    hints.extend(about(task, &check.name));
    let name = check.name.rsplit("::").next().unwrap_or(&check.name);
    hints.extend(mistakes(task, name));
    hints.extend(source(task, &check.name));
    hints.push(last(task));
    hints
}

/// Returns the hints for code that does not compile, or that the checks cannot call: which signature differs from the
/// stub's, what to write first, and how to begin again.
pub fn hints_to_compile(task: Task, folder: &Path) -> Vec<String> {
    let mut hints = Vec::new();
    let changed = changed_signatures(task, folder);
    if !changed.is_empty() {
        hints.push(format!(
            "Write these signatures as the stub does:\n{changed}"
        ));
    }
    let todos = todos(task);
    if let Some(first) = todos.first() {
        hints.push(format!(
            "Solve one function at a time. Put `todo!()` back into the body of every function that does not compile, \
             and begin with `{}`: {}.",
            first.function, first.sentence
        ));
    }
    let mut all = "What each function has to do:".to_owned();
    for todo in &todos {
        let _ = write!(all, "\n- `{}`: {}", todo.function, todo.sentence);
    }
    hints.push(all);
    hints.push(
        "Start again from the stub: `checker reset` puts it back, and keeps your code in src/lib.rs.1.".to_owned(),
    );
    hints.push(last(task));
    hints
}

fn last(task: Task) -> String {
    let solution = task.path().join("src/lib.rs");
    format!(
        "This is the last hint: {} is one solution. (`--again` starts from the first hint.)",
        solution.display()
    )
}

/// Returns the hint for a function that is still the stub's `todo!()`, given what its panic says.
pub fn unwritten(task: Task, message: &str) -> Option<String> {
    let todo = unwritten_function(task, message)?;
    Some(format!(
        "write the body of `{}` in src/lib.rs, in place of `todo!()`",
        todo.function
    ))
}

fn unwritten_function(task: Task, message: &str) -> Option<Todo> {
    if !message.contains("not yet implemented") {
        return None;
    }
    let mut todos = todos(task).into_iter();
    todos.find(|todo| message.contains(&todo.sentence))
}

/// A function that a stub leaves to the student.
struct Todo {
    function: String,
    /// The message of its `todo!()`.
    sentence: String,
    docs: String,
}

/// Reads the functions of a task's stub, in their order.
fn todos(task: Task) -> Vec<Todo> {
    let stub = fs::read_to_string(task.path().join("stub/lib.rs")).unwrap_or_default();
    // A long one is on three lines.
    let stub = stub
        .split("todo!(")
        .map(str::trim_start)
        .collect::<Vec<_>>()
        .join("todo!(");
    let (mut todos, mut docs, mut function) =
        (Vec::new(), String::new(), (String::new(), String::new()));
    for line in stub.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            docs += text.strip_prefix(' ').unwrap_or(text);
            docs.push('\n');
        } else if let Some((_, rest)) = line.split_once("fn ").filter(|_| !line.starts_with("//")) {
            let name = rest.split(['(', '<']).next().unwrap_or(rest);
            function = (name.to_owned(), std::mem::take(&mut docs));
        } else if let Some(sentence) = line.strip_prefix("todo!(\"") {
            todos.push(Todo {
                function: function.0.clone(),
                sentence: sentence.split('"').next().unwrap_or(sentence).to_owned(),
                docs: function.1.trim_end().to_owned(),
            });
        } else if !line.starts_with("#[") {
            docs.clear();
        }
    }
    todos
}

/// Lists the public functions whose signatures in a student's `src/lib.rs` differ from the stub's. Empty if none does.
pub fn changed_signatures(task: Task, folder: &Path) -> String {
    let read = |file: PathBuf| fs::read_to_string(file).unwrap_or_default();
    let stub = read(task.path().join("stub/lib.rs"));
    let theirs = read(folder.join("src/lib.rs"));
    let theirs = signatures(&theirs);
    let mut changed = String::new();
    for (name, expected) in signatures(&stub) {
        let mut same_name = theirs
            .iter()
            .filter(|(theirs, _)| *theirs == name)
            .peekable();
        let found = same_name.peek().map(|(_, found)| found.as_str());
        if !same_name.any(|(_, found)| bare(found) == bare(&expected)) {
            let found = found.unwrap_or("(no `pub fn` with this name)");
            let _ = write!(
                changed,
                "\n- `{name}`\n  in the task:   {expected}\n  in your code:  {found}"
            );
        }
    }
    changed
}

/// The names and signatures of the public functions in a Rust file, each on one line.
fn signatures(source: &str) -> Vec<(String, String)> {
    let lines = source.lines().map(str::trim);
    let code = lines
        .filter(|line| !line.starts_with("//"))
        .collect::<Vec<_>>()
        .join(" ");
    let starts = ["pub fn ", "pub async fn "].map(|start| code.match_indices(start));
    let mut starts: Vec<usize> = starts.into_iter().flatten().map(|(at, _)| at).collect();
    starts.sort_unstable();
    let signature = |at: usize| {
        let end = code[at..].find(['{', ';'])?;
        let signature = code[at..at + end]
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        let signature = signature
            .replace("( ", "(")
            .replace(", )", ")")
            .replace(" )", ")");
        let name = signature
            .split_once("fn ")?
            .1
            .split(['(', '<'])
            .next()?
            .trim()
            .to_owned();
        Some((name, signature))
    };
    starts.into_iter().filter_map(signature).collect()
}

/// A signature without the spaces and `mut`, which make no difference.
fn bare(signature: &str) -> String {
    let signature = signature.replace("(mut ", "(").replace(" mut ", " ");
    signature.replace(",>", ">").split_whitespace().collect()
}

/// Returns the opening paragraph of the file that a check is in.
fn about(task: Task, path: &str) -> Option<String> {
    let text = fs::read_to_string(file_of(task, path)?).ok()?;
    let docs = text.lines().map_while(|line| line.strip_prefix("//!"));
    let docs = docs.map(|line| line.strip_prefix(' ').unwrap_or(line));
    let docs = docs.collect::<Vec<_>>().join("\n");
    (!docs.trim().is_empty())
        .then(|| format!("What these checks are about:\n\n{}", flowing(docs.trim())))
}

/// Joins the lines of each paragraph, because a terminal is narrower than our comments. Headings, lists, tables and blocks
/// of code keep their lines.
fn flowing(docs: &str) -> String {
    let (mut text, mut in_code, mut is_open) = (String::new(), false, false);
    for line in docs.lines() {
        let is_fence = line.starts_with("```");
        in_code ^= is_fence;
        let begins = line.is_empty() || in_code || is_fence || line.starts_with(['#', '|', '-']);
        match (begins || !is_open, text.is_empty()) {
            (false, _) => text.extend([" ", line.trim_start()]),
            (true, true) => text.push_str(line),
            (true, false) => text.extend(["\n", line]),
        }
        is_open = !(line.is_empty() || in_code || is_fence || line.starts_with(['#', '|']));
    }
    text
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
        .then(|| format!("Solutions that fail this check made one of these mistakes:{list}"))
}

/// Returns the file in `tests/checks` that holds a check.
fn file_of(task: Task, path: &str) -> Option<PathBuf> {
    let module = path.split_once("::").map_or("main", |(module, _)| module);
    let folder = task.path().join("tests/checks");
    let file = folder.join(module_file(&folder, module));
    file.exists().then_some(file)
}

/// Returns the source of a check, and where it is.
fn source(task: Task, path: &str) -> Option<String> {
    let name = path.rsplit("::").next().unwrap_or(path);
    let file = file_of(task, path)?;
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
        "The check, {}:{}:\n\n{}",
        file.display(),
        at + 1,
        lines[begin..=end].join("\n")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::TASKS;

    #[test]
    fn a_signature_is_the_same_however_it_is_laid_out() {
        let one = signatures(
            "pub fn run<T>(\n    &self,\n    // the body\n    body: impl FnOnce(&Rows),\n) -> Result<T> {",
        );
        let other =
            signatures("    pub fn run<T>(&self, mut body: impl FnOnce(&Rows)) -> Result<T> { 1 }");
        assert_eq!((one[0].0.as_str(), one.len()), ("run", 1));
        assert_eq!(bare(&one[0].1), bare(&other[0].1));
    }

    #[test]
    fn the_lines_of_a_paragraph_are_joined_and_no_others() {
        let docs = "# Errors\nIf it\nfails.\n\n- one\n  more\n- two\n\n| a |\n| b |\n```\nlet a;\nlet b;\n```\nThe\nend";
        assert_eq!(
            flowing(docs),
            "# Errors\nIf it fails.\n\n- one more\n- two\n\n| a |\n| b |\n```\nlet a;\nlet b;\n```\nThe end"
        );
    }

    #[test]
    fn every_stub_has_its_own_signatures_and_functions_to_write() {
        for task in TASKS {
            let stub = fs::read_to_string(task.path().join("stub/lib.rs")).unwrap();
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir(folder.path().join("src")).unwrap();
            fs::write(folder.path().join("src/lib.rs"), &stub).unwrap();
            assert_eq!(changed_signatures(task, folder.path()), "");
            assert_eq!(changed_signatures(task, &task.path()), "", "our solution");
            let todos = todos(task);
            let bodies = stub
                .lines()
                .filter(|line| line.trim_start().starts_with("todo!("));
            assert_eq!(todos.len(), bodies.count());
            assert!(
                todos
                    .iter()
                    .all(|todo| !todo.function.is_empty() && stub.contains(&todo.sentence))
            );
        }
    }
}
