//! The tables of the page: the class at a glance, where it fails, and what changed.

use super::Class;
use super::markup::escaped;
use super::submission::{problem_words, verdict};
use crate::grade::compare::{Comparison, Why};
use crate::grade::points::rounded;
use crate::outcome::{Submission, Verdict};
use crate::report::clean;

/// Returns the table with a row for each submission, and its filter.
pub(super) fn overview(class: &Class) -> String {
    let options = class.failures.iter().enumerate().map(|(place, failure)| {
        let of_task = match failure.task.as_str() {
            "" => String::new(),
            task => format!("{task}: "),
        };
        let text = format!("{of_task}{} ({})", failure.what, failure.count);
        format!("<option value=\"{place}\">{}</option>\n", escaped(&text))
    });
    let headers = ["submission"]
        .into_iter()
        .chain(class.tasks.iter().map(String::as_str))
        .chain(["points"]);
    let header = |name: &str| {
        let name = escaped(name);
        format!("<th scope=\"col\"><button type=\"button\">{name}</button></th>")
    };
    let rows = class.submissions.iter().enumerate();
    let rows: String = rows
        .map(|(place, submission)| row(class, place, submission))
        .collect();
    format!(
        r#"<section aria-labelledby="class">
<h2 id="class">The class at a glance</h2>
<div class="controls" hidden>
<label>Name <input type="search" id="name" autocomplete="off"></label>
<label>Check that fails <select id="check"><option value="">show every submission</option>
{options}</select></label>
<span role="status" id="shown"></span>
</div>
<div class="scroll" role="group" tabindex="0" aria-labelledby="class">
<table id="overview">
<thead><tr>{headers}</tr></thead>
<tbody>
{rows}</tbody>
</table>
</div>
</section>
"#,
        options = options.collect::<String>(),
        headers = headers.map(header).collect::<String>(),
    )
}

fn row(class: &Class, place: usize, submission: &Submission) -> String {
    let report = class.report;
    let mut points = 0.0;
    let mut cells = String::new();
    let name = escaped(&submission.name);
    for name in &class.tasks {
        let Some(task) = submission.tasks.iter().find(|task| task.task == *name) else {
            let problem = submission.problem.as_ref().map(problem_words);
            let (style, text) = match problem {
                Some(words) => ("bad", escaped(&words)),
                None => ("quiet", "–".to_owned()),
            };
            cells += &format!("<td class=\"{style}\" data-value=\"-2\">{text}</td>");
            continue;
        };
        points += report
            .points
            .score(task, report.results.checks(&task.task))
            .points;
        let (style, text) = verdict(task);
        let text = escaped(&text);
        let value = match &task.problem {
            Some(_) => -1.0,
            None => share(
                task.checks
                    .iter()
                    .filter(|check| check.is_required)
                    .map(|check| check.verdict == Verdict::Passed),
            ),
        };
        cells += &format!("<td class=\"{style}\" data-value=\"{value:.4}\">{text}</td>");
    }
    let points = rounded(points);
    let fails = class.fails(submission);
    format!(
        "<tr data-fails=\"{fails}\"><th scope=\"row\"><a href=\"#s{place}\" dir=\"auto\">{name}</a></th>{cells}<td data-value=\"{points}\">{points}</td></tr>\n"
    )
}

/// Returns the share of what is true.
fn share(all: impl Iterator<Item = bool>) -> f64 {
    let (mut yes, mut of) = (0.0, 0.0);
    for one in all {
        of += 1.0;
        yes += if one { 1.0 } else { 0.0 };
    }
    if of == 0.0 { 0.0 } else { yes / of }
}

/// Returns the table of checks by how many submissions fail them.
pub(super) fn failures(class: &Class) -> String {
    let all = class.submissions.len();
    let rows: String = class
        .failures
        .iter()
        .enumerate()
        .map(|(place, failure)| {
            let extra = if failure.is_required { "" } else { " (extra)" };
            let count = failure.count;
            format!(
                "<tr><td class=\"number\">{count}</td><td><svg class=\"share\" viewBox=\"0 0 {all} 1\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect width=\"{count}\" height=\"1\"/></svg></td><th scope=\"row\"><button type=\"button\" data-check=\"{place}\">{}{extra}</button></th><td>{}</td></tr>\n",
                escaped(&failure.what),
                escaped(&failure.task)
            )
        })
        .collect();
    let table = if rows.is_empty() {
        "<p>No submission fails a check.</p>\n".to_owned()
    } else {
        format!(
            "<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-labelledby=\"failures\">\n<table>\n<thead><tr><th scope=\"col\">submissions</th><td></td><th scope=\"col\">check that fails</th><th scope=\"col\">task</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n"
        )
    };
    format!(
        "<section aria-labelledby=\"failures\">\n<h2 id=\"failures\">Where the class fails</h2>\n{table}</section>\n"
    )
}

/// Returns the table of changed verdicts.
pub(super) fn comparison(comparison: &Comparison) -> String {
    let rows: String = comparison
        .changes
        .iter()
        .map(|change| {
            let checks = change.checks.iter();
            let checks: String = checks
                .map(|(check, before, now)| {
                    format!("<li>{}: {} → {}</li>", escaped(check), escaped(before), escaped(now))
                })
                .collect();
            let why = match change.why {
                Why::Class => "",
                why => why.words(),
            };
            format!(
                "<tr><th scope=\"row\" dir=\"auto\">{}</th><td>{}</td><td>{}<ul>{checks}</ul></td><td>{why}</td></tr>\n",
                escaped(&clean::line(&change.submission, clean::LINE)),
                escaped(change.task.as_deref().unwrap_or_default()),
                escaped(&change.verdicts()),
            )
        })
        .collect();
    let table = if rows.is_empty() {
        "<p>No verdict changed.</p>\n".to_owned()
    } else {
        format!(
            "<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-labelledby=\"changes\">\n<table>\n<thead><tr><th scope=\"col\">submission</th><th scope=\"col\">task</th><th scope=\"col\">verdict</th><th scope=\"col\">why</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n"
        )
    };
    format!(
        "<section aria-labelledby=\"changes\">\n<h2 id=\"changes\">Changed since the last grading</h2>\n{table}</section>\n"
    )
}
