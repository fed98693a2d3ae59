//! Runs the candidates in turns, and writes tables and charts.

#![forbid(unsafe_code)]

mod benchmark;
mod candidate;
mod chart;
mod jobs;
mod machine;
mod places;
mod table;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use benchmark::Outcome;
use indicatif::{ProgressBar, ProgressStyle};
use jobs::JOBS;
use places::{Places, Result};
use shared::cli;

/// Measure this project and what people would use instead, in turns, and write tables and charts
#[derive(clap::Parser)]
#[command(name = "bench/run", bin_name = "bench/run", version)]
struct Arguments {
    /// Only check that every benchmark works: small sizes, few rounds, compiled without optimisation
    #[arg(long)]
    quick: bool,
    /// Only these jobs [default: all]
    #[arg(long, value_name = "JOB", value_parser = clap::builder::PossibleValuesParser::new(JOBS.map(|(name, _)| name)))]
    only: Vec<String>,
    /// Where tables and charts are written [default: bench/results if everything is measured, otherwise bench/target/results]
    #[arg(long, value_name = "FOLDER")]
    into: Option<PathBuf>,
}

fn main() -> ExitCode {
    cli::run(|arguments: Arguments| {
        let places = Places::new()?;
        let is_complete = !arguments.quick && arguments.only.is_empty();
        let folder = arguments.into.unwrap_or_else(|| {
            places.bench.join(if is_complete {
                "results"
            } else {
                "target/results"
            })
        });
        fs::create_dir_all(&folder)?;
        let wanted = |name: &str| {
            arguments.only.is_empty() || arguments.only.iter().any(|only| only == name)
        };
        let bar = ProgressBar::new(JOBS.iter().filter(|(name, _)| wanted(name)).count() as u64);
        bar.set_style(ProgressStyle::with_template(
            "{wide_bar} {pos} of {len}, {elapsed}: {msg}",
        )?);
        let mut outcomes = Vec::new();
        let mut problems = Vec::new();
        for (name, benchmarks) in JOBS.into_iter().filter(|(name, _)| wanted(name)) {
            bar.set_message(name);
            bar.tick();
            match benchmarks(&places, arguments.quick) {
                Ok(benchmarks) => {
                    for benchmark in benchmarks {
                        let outcome = benchmark.run();
                        bar.suspend(|| print!("{}", section(&outcome)));
                        outcomes.push(outcome);
                    }
                }
                Err(error) => problems.push(format!("{name} could not be set up: {error}")),
            }
            bar.inc(1);
            // After each job: a later failure keeps the results so far.
            write(&folder, &places, &outcomes)?;
        }
        bar.finish_and_clear();
        if !arguments.quick {
            print!("\n## Targets\n\n{}", table::of_targets(&outcomes));
        }
        cli::notice(&format!("tables and charts are in {}", folder.display()));
        problems.extend(failures(&outcomes));
        if problems.is_empty() {
            return Ok(());
        }
        Err(format!(
            "{}\nhelp: the other results are complete; fix this, then measure again",
            problems.join("\n")
        )
        .into())
    })
}

fn write(folder: &Path, places: &Places, outcomes: &[Outcome]) -> Result<()> {
    fs::write(folder.join("README.md"), report(places, outcomes))?;
    let json = serde_json::to_string_pretty(outcomes)?;
    fs::write(places.bench.join("target/rounds.json"), json)?;
    chart::ratios(outcomes, &folder.join("ratios.svg"))?;
    chart::growth(outcomes, &folder.join("growth.svg"))
}

fn section(outcome: &Outcome) -> String {
    format!(
        "\n### {}, {}\n\n{}",
        outcome.title,
        outcome.size,
        table::of_benchmark(outcome)
    )
}

fn report(places: &Places, outcomes: &[Outcome]) -> String {
    let mut text = format!(
        "# The last results\n\nWritten by `bench/run`. {}\n\
         ![How many times as fast ours is, by job and peer.](ratios.svg)\n\n## Targets\n\n{}",
        machine::description(places),
        table::of_targets(outcomes)
    );
    if !table::series(outcomes).is_empty() {
        let growth = table::of_growth(outcomes);
        write!(
            text,
            "\n## Growth\n\n![Time and memory against size.](growth.svg)\n\n{growth}"
        )
        .expect("writing to a string succeeds");
    }
    text += "\n## Every figure\n\nMedians, and the spread from the least to the most.\n";
    text.extend(outcomes.iter().map(section));
    text
}

/// Returns the failures of our code. A peer's failure is a result.
fn failures(outcomes: &[Outcome]) -> Vec<String> {
    let of_outcome = |outcome: &Outcome| {
        let ours = outcome
            .entries
            .iter()
            .filter(|entry| entry.role == candidate::Role::Ours);
        ours.filter_map(|entry| {
            let problem = entry.problem.as_ref()?;
            Some(format!(
                "{}, {}: {}: {problem}",
                outcome.title, outcome.size, entry.name
            ))
        })
        .collect::<Vec<_>>()
    };
    outcomes.iter().flat_map(of_outcome).collect()
}
