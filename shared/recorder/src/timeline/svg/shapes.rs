//! The shapes of bars and lanes. Different ends have different shapes, not only different colours.

use crate::timeline::layout::{Life, State};

/// The height of a bar.
pub(super) const BAR: f64 = 36.0;

/// Returns the class in the style sheet.
pub(super) fn name(state: State) -> &'static str {
    match state {
        State::Done => "done",
        State::Left => "left",
        State::Running => "running",
        State::Interrupted => "interrupted",
        State::Refused => "refused",
        State::Failed => "failed",
    }
}

/// The patterns of the bars in trouble, each with lines of another direction.
pub(super) fn patterns() -> String {
    let lines = [
        (State::Running, "M0 8H16"),
        (State::Interrupted, "M-4 4L4 -4M0 16L16 0M12 20L20 12"),
        (State::Failed, "M0 0L16 16M16 0L0 16"),
    ];
    let pattern = |(state, lines)| {
        let name = name(state);
        format!(
            r#"<pattern id="tl-pattern-{name}" width="16" height="16" patternUnits="userSpaceOnUse"><rect class="tl-{name} tl-ground" width="16" height="16"/><path class="tl-{name} tl-hatch" d="{lines}"/></pattern>
"#
        )
    };
    lines.map(pattern).concat()
}

/// The bar of a statement.
pub(super) fn bar(state: State, x: f64, y: f64, width: f64) -> String {
    let (name, middle, end) = (name(state), y + BAR / 2.0, x + width);
    let rectangle = || {
        format!(
            r#"<rect class="tl-{name} tl-bar" x="{x:.1}" y="{y}" width="{width:.1}" height="{BAR}" rx="3"/>"#
        )
    };
    let mark = |path: &str| {
        format!(
            r#"<path class="tl-halo" d="M{end:.1} {middle}{path}"/><path class="tl-{name} tl-mark" d="M{end:.1} {middle}{path}"/>"#
        )
    };
    match state {
        State::Done | State::Left | State::Running => rectangle(),
        State::Interrupted => rectangle() + &mark("m0 -24v48"),
        State::Failed => rectangle() + &mark("m-9 -9l18 18m0 -18l-18 18"),
        State::Refused => mark("m-10 0a10 10 0 1 0 20 0a10 10 0 1 0 -20 0m3 7l14 -14"),
    }
}

/// Draws the line of a connection, dashed after it was asked to close, and its end. Both ends are higher than the bars,
/// so that they are visible behind them.
pub(super) fn life(life: Life, y: f64, [opened, asked, closed]: [f64; 3]) -> String {
    let (top, middle, bottom) = (y - 5.0, y + BAR / 2.0, y + BAR + 5.0);
    let (class, end) = match life {
        Life::Closed => ("tl-line", format!("{top}V{bottom}")),
        Life::Cut => (
            "tl-mark tl-alarm-line",
            format!("{middle}m-10 -10l20 20m0 -20l-20 20"),
        ),
        Life::Kept => (
            "tl-mark tl-alarm-line",
            format!("{middle}m0 -11l18 11l-18 11z"),
        ),
        Life::Open => (
            "tl-mark tl-alarm-line",
            format!("{middle}h18m-12 -12l12 12l-12 12"),
        ),
    };
    format!(
        r#"<path class="tl-line" d="M{opened:.1} {top}V{bottom}M{opened:.1} {middle}H{asked:.1}"/><path class="tl-line tl-kept" d="M{asked:.1} {middle}H{closed:.1}"/><path class="{class}" d="M{closed:.1} {end}"/>"#
    )
}
