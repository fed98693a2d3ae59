//! A page for a browser: one file that needs no network.
//!
//! Everything from a submission is escaped text. A content security policy forbids every script and style but the page's,
//! in case that something is not.

mod markup;
mod piece;
mod submission;
mod table;
mod timeline;

use std::collections::BTreeMap;
use std::io::{self, Write};

use self::markup::{base64, escaped};
use self::piece::Piece;
use self::submission::article;
use super::{Report, clean, sentence};
use crate::outcome::{Submission, Verdict};
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The size of the page, in bytes, that details must not exceed: it fits into an e-mail, and a browser opens it quickly.
const MOST: usize = 9_500_000;

/// Writes the page. If it would become too large, details of some failing checks are left out, and the page says where.
///
/// # Errors
///
/// If `out` cannot be written to.
pub fn write(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let class = Class::new(report);
    let mut pieces = vec![Piece::Fixed(head(&class))];
    if !class.is_single() {
        pieces.push(Piece::Fixed(navigation(report)));
        pieces.push(Piece::Fixed(table::overview(&class)));
        pieces.push(Piece::Fixed(table::failures(&class)));
    }
    if let Some(comparison) = &report.comparison {
        pieces.push(Piece::Fixed(table::comparison(comparison)));
    }
    let title = if class.is_single() {
        "Tasks"
    } else {
        "Submissions"
    };
    pieces.push(Piece::Fixed(format!(
        "<section aria-labelledby=\"submissions\">\n<h2 id=\"submissions\">{title}</h2>\n"
    )));
    for (place, submission) in class.submissions.iter().enumerate() {
        article(&class, place, submission, &mut pieces);
    }
    pieces.push(Piece::Fixed(format!(
        "</section>\n</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )));
    for text in piece::texts(&pieces, MOST) {
        out.write_all(text.as_bytes())?;
    }
    Ok(())
}

/// Data that all parts of the page need.
struct Class<'a> {
    report: &'a Report,
    /// The submissions, with clean texts.
    submissions: Vec<Submission>,
    /// The names of their tasks, in order.
    tasks: Vec<String>,
    /// The ways to fail, by task and check; those that are most frequent first.
    failures: Vec<Failure>,
    /// The places in `failures`, by task and check.
    places: BTreeMap<Key, usize>,
}

/// A task, and a check of it; `None` for a task that could not be checked. A submission that could not be opened has no task.
type Key = (String, Option<String>);

/// A way to fail, and how many submissions do.
struct Failure {
    task: String,
    /// The check as a sentence, or why there is no verdict.
    what: String,
    is_required: bool,
    count: usize,
}

impl<'a> Class<'a> {
    fn new(report: &'a Report) -> Class<'a> {
        let submissions = report.results.submissions.iter();
        let submissions: Vec<Submission> = submissions.map(clean::submission).collect();
        let all = || submissions.iter().flat_map(|submission| &submission.tasks);
        let mut tasks: Vec<String> = all().map(|task| task.task.clone()).collect();
        tasks.sort_unstable();
        tasks.dedup();
        let mut found: BTreeMap<Key, Failure> = BTreeMap::new();
        let unopened = submissions
            .iter()
            .filter(|one| one.problem.is_some())
            .count();
        if unopened > 0 {
            let failure = Failure {
                task: String::new(),
                what: "could not be opened".to_owned(),
                is_required: true,
                count: unopened,
            };
            found.insert((String::new(), None), failure);
        }
        for task in all() {
            let mut count = |check: Option<&str>, what: String, is_required| {
                let key = (task.task.clone(), check.map(str::to_owned));
                let failure = found.entry(key).or_insert_with(|| Failure {
                    task: task.task.clone(),
                    what,
                    is_required,
                    count: 0,
                });
                failure.count += 1;
            };
            if task.problem.is_some() {
                count(None, "could not be checked".to_owned(), true);
            }
            for check in &task.checks {
                if check.verdict != Verdict::Passed {
                    count(Some(&check.name), sentence(check), check.is_required);
                }
            }
        }
        let mut failures: Vec<(Key, Failure)> = found.into_iter().collect();
        failures.sort_by_key(|(_, failure)| (!failure.is_required, usize::MAX - failure.count));
        let keys = failures.iter().enumerate();
        Class {
            places: keys.map(|(place, (key, _))| (key.clone(), place)).collect(),
            failures: failures.into_iter().map(|(_, failure)| failure).collect(),
            report,
            submissions,
            tasks,
        }
    }

    /// Returns whether the page is of one submission.
    fn is_single(&self) -> bool {
        self.submissions.len() == 1
    }

    /// Returns the places of a submission's failures, for the page's filter.
    fn fails(&self, submission: &Submission) -> String {
        let unopened = submission.problem.as_ref();
        let unopened = unopened.and_then(|_| self.places.get(&(String::new(), None)));
        let mut places: Vec<&usize> = unopened.into_iter().collect();
        for task in &submission.tasks {
            let failing = task.checks.iter();
            let failing = failing.filter(|check| check.verdict != Verdict::Passed);
            let names = failing.map(|check| Some(check.name.clone()));
            for name in names.chain(task.problem.is_some().then_some(None)) {
                places.extend(self.places.get(&(task.task.clone(), name)));
            }
        }
        let places: Vec<String> = places.into_iter().map(usize::to_string).collect();
        places.join(" ")
    }
}

/// Returns the beginning of the page: its policy, its style, and its heading.
fn head(class: &Class) -> String {
    let style = format!("{STYLE}{}", timeline::style());
    let hash = |text: &str| format!("'sha256-{}'", base64(&Sha256::digest(text)));
    let policy = format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        hash(&style),
        hash(SCRIPT)
    );
    let submissions = &class.submissions;
    let (title, summary) = match submissions.as_slice() {
        [one] => (one.name.clone(), String::new()),
        several => {
            let passed = several.iter().filter(|one| one.is_passed()).count();
            let unchecked = several.iter().filter(|one| !one.has_a_verdict()).count();
            let failed = several.len() - passed - unchecked;
            let title = format!("{} submissions", several.len());
            let counts = format!(
                "<p>{passed} passed, {failed} failed, {unchecked} could not be checked in full</p>\n"
            );
            (title, counts)
        }
    };
    let missing = match class.report.results.missing().as_slice() {
        [] => String::new(),
        names => {
            let (count, all) = (names.len(), class.report.results.class.len());
            let names = names.iter().map(|name| {
                let name = escaped(&clean::line(name, clean::LINE));
                format!("<li dir=\"auto\">{name}</li>\n")
            });
            let names: String = names.collect();
            format!(
                "<details><summary>{count} of the {all} submissions of the class are not on this page</summary>\n\
                 <ul>\n{names}</ul>\n</details>\n"
            )
        }
    };
    let versions = class.report.results.checks.iter();
    let versions: Vec<String> = versions
        .map(|checks| format!("{} {}", escaped(&checks.task), escaped(&checks.version)))
        .collect();
    let versions = match versions.as_slice() {
        [] => String::new(),
        versions => format!(
            "<p class=\"quiet\">Version of the checks: {}</p>\n",
            versions.join(", ")
        ),
    };
    let title = escaped(&title);
    format!(
        r##"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>Results: {title}</title>
<style>{style}</style>
</head>
<body>
<a class="skip" href="#submissions">Skip to the details</a>
{patterns}<main>
<h1 dir="auto">{title}</h1>
{summary}{missing}{versions}"##,
        patterns = timeline::patterns(),
    )
}

/// Returns the links to the parts of the page.
fn navigation(report: &Report) -> String {
    let changes = match report.comparison {
        Some(_) => "<a href=\"#changes\">Changed since the last grading</a>\n",
        None => "",
    };
    format!(
        "<nav aria-label=\"Parts of this page\">\n<a href=\"#class\">The class at a glance</a>\n\
         <a href=\"#failures\">Where the class fails</a>\n{changes}\
         <a href=\"#submissions\">Submissions</a>\n</nav>\n"
    )
}
