//! A benchmark: candidates that do the same job in turns, and their results.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use crate::candidate::{Candidate, Role, Round, Started};

/// One job, at one size.
pub struct Benchmark {
    /// The job, in words.
    pub title: &'static str,
    /// The size, such as `100,000 users`.
    pub size: String,
    /// The size as a number; the charts use it.
    pub number: f64,
    /// The figures in the table.
    pub figures: Vec<Figure>,
    pub candidates: Vec<Candidate>,
    pub targets: Vec<Target>,
    pub rounds: usize,
}

/// A figure of a round.
#[derive(Clone, Copy, serde::Serialize)]
pub struct Figure {
    /// Its name in the candidates' output.
    pub name: &'static str,
    /// Its heading in the table.
    pub title: &'static str,
    pub unit: Unit,
}

#[derive(Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum Unit {
    Seconds,
    PerSecond,
    Number,
}

/// A speed that our code should reach.
#[derive(Clone, serde::Serialize)]
pub struct Target {
    pub ours: &'static str,
    pub figure: &'static str,
    pub goal: Goal,
}

#[derive(Clone, serde::Serialize)]
pub enum Goal {
    /// At least this many times as fast as this peer.
    TimesAsFastAs(f64, &'static str),
    /// At least as fast as the fastest peer.
    NoSlowerThanAnyPeer,
    /// At most this, in the figure's unit.
    AtMost(f64),
}

/// The results of a benchmark.
#[derive(serde::Serialize)]
pub struct Outcome {
    pub title: &'static str,
    pub size: String,
    pub number: f64,
    pub figures: Vec<Figure>,
    pub entries: Vec<Entry>,
    pub targets: Vec<Target>,
}

/// The results of a candidate.
#[derive(serde::Serialize)]
pub struct Entry {
    pub name: &'static str,
    pub role: Role,
    /// For each figure, its value in each round. `None`: not reached within the round's limit.
    pub figures: BTreeMap<String, Vec<Option<f64>>>,
    /// The medians of the rounds' peaks, in bytes and in threads.
    pub memory: Option<f64>,
    pub threads: Option<f64>,
    /// Why the candidate stopped early.
    pub problem: Option<String>,
}

/// Limit for a round and for the start, in which `checker` builds a task's dependencies.
const ROUND_TIMEOUT: Duration = Duration::from_secs(240);
/// A candidate that has used this much time gets no further round.
const ENOUGH: Duration = Duration::from_millis(3_500);

/// Before each round, so that the previous candidate's cleanup does not slow the next one down.
const PAUSE: Duration = Duration::from_millis(5);

impl Benchmark {
    /// Runs the candidates in turns: every candidate does a round before the first does its second, so that other load
    /// on the machine affects all of them alike. The order alternates, so that no candidate always follows the same one.
    pub fn run(self) -> Outcome {
        let mut places: Vec<_> = self.candidates.iter().map(Place::take).collect();
        for _ in 0..self.rounds {
            for place in &mut places {
                thread::sleep(PAUSE);
                place.round();
            }
            places.reverse();
        }
        if self.rounds % 2 == 1 {
            places.reverse();
        }
        Outcome {
            title: self.title,
            size: self.size,
            number: self.number,
            figures: self.figures,
            entries: places.into_iter().map(Place::leave).collect(),
            targets: self.targets,
        }
    }
}

struct Place<'a> {
    candidate: &'a Candidate,
    started: Result<Started, String>,
    rounds: Vec<Round>,
    spent: Duration,
}

impl<'a> Place<'a> {
    fn take(candidate: &'a Candidate) -> Place<'a> {
        Place {
            candidate,
            started: Started::start(candidate, ROUND_TIMEOUT),
            rounds: Vec::new(),
            spent: Duration::ZERO,
        }
    }

    fn round(&mut self) {
        let Ok(started) = &mut self.started else {
            return;
        };
        if self.spent > ENOUGH {
            return;
        }
        let begun = Instant::now();
        match started.round(ROUND_TIMEOUT) {
            Ok(round) => self.rounds.push(round),
            Err(problem) => self.started = Err(problem),
        }
        self.spent += begun.elapsed();
    }

    fn leave(self) -> Entry {
        let mut figures = BTreeMap::<String, Vec<_>>::new();
        for round in &self.rounds {
            for (name, value) in &round.figures {
                figures.entry(name.clone()).or_default().push(*value);
            }
        }
        let peak = |of: fn(&Round) -> Option<u64>| {
            let peaks: Vec<_> = self
                .rounds
                .iter()
                .filter_map(of)
                .map(|peak| peak as f64)
                .collect();
            median(&peaks)
        };
        Entry {
            name: self.candidate.name,
            role: self.candidate.role,
            figures,
            memory: peak(|round| round.memory),
            threads: peak(|round| round.threads),
            problem: self.started.err(),
        }
    }
}

impl Entry {
    /// Returns the median of a figure. A round that did not reach it counts as infinite.
    pub fn median(&self, figure: &str) -> Option<f64> {
        let values = self.figures.get(figure)?.iter();
        median(
            &values
                .map(|value| value.unwrap_or(f64::INFINITY))
                .collect::<Vec<_>>(),
        )
    }

