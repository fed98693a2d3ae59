//! A submission's part of the page.

use super::markup::escaped;
use super::piece::{Details, Piece};
use super::{Class, timeline};
use crate::grade::points::rounded;
use crate::outcome::{Check, Problem, Submission, Task, Verdict};
use crate::report::{clean, message, sentence, whose, word};

/// The maximum length of a text of a check, in bytes.
const TEXT: usize = 2000;

/// Adds the part of a submission.
pub(super) fn article<'a>(
    class: &Class<'_>,
    place: usize,
    submission: &'a Submission,
    pieces: &mut Vec<Piece<'a>>,
) {
    let (fails, name) = (class.fails(submission), escaped(&submission.name));
    let mut text = format!("<article id=\"s{place}\" data-fails=\"{fails}\">\n");
    if !class.is_single() {
        text += &format!("<h3 dir=\"auto\">{name}</h3>\n");
    }
    if let Some(problem) = &submission.problem {
        text += &self::problem(problem);
    }
    pieces.push(Piece::Fixed(text));
    for task in &submission.tasks {
        self::task(class, task, pieces);
    }
    pieces.push(Piece::Fixed("</article>\n".to_owned()));
}

fn task<'a>(class: &Class<'_>, task: &'a Task, pieces: &mut Vec<Piece<'a>>) {
    let (style, verdict) = verdict(task);
    let name = format!(
        "<span class=\"task\">{}</span> <span class=\"{style}\">{}</span>",
        escaped(&task.task),
        escaped(&verdict)
    );
    let is_failing = |check: &&Check| check.verdict != Verdict::Passed;
    let extras = task.extras_problem.as_ref().map(|why| {
        let why = escaped(why);
        format!("<p><span class=\"mild\">the extras did not run:</span> {why}</p>\n")
    });
    let extras = extras.unwrap_or_default();
    let is_quiet = task.problem.is_none() && !task.checks.iter().any(|check| is_failing(&check));
    if is_quiet && !class.is_single() {
        pieces.push(Piece::Fixed(format!("<p>{name}</p>\n{extras}")));
        return;
    }
    let score = class
        .report
        .points
        .score(task, class.report.results.checks(&task.task));
    // On the page of one submission its name is the title.
    let (open, heading) = match class.is_single() {
        true => (" open", "h3"),
        false => ("", "h4"),
    };
    let mut text = format!(
        "<details{open}><summary>{name} <span class=\"quiet\">{} of {} points</span></summary>\n",
        rounded(score.points),
        rounded(score.of)
    );
    if let Some(problem) = &task.problem {
        text += &self::problem(problem);
    }
    pieces.push(Piece::Fixed(text + &extras));
    let mut last = None;
    let (required, extras): (Vec<&Check>, Vec<&Check>) = task
        .checks
        .iter()
        .filter(is_failing)
        .partition(|check| check.is_required);
    for check in required.into_iter().chain(extras) {
        let extra = if check.is_required { "" } else { ", an extra" };
        let style = if check.is_required { "bad" } else { "mild" };
        pieces.push(Piece::Fixed(format!(
            "<section class=\"check\">\n<{heading}>{} <span class=\"{style}\">{}{extra}</span></{heading}>\n",
            escaped(&sentence(check)),
            word(&check.verdict).replace('_', " ")
        )));
        let (message, is_first) = (message(check), last.is_none());
        let is_new = last.as_ref() != Some(&message);
        let details = [Details::Words(is_new), Details::Picture];
        // Like the text for people: what was found once is not repeated.
        for kind in details.into_iter().take(if is_new { 2 } else { 1 }) {
            pieces.push(Piece::Details {
                check,
                kind,
                is_first,
            });
        }
        last = Some(message);
        pieces.push(Piece::Fixed("</section>\n".to_owned()));
    }
    let mut passed = String::new();
    if class.is_single() {
        let names = task.checks.iter().filter(|check| !is_failing(check));
        let names: String = names
            .map(|check| format!("<li>{}</li>\n", escaped(&sentence(check))))
            .collect();
        if !names.is_empty() {
            passed = format!("<h3>Passed</h3>\n<ul>\n{names}</ul>\n");
        }
    }
    pieces.push(Piece::Fixed(passed + "</details>\n"));
}

