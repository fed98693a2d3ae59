//! The benchmarks: their candidates and targets.

mod end_to_end;
mod mysql;
mod sqlite;

use crate::benchmark::{Benchmark, Figure, Goal, Target, Unit};
use crate::places::{Places, Result};

/// All jobs, in the order in which they run. Each creates its databases when it is asked for its benchmarks.
pub const JOBS: [(&str, Job); 14] = [
    ("two-queries", sqlite::two_queries),
    ("many", sqlite::many),
    ("cancel", sqlite::cancel),
    ("open-row", sqlite::open_row),
    ("scope", sqlite::scope),
    ("points", mysql::points),
    ("rows", mysql::rows),
    ("stop", mysql::stop),
    ("pool", mysql::pool),
    ("connections", mysql::connections),
    ("seed", end_to_end::seed),
    ("build", end_to_end::build),
    ("verdict", end_to_end::verdict),
    ("submissions", end_to_end::submissions),
];

/// Returns the benchmarks of a job. With `quick` they only show that everything works.
pub type Job = fn(&Places, quick: bool) -> Result<Vec<Benchmark>>;

const SECONDS: Figure = Figure {
    name: "seconds",
    title: "time",
    unit: Unit::Seconds,
};

const PER_SECOND: Figure = Figure {
    name: "per_second",
    title: "per second",
    unit: Unit::PerSecond,
};

/// The time from the cancellation until the caller runs again.
const BACK: Figure = Figure {
    name: "back",
    title: "control back",
    unit: Unit::Seconds,
};

fn times_as_fast(ours: &'static str, figure: Figure, times: f64, peer: &'static str) -> Target {
    Target {
        ours,
        figure: figure.name,
        goal: Goal::TimesAsFastAs(times, peer),
    }
}

fn at_most(ours: &'static str, figure: Figure, most: f64) -> Target {
    Target {
        ours,
        figure: figure.name,
        goal: Goal::AtMost(most),
    }
}

/// Formats `1000000` as `1,000,000`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
