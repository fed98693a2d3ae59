//! The results as Markdown tables.

use std::fmt::Write;

use crate::benchmark::{Entry, Goal, Outcome, Target, Unit};
use crate::candidate::Role;

/// Returns a table of one benchmark: medians, spread, and how many times as fast ours is.
pub fn of_benchmark(outcome: &Outcome) -> String {
    let mut text = String::from("| |");
    for figure in &outcome.figures {
        write!(text, " {} | spread |", figure.title).expect("writing to a string succeeds");
    }
    text += " rounds | times as fast ours is | memory | threads |\n| --- |";
    text += &" ---: |".repeat(outcome.figures.len() * 2 + 4);
    text.push('\n');
    for entry in &outcome.entries {
        text += &row(outcome, entry);
    }
    for entry in &outcome.entries {
        if let Some(problem) = &entry.problem {
            writeln!(text, "\n{}: {problem}.", entry.name).expect("writing to a string succeeds");
        }
    }
    text
}

fn row(outcome: &Outcome, entry: &Entry) -> String {
    let name = match entry.role {
        Role::Ours => format!("**{}**", entry.name),
        Role::Limit => format!("{} (limit)", entry.name),
        Role::Peer | Role::Kept => entry.name.to_owned(),
    };
    let mut cells = vec![name];
    for figure in &outcome.figures {
        let values = entry
            .figures
            .get(figure.name)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let known: Vec<f64> = values.iter().copied().flatten().collect();
        let (least, most) = known
            .iter()
            .fold((f64::INFINITY, 0.0_f64), |(least, most), &value| {
                (least.min(value), most.max(value))
            });
        match entry.median(figure.name) {
            // The rounds have this limit, see `STOP_TIMEOUT`.
            Some(median) if median.is_infinite() => {
                cells.extend(["not within 5 s".to_owned(), String::new()])
            }
            Some(median) => {
                cells.push(value(figure.unit, median));
                cells.push(format!(
                    "{} – {}",
                    value(figure.unit, least),
                    value(figure.unit, most)
                ));
            }
            None => cells.extend(["–".to_owned(), String::new()]),
        }
    }
    cells.push(entry.rounds().to_string());
    let ours = outcome.first(Role::Ours);
    let speed = outcome
        .figures
        .iter()
        .filter(|figure| figure.unit != Unit::Number);
    let speeds: Vec<String> = speed
        .map(|figure| outcome.speed(figure.name, ours?.name, entry.name))
        .map(|speed| {
            speed
                .filter(|speed| speed.is_finite())
                .map_or("–".to_owned(), ratio)
        })
        .collect();
    cells.push(match entry.role {
        Role::Ours if ours.is_some_and(|ours| ours.name == entry.name) => String::new(),
        _ => speeds.join(", "),
    });
    cells.push(
        entry
            .memory
            .map_or_else(String::new, |bytes| format!("{:.0} MB", bytes / 1e6)),
    );
    cells.push(
        entry
            .threads
            .map_or_else(String::new, |threads| format!("{threads:.0}")),
    );
    format!("| {} |\n", cells.join(" | "))
}

/// Returns a table of the targets.
pub fn of_targets(outcomes: &[Outcome]) -> String {
    let mut text =
        String::from("| job | | target | measured | |\n| --- | --- | --- | ---: | --- |\n");
    for outcome in outcomes {
        for target in &outcome.targets {
            let (reached, verdict) = match outcome.reached(target) {
                Some((figure, true)) => (reached(outcome, target, figure), "yes"),
                Some((figure, false)) => (reached(outcome, target, figure), "**no**"),
                None => (String::new(), "not measured"),
            };
            let title = outcome
                .figures
                .iter()
                .find(|figure| figure.name == target.figure);
            let title = title.map_or("", |figure| figure.title);
            writeln!(
                text,
                "| {}, {} | {}: {title} | {} | {reached} | {verdict} |",
                outcome.title,
                outcome.size,
                target.ours,
                goal(outcome, target)
            )
            .expect("writing to a string succeeds");
        }
    }
    text
}

