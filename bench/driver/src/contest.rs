//! A contest: entrants that do the same job, in turns, and what came of it.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use crate::contender::{Contender, Entrant, Role, Round};

/// One job, at one size.
pub struct Contest {
    /// What is done.
    pub title: &'static str,
    /// How much of it, such as `100,000 users`.
    pub size: String,
    /// The same as a number, to draw it against.
    pub number: f64,
    /// The figures that are shown, and what each means.
    pub figures: Vec<Figure>,
    pub entrants: Vec<Entrant>,
    pub targets: Vec<Target>,
    pub rounds: usize,
}

/// A figure of a round.
#[derive(Clone, Copy, serde::Serialize)]
pub struct Figure {
    /// Its name in what the contenders say.
    pub name: &'static str,
    /// As it is called in the table.
    pub title: &'static str,
    pub unit: Unit,
}

#[derive(Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum Unit {
    Seconds,
    PerSecond,
    Number,
}

/// What was to be reached.
#[derive(Clone, serde::Serialize)]
pub struct Target {
    pub ours: &'static str,
    pub figure: &'static str,
    pub goal: Goal,
}

#[derive(Clone, serde::Serialize)]
pub enum Goal {
    /// So many times as fast as this peer.
    TimesAsFastAs(f64, &'static str),
    /// As fast as the fastest peer.
    NoSlowerThanAnyPeer,
    /// At most so much, in the figure's unit.
    AtMost(f64),
}

/// What came of a contest.
#[derive(serde::Serialize)]
pub struct Outcome {
    pub title: &'static str,
    pub size: String,
    pub number: f64,
    pub figures: Vec<Figure>,
    pub entries: Vec<Entry>,
    pub targets: Vec<Target>,
}

/// What came of an entrant.
#[derive(serde::Serialize)]
pub struct Entry {
    pub name: &'static str,
    pub role: Role,
    /// Of each figure, what each round came to. `None` is what did not happen within the round's own limit.
    pub figures: BTreeMap<String, Vec<Option<f64>>>,
    /// The medians of the rounds' peaks, in bytes and in threads.
    pub memory: Option<f64>,
    pub threads: Option<f64>,
    /// Why there are no more rounds.
    pub problem: Option<String>,
}

/// How long a round or the set-up may take (`checker` builds a task's libraries in it), and after how much time an
/// entrant that is slow need not do another.
const LIMIT: Duration = Duration::from_secs(240);
const ENOUGH: Duration = Duration::from_millis(3_500);

/// Before each round, so that what the last contender has not quite ended does not count as the next one's.
const PAUSE: Duration = Duration::from_millis(5);

impl Contest {
    /// Has them take turns: all do a round before the first does its second, so that whatever else the machine does
    /// falls on all alike. There and back, so that nobody stands behind the same one all the time.
    pub fn run(self) -> Outcome {
        let mut places: Vec<_> = self.entrants.iter().map(Place::take).collect();
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
    entrant: &'a Entrant,
    contender: Result<Contender, String>,
    rounds: Vec<Round>,
    spent: Duration,
}

impl<'a> Place<'a> {
    fn take(entrant: &'a Entrant) -> Place<'a> {
        Place {
            entrant,
            contender: Contender::start(entrant, LIMIT),
            rounds: Vec::new(),
            spent: Duration::ZERO,
        }
    }

    fn round(&mut self) {
        let Ok(contender) = &mut self.contender else {
            return;
        };
        if self.spent > ENOUGH {
            return;
        }
        let begun = Instant::now();
        match contender.round(LIMIT) {
            Ok(round) => self.rounds.push(round),
            Err(problem) => self.contender = Err(problem),
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
            name: self.entrant.name,
            role: self.entrant.role,
            figures,
            memory: peak(|round| round.memory),
            threads: peak(|round| round.threads),
            problem: self.contender.err(),
        }
    }
}

impl Entry {
    /// The median of a figure. A round that did not get there counts as one that takes for ever.
    pub fn median(&self, figure: &str) -> Option<f64> {
        let values = self.figures.get(figure)?.iter();
        median(
            &values
                .map(|value| value.unwrap_or(f64::INFINITY))
                .collect::<Vec<_>>(),
        )
    }

    /// How many rounds there were.
    pub fn rounds(&self) -> usize {
        self.figures.values().map(Vec::len).max().unwrap_or(0)
    }
}

/// The middle one; of an even number, the mean of the two in the middle.
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

    /// The first of a role. Of ours that is whom the others are compared with.
    pub fn first(&self, role: Role) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.role == role)
    }

    pub fn unit(&self, figure: &str) -> Unit {
        let found = self.figures.iter().find(|known| known.name == figure);
        found.map_or(Unit::Number, |figure| figure.unit)
    }

    /// How many times as fast `one` is as `other`.
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

    /// What was reached of a target: the figure, and whether it is enough. `None` where it was not measured.
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
    fn the_median_is_the_middle_one_or_lies_between_two() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn a_round_that_did_not_get_there_counts_as_one_that_takes_for_ever() {
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
    fn times_as_fast_is_the_other_way_round_for_what_is_counted_in_a_second() {
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
            seconds.reached(&target(Goal::TimesAsFastAs(1.0, "nobody"))),
            None
        );
    }

    #[test]
    fn a_limit_is_no_peer_that_we_may_not_be_slower_than() {
        let entries = [
            ("ours", Role::Ours, 2.0),
            ("peer", Role::Peer, 3.0),
            ("limit", Role::Limit, 1.0),
        ];
        let reached = outcome(Unit::Seconds, entries).reached(&target(Goal::NoSlowerThanAnyPeer));
        assert_eq!(reached, Some((1.5, true)));
    }
}
