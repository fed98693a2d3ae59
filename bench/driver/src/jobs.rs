//! The contests: who takes part, and what was to be reached.

mod mysql;
mod sqlite;
mod whole;

use crate::contest::{Contest, Figure, Goal, Target, Unit};
use crate::places::{Places, Result};

/// What is measured, in this order. Each makes its databases when it is asked for its contests.
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
    ("seed", whole::seed),
    ("build", whole::build),
    ("verdict", whole::verdict),
    ("submissions", whole::submissions),
];

/// `quick` is for whether it works, and not for the figures.
pub type Job = fn(&Places, quick: bool) -> Result<Vec<Contest>>;

const SECONDS: Figure = Figure {
    name: "seconds",
    title: "time",
    unit: Unit::Seconds,
};

const PER_SECOND: Figure = Figure {
    name: "per_second",
    title: "a second",
    unit: Unit::PerSecond,
};

/// Of what is given up.
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

/// `1000000` as `1,000,000`.
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