fn goal(outcome: &Outcome, target: &Target) -> String {
    match &target.goal {
        Goal::TimesAsFastAs(times, peer) => format!("{} as fast as {peer}, or more", ratio(*times)),
        Goal::NoSlowerThanAnyPeer => "no slower than any peer".to_owned(),
        Goal::AtMost(most) => format!("{} or less", value(outcome.unit(target.figure), *most)),
    }
}

fn reached(outcome: &Outcome, target: &Target, figure: f64) -> String {
    match target.goal {
        Goal::AtMost(_) => value(outcome.unit(target.figure), figure),
        Goal::TimesAsFastAs(..) | Goal::NoSlowerThanAnyPeer => ratio(figure),
    }
}

/// Returns a table of how our time and memory grow: the slope on log axes from each size to the next.
pub fn of_growth(outcomes: &[Outcome]) -> String {
    let mut text = String::from(
        "| job | from | to | time grows with the power | the limit's | memory grows with the power | the limit's |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for series in series(outcomes) {
        for pair in series.windows(2) {
            let (small, large) = (pair[0], pair[1]);
            let slopes = [Role::Ours, Role::Limit].map(|role| {
                let time = |outcome: &Outcome| outcome.first(role)?.median("seconds");
                let memory = |outcome: &Outcome| outcome.first(role)?.memory;
                [slope(small, large, time), slope(small, large, memory)]
            });
            let [[time, memory], [limits_time, limits_memory]] = slopes;
            writeln!(
                text,
                "| {} | {} | {} | {time} | {limits_time} | {memory} | {limits_memory} |",
                small.title, small.size, large.size,
            )
            .expect("writing to a string succeeds");
        }
    }
    text
}

/// Returns the outcomes of each job with three sizes or more, one list for each job.
pub fn series(outcomes: &[Outcome]) -> Vec<Vec<&Outcome>> {
    let mut all: Vec<Vec<&Outcome>> = Vec::new();
    for outcome in outcomes
        .iter()
        .filter(|outcome| outcome.unit("seconds") == Unit::Seconds)
    {
        match all
            .iter_mut()
            .find(|series| series[0].title == outcome.title)
        {
            Some(series) => series.push(outcome),
            None => all.push(vec![outcome]),
        }
    }
    all.retain(|series| series.len() >= 3);
    all
}

fn slope(small: &Outcome, large: &Outcome, of: impl Fn(&Outcome) -> Option<f64>) -> String {
    let Some((before, after)) = of(small).zip(of(large)) else {
        return String::new();
    };
    format!(
        "{:.2}",
        (after / before).ln() / (large.number / small.number).ln()
    )
}

/// Formats a figure with its unit.
pub fn value(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Seconds if value >= 1.0 => format!("{} s", digits(value)),
        Unit::Seconds if value >= 1e-3 => format!("{} ms", digits(value * 1e3)),
        Unit::Seconds if value >= 1e-6 => format!("{} µs", digits(value * 1e6)),
        Unit::Seconds => format!("{} ns", digits(value * 1e9)),
        Unit::PerSecond => crate::jobs::grouped(value.round() as u64),
        Unit::Number => digits(value),
    }
}

/// Formats a ratio.
pub fn ratio(times: f64) -> String {
    format!("{} ×", digits(times))
}

/// Formats three digits, or all digits before the decimal point.
fn digits(value: f64) -> String {
    match value {
        0.0 => "0".to_owned(),
        _ if value >= 100.0 => format!("{value:.0}"),
        _ if value >= 10.0 => format!("{value:.1}"),
        _ if value >= 0.1 => format!("{value:.2}"),
        _ => format!("{:.*}", (1.0 - value.log10().floor()) as usize, value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits_and_a_fitting_unit() {
        assert_eq!(value(Unit::Seconds, 70.81), "70.8 s");
        assert_eq!(value(Unit::Seconds, 0.0449), "44.9 ms");
        assert_eq!(value(Unit::Seconds, 0.000_006_5), "6.50 µs");
        assert_eq!(value(Unit::Seconds, 7e-8), "70.0 ns");
        assert_eq!(value(Unit::PerSecond, 84_000.4), "84,000");
        assert_eq!(ratio(1.0 / 1.1), "0.91 ×");
        assert_eq!(ratio(0.004_56), "0.0046 ×");
    }
}
