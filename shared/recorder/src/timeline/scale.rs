//! The axis of time.

use std::time::Duration;

use super::Timeline;
use super::words::unit;

/// The scale of time. It begins when the first connection opens and ends with the last event, or, if something has not
/// ended, with the end of the recording.
pub(super) struct Scale {
    from: Duration,
    /// In seconds, and not 0.
    span: f64,
}

impl Scale {
    pub fn of(timeline: &Timeline) -> Scale {
        let watched = timeline.watched;
        let mut times = Vec::new();
        for connection in &timeline.connections {
            times.extend([connection.opened, connection.closed.unwrap_or(watched)]);
            times.extend(connection.closing);
        }
        for statement in timeline.statements() {
            times.extend([statement.begun, statement.end(watched)]);
        }
        let from = times.iter().min().copied().unwrap_or_default();
        let to = times.iter().max().copied().unwrap_or_default();
        let span = (to - from).as_secs_f64();
        Scale {
            from,
            span: if span > 0.0 { span } else { 1e-6 },
        }
    }

    /// From the left end to the right.
    pub fn length(&self) -> Duration {
        Duration::try_from_secs_f64(self.span).unwrap_or(Duration::MAX)
    }

    /// Returns the position of a moment, from 0 on the left to 1 on the right.
    pub fn at(&self, time: Duration) -> f64 {
        (time.saturating_sub(self.from).as_secs_f64() / self.span).clamp(0.0, 1.0)
    }

    /// Returns the first and the last of `cells` cells that a span of time covers: at least one.
    pub fn cells(&self, from: Duration, to: Duration, cells: usize) -> (usize, usize) {
        let cell = |time| self.at(time) * cells as f64;
        let first = (cell(from) as usize).min(cells - 1);
        let last = (cell(to).ceil() as usize).saturating_sub(1);
        (first, last.clamp(first, cells - 1))
    }

    /// Returns round numbers along the axis, about `at_most` of them, with their positions.
    pub fn ticks(&self, at_most: usize) -> Vec<(f64, String)> {
        let (size, unit) = unit(self.span);
        let span = self.span / size;
        let least = span / at_most.max(1) as f64;
        let power = 10_f64.powf(least.log10().floor());
        let steps = [1.0, 2.0, 5.0, 10.0].map(|digit| digit * power);
        let step = steps
            .into_iter()
            .find(|step| *step >= least)
            .unwrap_or(least);
        let decimals = (-step.log10().floor()).max(0.0) as usize;
        let ticks = (0..=at_most).map(|tick| tick as f64 * step);
        ticks
            .take_while(|value| *value <= span * 1.000_001)
            .map(|value| {
                let decimals = if value == 0.0 { 0 } else { decimals };
                (
                    (value / span).min(1.0),
                    format!("{value:.decimals$} {unit}"),
                )
            })
            .collect()
    }
}
