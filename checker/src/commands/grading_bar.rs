//! The progress of grading, on a terminal only.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use checker::grade::Event;
use checker::lock;
use indicatif::{ProgressBar, ProgressStyle};
use shared::terminal::printable;

/// Shows how many submissions are graded, how long the rest takes, and which ones are being graded. Writes to standard
/// error if that is a terminal, and disappears when it is dropped.
pub struct GradingBar {
    bar: ProgressBar,
    state: Mutex<State>,
}

struct State {
    begun: Instant,
    /// The number of submissions whose verdicts were not in the cache.
    judged: u32,
    working_on: Vec<String>,
}

impl GradingBar {
    pub fn new(count: usize) -> GradingBar {
        let style = ProgressStyle::with_template("[{bar:20}] {pos} of {len}, {elapsed}{wide_msg}");
        let style = style.expect("a template that can be read");
        let bar = ProgressBar::new(count as u64).with_style(style.progress_chars("=> "));
        bar.enable_steady_tick(Duration::from_secs(1));
        GradingBar {
            bar,
            state: Mutex::new(State {
                begun: Instant::now(),
                judged: 0,
                working_on: Vec::new(),
            }),
        }
    }

    /// Shows an event.
    pub fn show(&self, event: Event<'_>) {
        let mut state = lock(&self.state);
        match event {
            Event::Begun(name) => state.working_on.push(name.to_owned()),
            Event::Graded {
                submission,
                was_known,
            } => {
                state.working_on.retain(|name| *name != submission.name);
                state.judged += u32::from(!was_known);
                self.bar.inc(1);
            }
        }
        let left = self.bar.length().unwrap_or_default() - self.bar.position();
        let left = remaining(state.begun.elapsed(), state.judged, left);
        let names = printable(&state.working_on.join(", "));
        self.bar.set_message(format!("{left}: {names}"));
    }
}

impl Drop for GradingBar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Returns how long the rest takes, if it takes as long for each submission as those that were not in the cache.
fn remaining(elapsed: Duration, judged: u32, left: u64) -> String {
    if judged == 0 {
        return String::new();
    }
    let seconds = elapsed.as_secs_f64() / f64::from(judged) * left as f64;
    match seconds {
        5400.0.. => format!(", about {:.0} h left", seconds / 3600.0),
        90.0.. => format!(", about {:.0} min left", seconds / 60.0),
        _ => format!(", about {seconds:.0} s left"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remaining_time_is_estimated_from_the_submissions_that_were_judged() {
        let minute = Duration::from_secs(60);
        assert_eq!(remaining(minute, 0, 300), "");
        assert_eq!(remaining(minute, 60, 30), ", about 30 s left");
        assert_eq!(remaining(minute, 60, 900), ", about 15 min left");
        assert_eq!(remaining(minute, 10, 900), ", about 2 h left");
    }
}