    /// Returns the number of rounds.
    pub fn rounds(&self) -> usize {
        self.figures.values().map(Vec::len).max().unwrap_or(0)
    }
}

/// Returns the middle value, or the mean of the two middle values.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let middle = values.len().checked_sub(1)? / 2;
    Some((values[middle] + values[values.len() / 2]) / 2.0)
}

impl Outcome {
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// Returns the first candidate of a role. The first of ours is the base of all comparisons.
    pub fn first(&self, role: Role) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.role == role)
    }

    pub fn unit(&self, figure: &str) -> Unit {
        let found = self.figures.iter().find(|known| known.name == figure);
        found.map_or(Unit::Number, |figure| figure.unit)
    }

    /// Returns how many times as fast `one` is as `other`.
    pub fn speed(&self, figure: &str, one: &str, other: &str) -> Option<f64> {
        let (one, other) = (
            self.entry(one)?.median(figure)?,
            self.entry(other)?.median(figure)?,
        );
        Some(match self.unit(figure) {
            Unit::PerSecond => one / other,
            Unit::Seconds | Unit::Number => other / one,
        })
    }

    /// Returns the figure that a target is about, and whether it is reached. `None`: not measured.
    pub fn reached(&self, target: &Target) -> Option<(f64, bool)> {
        let Target { ours, figure, goal } = target;
        match goal {
            Goal::TimesAsFastAs(times, peer) => {
                let reached = self.speed(figure, ours, peer)?;
                Some((reached, reached >= *times))
            }
            Goal::NoSlowerThanAnyPeer => {
                let peers = self.entries.iter().filter(|entry| entry.role == Role::Peer);
                let reached = peers
                    .filter_map(|peer| self.speed(figure, ours, peer.name))
                    .min_by(f64::total_cmp)?;
                Some((reached, reached >= 1.0))
            }
            Goal::AtMost(most) => {
                let reached = self.entry(ours)?.median(figure)?;
                Some((reached, reached <= *most))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(unit: Unit, medians: [(&'static str, Role, f64); 3]) -> Outcome {
        let entries = medians.map(|(name, role, value)| Entry {
            name,
            role,
            figures: BTreeMap::from([("it".to_owned(), vec![Some(value)])]),
            memory: None,
            threads: None,
            problem: None,
        });
        let figures = vec![Figure {
            name: "it",
            title: "it",
            unit,
        }];
        Outcome {
            title: "",
            size: String::new(),
            number: 1.0,
            figures,
            entries: entries.into(),
            targets: Vec::new(),
        }
    }

    fn target(goal: Goal) -> Target {
        Target {
            ours: "ours",
            figure: "it",
            goal,
        }
    }

    #[test]
    fn the_median_is_the_middle_value_or_the_mean_of_two() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn a_round_that_did_not_reach_the_figure_counts_as_infinite() {
        let mut outcome = outcome(Unit::Seconds, [("ours", Role::Ours, 1.0); 3]);
        let mut median = |rounds: [Option<f64>; 3]| {
            outcome.entries[0]
                .figures
                .insert("it".into(), rounds.into());
            outcome.entries[0].median("it")
        };
        assert_eq!(median([Some(1.0), None, Some(2.0)]), Some(2.0));
        assert_eq!(median([None, Some(1.0), None]), Some(f64::INFINITY));
    }

    #[test]
    fn the_ratio_is_inverted_for_figures_per_second() {
        let entries = [
            ("ours", Role::Ours, 2.0),
            ("peer", Role::Peer, 6.0),
            ("limit", Role::Limit, 1.0),
        ];
        let seconds = outcome(Unit::Seconds, entries);
        let goal = target(Goal::TimesAsFastAs(3.0, "peer"));
        assert_eq!(seconds.reached(&goal), Some((3.0, true)));
        let per_second = outcome(Unit::PerSecond, entries);
        assert_eq!(per_second.reached(&goal), Some((2.0 / 6.0, false)));
        assert_eq!(
            seconds.reached(&target(Goal::TimesAsFastAs(1.0, "unknown"))),
            None
        );
    }

    #[test]
    fn the_target_no_slower_than_any_peer_ignores_limits() {
        let entries = [
            ("ours", Role::Ours, 2.0),
            ("peer", Role::Peer, 3.0),
            ("limit", Role::Limit, 1.0),
        ];
        let reached = outcome(Unit::Seconds, entries).reached(&target(Goal::NoSlowerThanAnyPeer));
        assert_eq!(reached, Some((1.5, true)));
    }
}
