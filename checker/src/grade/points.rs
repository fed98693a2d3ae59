//! Points for checks, from a small TOML file.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use crate::outcome::{Problem, Task, Verdict, Whose};
use crate::report::clean;
use crate::results::Checks;
use crate::task;

/// The points that each check is worth. The default is one point for each required check.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Points {
    /// The points of a task's checks, by the task's folder and the check's name.
    of: BTreeMap<String, BTreeMap<String, f64>>,
}

/// Points that were reached, of the points that could be.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Score {
    /// The points that were reached.
    pub points: f64,
    /// The points that all required checks are worth.
    pub of: f64,
}

impl Points {
    /// Reads a file. For each task there is a number, or a table whose keys are checks, groups of checks (a module such as
    /// `with_connection`), or `"*"` for the other checks of the task:
    ///
    /// ```toml
    /// 1-execute = 10                  # all required checks share 10 points
    ///
    /// [0-databaseconnection]
    /// "with_connection" = 6           # the checks of this group share 6 points
    /// "opening::opens_a_file" = 2     # this check is worth 2 points
    /// "*" = 4                         # the others share 4 points; without this line each is worth one
    /// ```
    ///
    /// A check gets the points of the most exact key. `required` returns the names of a task's required checks, or `None` if
    /// they are not known because no submission has the task.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or is not TOML, or if it names an unknown task or check, or gives points that are not a
    /// number of 0 or more. The message names the line. Also the error of `required`.
    pub fn read(
        path: &Path,
        required: &dyn Fn(task::Task) -> Result<Option<Vec<String>>, Problem>,
    ) -> Result<Points, Problem> {
        let bytes = fs::read(path)
            .map_err(|error| wrong(format!("cannot read {}: {error}", path.display())))?;
        let at = |span: Range<usize>, what: String| {
            let before = &bytes[..span.start];
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            // A key may be any text, and the parser's message may have several lines.
            let what = clean::line(&what, clean::LINE);
            wrong(format!("{}, line {line}: {what}", path.display()))
        };
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            let place = error.valid_up_to();
            at(place..place, "it is not valid UTF-8".to_owned())
        })?;
        let table = DeTable::parse(text).map_err(|error| {
            at(
                error.span().unwrap_or(text.len()..text.len()),
                error.message().to_owned(),
            )
        })?;
        let mut points = Points::default();
        for (name, value) in table.get_ref() {
            let task = task::Task::find(name.get_ref());
            let Some(task) = task.filter(|task| task.folder == &**name.get_ref()) else {
                return Err(at(
                    name.span(),
                    format!("there is no task `{}`", name.get_ref()),
                ));
            };
            let keys: Vec<Key> = match value.get_ref() {
                DeValue::Table(keys) => keys
                    .iter()
                    .map(|(key, value)| {
                        let points =
                            number(value.get_ref()).map_err(|what| at(value.span(), what))?;
                        Ok(Key::new(key.get_ref(), points, key.span()))
                    })
                    .collect::<Result<_, Problem>>()?,
                one => {
                    let points = number(one).map_err(|what| at(value.span(), what))?;
                    vec![Key::new("*", points, name.span())]
                }
            };
            let Some(required) = required(task)? else {
                continue;
            };
            if let Some(unknown) = keys
                .iter()
                .find(|key| !required.iter().any(|check| key.holds(check)))
            {
                let what = format!(
                    "{} has no required check or group `{}`",
                    task.folder, unknown.name
                );
                return Err(at(unknown.span.clone(), what));
            }
            let of_task = shared_out(&keys, &required).map_err(|key| {
                let what = format!("each check of `{}` already has points", key.name);
                at(key.span.clone(), what)
            })?;
            points.of.insert(task.folder.to_owned(), of_task);
        }
        Ok(points)
    }

    /// Returns the points of a check.
    pub fn of(&self, task: &str, check: &str, is_required: bool) -> f64 {
        if !is_required {
            return 0.0;
        }
        let of_task = self.of.get(task);
        let points = of_task.and_then(|of_task| of_task.get(check));
        points.copied().unwrap_or(1.0)
    }

    /// Returns the score of a task. `checks` says what could be reached if the task could not be checked.
    pub fn score(&self, task: &Task, checks: Option<&Checks>) -> Score {
        let mut score = Score::default();
        for check in &task.checks {
            let points = self.of(&task.task, &check.name, check.is_required);
            score.of += points;
            if check.verdict == Verdict::Passed {
                score.points += points;
            }
        }
        if task.checks.is_empty()
            && let Some(checks) = checks
        {
            let of = |name: &String| self.of(&task.task, name, true);
            score.of = checks.required.iter().map(of).sum();
        }
        score
    }
}

/// Returns points for people and files: at most two decimals, and none if they are zero.
pub fn rounded(points: f64) -> f64 {
    (points * 100.0).round() / 100.0
}

/// A line of the file.
struct Key {
    name: String,
    points: f64,
    span: Range<usize>,
}

impl Key {
    fn new(name: &str, points: f64, span: Range<usize>) -> Key {
        Key {
            name: name.to_owned(),
            points,
            span,
        }
    }

    fn holds(&self, check: &str) -> bool {
        let in_group = || check.strip_prefix(&self.name)?.strip_prefix("::");
        self.name == "*" || self.name == check || in_group().is_some()
    }

    /// Returns how exact it is: a check is more exact than its group, and `*` is the least exact.
    fn exactness(&self) -> usize {
        if self.name == "*" { 0 } else { self.name.len() }
    }
}

/// Shares the points of each key among the checks that have no more exact key. The error is a key without such a check.
fn shared_out<'k>(keys: &'k [Key], required: &[String]) -> Result<BTreeMap<String, f64>, &'k Key> {
    let key_of = |check: &String| {
        let holding = keys.iter().enumerate().filter(|(_, key)| key.holds(check));
        holding.max_by_key(|(_, key)| key.exactness())
    };
    let mut counts = vec![0_u32; keys.len()];
    for check in required {
        if let Some((place, _)) = key_of(check) {
            counts[place] += 1;
        }
    }
    if let Some(idle) = counts.iter().position(|count| *count == 0) {
        return Err(&keys[idle]);
    }
    let points = required.iter().filter_map(|check| {
        let (place, key) = key_of(check)?;
        Some((check.clone(), key.points / f64::from(counts[place])))
    });
    Ok(points.collect())
}

fn number(value: &DeValue<'_>) -> Result<f64, String> {
    let number = match value {
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .ok()
            .map(|number| number as f64),
        DeValue::Float(number) => number.as_str().parse().ok(),
        _ => None,
    };
    match number {
        // Without the sign of -0.
        Some(number) if (0.0..=1e6).contains(&number) => Ok(number.abs()),
        Some(number) if number < 0.0 => Err("points cannot be negative".to_owned()),
        _ => Err("points are a number from 0 to 1000000".to_owned()),
    }
}

fn wrong(message: String) -> Problem {
    Problem {
        whose: Whose::YourMachine,
        message,
        details: String::new(),
        help: "fix the file with the points; docs/instructors.md shows one".to_owned(),
    }
}
