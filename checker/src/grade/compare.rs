//! Compares the results of a class with earlier ones.

use std::collections::HashMap;
use std::fmt;

use crate::outcome::{Problem, Submission, Task, Verdict};
use crate::report::{clean, sentence, whose, word};
use crate::results::Results;

/// The changes since earlier results.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// The submissions with a task whose verdict changed, in the order of the class.
    pub changes: Vec<Change>,
}

/// A changed verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The submission's name.
    pub submission: String,
    /// The task. `None` for a submission that has no task, now or earlier.
    pub task: Option<String>,
    /// The earlier verdict, for people. `None` if there was none.
    pub before: Option<String>,
    /// The verdict now, for people. `None` if there is none.
    pub now: Option<String>,
    /// The checks with another verdict: the name as a sentence, the earlier verdict and the one now.
    pub checks: Vec<(String, String, String)>,
    /// The reason, if something else changed.
    pub why: Why,
}

/// The reason for a changed verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The submission changed.
    Submission,
    /// The checks changed.
    Checks,
    /// The submission and the checks changed.
    Both,
    /// Neither changed: the verdict depends on the machine or on chance.
    Neither,
    /// It is not known, because something could not be read or opened.
    Unknown,
    /// It is new in the class, or no longer in it.
    Class,
}

impl Comparison {
    /// Compares results with earlier ones. A submission of the class that is graded elsewhere is left out.
    pub fn new(before: &Results, now: &Results) -> Comparison {
        let earlier: HashMap<&str, &Submission> = by_name(before);
        let mut changes = Vec::new();
        for submission in &now.submissions {
            match earlier.get(submission.name.as_str()) {
                Some(earlier) => changes.extend(of_one((before, earlier), (now, submission))),
                None => changes.push(in_the_class(submission, false)),
            }
        }
        let in_class: HashMap<&str, ()> =
            now.class.iter().map(|name| (name.as_str(), ())).collect();
        let gone = before
            .submissions
            .iter()
            .filter(|submission| !in_class.contains_key(submission.name.as_str()));
        changes.extend(gone.map(|submission| in_the_class(submission, true)));
        Comparison { changes }
    }
}

fn by_name(results: &Results) -> HashMap<&str, &Submission> {
    let submissions = results.submissions.iter();
    submissions
        .map(|submission| (submission.name.as_str(), submission))
        .collect()
}

/// Returns the change of a submission that is new in the class or no longer in it.
fn in_the_class(submission: &Submission, is_gone: bool) -> Change {
    let passed = submission.tasks.iter().filter(|task| task.is_passed());
    let verdict = match &submission.problem {
        Some(problem) => whose(problem).to_owned(),
        None => format!("{} of {} tasks", passed.count(), submission.tasks.len()),
    };
    let (before, now) = if is_gone {
        (Some(verdict), None)
    } else {
        (None, Some(verdict))
    };
    Change {
        submission: submission.name.clone(),
        task: None,
        before,
        now,
        checks: Vec::new(),
        why: Why::Class,
    }
}

