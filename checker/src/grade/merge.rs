//! Joins the results of several machines.

use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::outcome::{Problem, Submission, Whose};
use crate::results::{Checks, Results};

/// The results of several machines, joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The joined results, in the order of the class.
    pub results: Results,
    /// The submissions with the same verdict in several files. One of the verdicts counts.
    pub twice: Vec<Twice>,
}

/// A submission that was graded twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twice {
    /// Its name.
    pub name: String,
    /// The files with its verdicts.
    pub files: [String; 2],
}

/// Joins results, each with the name of its file.
///
/// # Errors
///
/// If two files have results of different checks, or different verdicts on the same submission.
pub fn merge(parts: Vec<(String, Results)>) -> Result<Merged, Problem> {
    let mut results = Results::default();
    let mut checks_from: Vec<(String, Checks)> = Vec::new();
    let mut graded: HashMap<String, (String, Submission)> = HashMap::new();
    let (mut known, mut twice) = (HashSet::new(), Vec::new());
    for (file, part) in parts {
        for checks in part.checks {
            match checks_from.iter().find(|(_, one)| one.task == checks.task) {
                Some((other, one)) if *one != checks => {
                    return Err(different_checks([other, &file], one, &checks));
                }
                Some(_) => {}
                None => checks_from.push((file.clone(), checks)),
            }
        }
        let names = part.class.into_iter();
        let class = names.chain(part.submissions.iter().map(|one| one.name.clone()));
        for name in class {
            if known.insert(name.clone()) {
                results.class.push(name);
            }
        }
        for submission in part.submissions {
            let Some((other, one)) = graded.get(&submission.name) else {
                graded.insert(submission.name.clone(), (file.clone(), submission));
                continue;
            };
            let files = [other.clone(), file.clone()];
            let name = submission.name.clone();
            if !is_same(one, &submission) {
                return Err(different_verdicts(&name, &files));
            }
            twice.push(Twice { name, files });
        }
    }
    results.checks = checks_from.into_iter().map(|(_, checks)| checks).collect();
    results
        .checks
        .sort_by(|one, other| one.task.cmp(&other.task));
    let names = results.class.iter();
    let submissions = names.filter_map(|name| Some(graded.remove(name)?.1));
    results.submissions = submissions.collect();
    Ok(Merged { results, twice })
}

/// Returns whether two results of a submission are of the same files and have the same verdicts. Times and what was seen
/// differ in each run.
fn is_same(one: &Submission, other: &Submission) -> bool {
    let verdicts = |submission: &Submission| {
        let tasks = submission.tasks.iter();
        let task = |task: &crate::outcome::Task| {
            let checks = task.checks.iter();
            let checks =
                checks.map(|check| (check.name.clone(), crate::report::word(&check.verdict)));
            (
                task.task.clone(),
                task.files.clone(),
                task.problem.as_ref().map(|problem| problem.whose),
                checks.collect::<Vec<_>>(),
            )
        };
        tasks.map(task).collect::<Vec<_>>()
    };
    let whose = |submission: &Submission| submission.problem.as_ref().map(|problem| problem.whose);
    verdicts(one) == verdicts(other) && whose(one) == whose(other)
}

fn different_checks(files: [&String; 2], one: &Checks, other: &Checks) -> Problem {
    let [first, second] = files;
    let why = if one.version != other.version {
        format!("{} and {}", one.version, other.version)
    } else {
        "one of them with extras, the other without".to_owned()
    };
    Problem {
        whose: Whose::YourMachine,
        message: format!(
            "{first} and {second} are results of different checks of {}: {why}",
            one.task
        ),
        details: String::new(),
        help: "grade all parts with the same commit of this repository and the same options"
            .to_owned(),
    }
}

fn different_verdicts(name: &str, files: &[String; 2]) -> Problem {
    let [first, second] = files;
    Problem {
        whose: Whose::YourMachine,
        message: format!("{name} has different verdicts in {first} and {second}"),
        details: String::new(),
        help: "leave out the file that does not count, or grade this submission again".to_owned(),
    }
}

impl fmt::Display for Twice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = &self.files;
        write!(f, "{} is in {first} and in {second}", self.name)
    }
}