/// Returns the style of a task's verdict, and the verdict in words.
pub(super) fn verdict(task: &Task) -> (&'static str, String) {
    if let Some(problem) = &task.problem {
        return ("bad", problem_words(problem));
    }
    if task.is_passed() {
        return ("good", "passed".to_owned());
    }
    let count = crate::report::count(std::slice::from_ref(task), true);
    ("bad", format!("{} of {}", count.passed, count.of))
}

/// Returns why there is no verdict, in a few words.
pub(super) fn problem_words(problem: &Problem) -> String {
    const FEW: usize = 40;
    let (message, whose) = (&problem.message, whose(problem));
    if message.len() <= FEW {
        message.clone()
    } else {
        format!("not checked: {whose}")
    }
}

fn problem(problem: &Problem) -> String {
    let details = match problem.details.as_str() {
        "" => String::new(),
        details => preformatted(details),
    };
    format!(
        "<p><strong class=\"bad\">{}:</strong> {}</p>\n{details}<p class=\"hint\"><strong>help:</strong> {}</p>\n",
        whose(problem),
        escaped(&problem.message),
        escaped(&problem.help)
    )
}

/// Returns what a check expected and found, and its hint.
pub(super) fn words(check: &Check, with_message: bool) -> String {
    let mut text = String::new();
    if with_message {
        let message = shortened(&message(check));
        let expected = message.strip_prefix("expected: ");
        let parts = expected.map(|expected| expected.split_once("\nfound: ").ok_or(expected));
        text += &match parts {
            Some(Ok((expected, found))) => format!(
                "<dl><dt>expected</dt><dd>{}</dd><dt>found</dt><dd>{}</dd></dl>\n",
                escaped(expected),
                escaped(found)
            ),
            Some(Err(expected)) => {
                format!("<dl><dt>expected</dt><dd>{}</dd></dl>\n", escaped(expected))
            }
            None => format!("<p class=\"words\">{}</p>\n", escaped(&message)),
        };
    } else {
        text += "<p class=\"quiet\">It found the same as the check above.</p>\n";
    }
    if let Verdict::Failed { hint, .. } = &check.verdict
        && !hint.is_empty()
    {
        let hint = escaped(&shortened(hint));
        text += &format!("<p class=\"hint\"><strong>hint:</strong> {hint}</p>\n");
    }
    text
}

/// Returns what a check saw: the timeline as a picture, or a text.
pub(super) fn picture(check: &Check) -> String {
    match &check.verdict {
        Verdict::Failed {
            timeline: Some(timeline),
            ..
        } if timeline.connections.is_empty() => {
            "<p class=\"quiet\">No connection was opened.</p>\n".to_owned()
        }
        Verdict::Failed {
            timeline: Some(timeline),
            ..
        } => format!(
            // For a browser that runs scripts this is a text, until the page's script draws it: a large class has more
            // pictures than a browser can read in a second. A picture contains no `</noscript>`, because it is escaped.
            "<noscript><div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"timeline\">\n{}</div>\n<p class=\"described\">{}</p></noscript>\n",
            timeline::draw(timeline),
            escaped(&timeline::described(timeline))
        ),
        Verdict::Failed { saw: text, .. }
        | Verdict::TimedOut { output: text }
        | Verdict::Crashed { output: text, .. }
            if !text.is_empty() =>
        {
            preformatted(text)
        }
        _ => String::new(),
    }
}

fn preformatted(text: &str) -> String {
    format!("<pre tabindex=\"0\">{}</pre>\n", escaped(text))
}

fn shortened(text: &str) -> String {
    clean::beginning(text, TEXT)
}