fn of_one(
    (old_class, old): (&Results, &Submission),
    (new_class, new): (&Results, &Submission),
) -> Vec<Change> {
    let change = |task: Option<&str>, before: Option<String>, now: Option<String>| Change {
        submission: new.name.clone(),
        task: task.map(str::to_owned),
        before,
        now,
        checks: Vec::new(),
        why: Why::Unknown,
    };
    let mut changes = Vec::new();
    let problem = |submission: &Submission| submission.problem.as_ref().map(problem_word);
    if problem(old) != problem(new) {
        changes.push(change(None, problem(old), problem(new)));
    }
    let find = |submission: &'_ Submission, name: &str| -> Option<Task> {
        submission
            .tasks
            .iter()
            .find(|task| task.task == name)
            .cloned()
    };
    let gone = old.tasks.iter().map(|task| &task.task);
    let gone = gone.filter(|name| find(new, name).is_none());
    for name in new.tasks.iter().map(|task| &task.task).chain(gone) {
        let (before, now) = (find(old, name), find(new, name));
        let (before, now) = (before.as_ref(), now.as_ref());
        let checks = checks(before, now);
        if before.map(verdict) == now.map(verdict) && checks.is_empty() {
            continue;
        }
        let version = |class: &Results| class.checks(name).map(|checks| checks.version.clone());
        let files = |task: Option<&Task>| task.and_then(|task| task.files.clone());
        let is_other = |one: Option<String>, other: Option<String>| Some(one? != other?);
        let why = match (
            is_other(files(before), files(now)),
            is_other(version(old_class), version(new_class)),
        ) {
            (Some(true), Some(true)) => Why::Both,
            (Some(true), _) => Why::Submission,
            (_, Some(true)) => Why::Checks,
            (Some(false), Some(false)) => Why::Neither,
            _ if before.is_none() || now.is_none() => Why::Submission,
            _ => Why::Unknown,
        };
        changes.push(Change {
            checks,
            why,
            ..change(Some(name), before.map(verdict), now.map(verdict))
        });
    }
    changes
}

/// Returns a task's verdict, for people.
fn verdict(task: &Task) -> String {
    if let Some(problem) = &task.problem {
        return problem_word(problem);
    }
    if task.is_passed() {
        return "passed".to_owned();
    }
    let required = || task.checks.iter().filter(|check| check.is_required);
    let passed = required().filter(|check| check.verdict == Verdict::Passed);
    format!("{} of {}", passed.count(), required().count())
}

fn problem_word(problem: &Problem) -> String {
    let message = clean::line(&problem.message, clean::LINE);
    format!("{} ({message})", whose(problem))
}

fn checks(before: Option<&Task>, now: Option<&Task>) -> Vec<(String, String, String)> {
    let (Some(before), Some(now)) = (before, now) else {
        return Vec::new();
    };
    let changed = now.checks.iter().filter_map(|check| {
        let earlier = before.checks.iter().find(|one| one.name == check.name)?;
        let words = [&earlier.verdict, &check.verdict].map(|verdict| word(verdict).to_owned());
        let [earlier, now] = words.map(|word| word.replace('_', " "));
        (earlier != now).then(|| (clean::line(&sentence(check), clean::LINE), earlier, now))
    });
    changed.collect()
}

impl Why {
    /// Returns it as a clause.
    pub fn words(self) -> &'static str {
        match self {
            Why::Submission => "the submission changed",
            Why::Checks => "the checks changed",
            Why::Both => "the submission and the checks changed",
            Why::Neither => "neither the submission nor the checks changed",
            Why::Unknown => "it is not known what changed",
            Why::Class => "the class changed",
        }
    }
}

impl Change {
    /// Returns the verdict before and now, for people.
    pub fn verdicts(&self) -> String {
        match (&self.before, &self.now, self.why) {
            (None, Some(now), Why::Class) => format!("new in the class: {now}"),
            (Some(before), None, Why::Class) => format!("no longer in the class; was {before}"),
            (before, now, _) => {
                let none = || "no verdict".to_owned();
                let [before, now] = [before, now].map(|one| one.clone().unwrap_or_else(none));
                format!("{before} → {now}")
            }
        }
    }
}

/// Writes a line for each change, and indented lines for the checks.
impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.changes.is_empty() {
            return writeln!(f, "no verdict changed since the last grading");
        }
        writeln!(f, "changed since the last grading:")?;
        for change in &self.changes {
            let name = clean::line(&change.submission, clean::LINE);
            let task = change.task.as_ref().map(|task| format!(", {task}"));
            let (task, verdicts) = (task.unwrap_or_default(), change.verdicts());
            match change.why {
                Why::Class => writeln!(f, "  {name}: {verdicts}")?,
                why => writeln!(f, "  {name}{task}: {verdicts} ({})", why.words())?,
            }
            for (check, before, now) in &change.checks {
                writeln!(f, "      {check}: {before} → {now}")?;
            }
        }
        Ok(())
    }
}
