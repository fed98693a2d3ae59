//! `checker merge`: joins the results of several machines.

use std::path::PathBuf;
use std::process::ExitCode;

use checker::grade::merge::{Merged, merge};
use checker::outcome::{Problem, Submission};
use checker::results::Results;
use shared::cli::notice;
use shared::terminal::printable;

use super::Outcome;
use super::report_options::ReportOptions;

/// The number of names that a notice contains.
const SHOWN: usize = 20;

/// Join the results of several machines, each written with `grade --shard K/N --format json`
#[derive(clap::Args)]
pub struct Arguments {
    /// Files with results
    #[arg(required = true, value_name = "RESULTS.json")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    report: ReportOptions,
}

impl Arguments {
    pub fn run(self) -> Outcome {
        let report = self.report.begin()?;
        let (mut parts, mut unreadable) = (Vec::new(), Vec::new());
        for file in &self.files {
            match Results::read(file) {
                Ok(results) => parts.push((printable(&file.display().to_string()), results)),
                Err(problem) => unreadable.push(problem),
            }
        }
        if parts.is_empty() {
            return Err(unreadable.swap_remove(0).into());
        }
        let Merged { results, twice } = merge(parts)?;
        let required = |task: checker::task::Task| {
            let checks = results.checks(task.folder);
            let names = checks.map(|checks| checks.required.clone());
            Ok::<_, Problem>(names.filter(|names| !names.is_empty()))
        };
        let points = self.report.points(&required)?;
        for problem in &unreadable {
            notice(&format!("left out: {problem}"));
        }
        if !twice.is_empty() {
            let names = twice.iter().map(ToString::to_string);
            let some = some(names.collect(), "; ");
            notice(&format!("graded twice, with the same verdict: {some}"));
        }
        let missing: Vec<String> = results.missing().into_iter().map(str::to_owned).collect();
        let are_all_graded = missing.is_empty();
        if !are_all_graded {
            notice(&format!(
                "{} of {} submissions are missing: {}",
                missing.len(),
                results.class.len(),
                some(missing, ", ")
            ));
        }
        let have_verdicts = results.submissions.iter().all(Submission::has_a_verdict);
        report.write(results, points)?;
        Ok(
            if are_all_graded && have_verdicts && unreadable.is_empty() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            },
        )
    }
}

/// Returns the first of these texts, and how many more there are.
fn some(mut texts: Vec<String>, between: &str) -> String {
    let more = texts.len().saturating_sub(SHOWN);
    texts.truncate(SHOWN);
    let shown = texts.join(between);
    match more {
        0 => shown,
        more => format!("{shown}{between}and {more} more"),
    }
}
