//! The results as charts: how many times as fast ours is, and how time and memory grow.

use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::benchmark::Outcome;
use crate::candidate::Role;
use crate::table::{ratio, series};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const WIDTH: u32 = 900;
const ROW: u32 = 18;
const MARGIN: u32 = 20;
const NAMES: u32 = 250;
const FONT: &str = "sans-serif";
const INK: RGBColor = RGBColor(0x33, 0x33, 0x33);
const FASTER: RGBColor = RGBColor(0x2a, 0x7f, 0xb8);
const SLOWER: RGBColor = RGBColor(0xd9, 0x6c, 0x2c);

/// Draws a bar for each peer and limit, on a logarithmic axis: to the right where ours is faster.
///
/// # Errors
///
/// If the file cannot be written.
pub fn ratios(outcomes: &[Outcome], file: &Path) -> Result<()> {
    let rows = rows(outcomes);
    let height = (rows.len() as u32 + 3) * ROW + 2 * MARGIN;
    let root = SVGBackend::new(file, (WIDTH, height)).into_drawing_area();
    root.fill(&WHITE)?;
    let most = rows.iter().filter_map(|row| row.ratio).fold(10.0, f64::max) * 3.0;
    let least = rows.iter().filter_map(|row| row.ratio).fold(0.5, f64::min) / 3.0;
    let mut chart = ChartBuilder::on(&root)
        .margin(MARGIN)
        .margin_left(NAMES)
        .caption("Times as fast as …", (FONT, 15).into_font().color(&INK))
        .x_label_area_size(2 * ROW)
        .build_cartesian_2d((least..most).log_scale(), 0.0..rows.len() as f64)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .x_label_formatter(&|times| format!("{times}"))
        .label_style((FONT, 12).into_font().color(&INK))
        .light_line_style(RGBColor(0xee, 0xee, 0xee))
        .draw()?;
    let height_of = |index: usize| rows.len() as f64 - index as f64;
    for (index, row) in rows.iter().enumerate() {
        let (top, bottom) = (height_of(index) - 0.15, height_of(index) - 0.85);
        if let Some(times) = row.ratio {
            let colour = if times >= 1.0 { FASTER } else { SLOWER };
            chart.draw_series([Rectangle::new(
                [(1.0, top), (times, bottom)],
                colour.filled(),
            )])?;
            let at = (times.max(1.0) * 1.06, top);
            let style = (FONT, 12).into_font().color(&INK);
            chart.draw_series([Text::new(ratio(times), at, style)])?;
        }
    }
    // The names are left of the axes, outside the chart's coordinates.
    for (index, row) in rows.iter().enumerate() {
        let (_, y) = chart.backend_coord(&(1.0, height_of(index) - 0.15));
        let (x, font) = match row.ratio {
            None => (MARGIN as i32 / 2, (FONT, 13, FontStyle::Bold).into_font()),
            Some(_) => (MARGIN as i32 * 2, (FONT, 12).into_font()),
        };
        root.draw(&Text::new(row.name.clone(), (x, y), font.color(&INK)))?;
    }
    Ok(root.present()?)
}

/// A line of the chart: the heading of a job, or a candidate that ours is compared with.
struct Line {
    name: String,
    ratio: Option<f64>,
}

fn rows(outcomes: &[Outcome]) -> Vec<Line> {
    let mut rows = Vec::new();
    for (index, outcome) in outcomes.iter().enumerate() {
        // Of a job with several sizes, the size with the most targets.
        let same = outcomes
            .iter()
            .enumerate()
            .filter(|(_, other)| other.title == outcome.title);
        let shown = same.max_by_key(|(index, other)| (other.targets.len(), *index));
        let (Some(ours), true) = (
            outcome.first(Role::Ours),
            shown.is_some_and(|(shown, _)| shown == index),
        ) else {
            continue;
        };
        for figure in outcome
            .figures
            .iter()
            .filter(|figure| figure.name != "allocations")
        {
            let others = outcome
                .entries
                .iter()
                .filter(|entry| entry.role != Role::Ours);
            let mut lines: Vec<Line> = others
                .filter_map(|entry| {
                    let ratio = outcome.speed(figure.name, ours.name, entry.name)?;
                    ratio.is_finite().then(|| Line {
                        name: match entry.role {
                            Role::Limit => format!("{} (limit)", entry.name),
                            _ => entry.name.to_owned(),
                        },
                        ratio: Some(ratio),
                    })
                })
                .collect();
            if lines.is_empty() {
                continue;
            }
            lines.sort_by(|one, other| {
                one.ratio
                    .partial_cmp(&other.ratio)
                    .expect("none is missing")
            });
            let what = if outcome.figures.len() > 1 {
                figure.title
            } else {
                &outcome.size
            };
            rows.push(Line {
                name: format!("{}: {what}", outcome.title),
                ratio: None,
            });
            rows.extend(lines);
        }
    }
    rows
}

/// Draws the time and memory of each job with three sizes or more against the size, on logarithmic axes.
///
/// # Errors
///
/// If the file cannot be written.
pub fn growth(outcomes: &[Outcome], file: &Path) -> Result<()> {
    let all = series(outcomes);
    if all.is_empty() {
        return Ok(());
    }
    let root = SVGBackend::new(file, (WIDTH, 300 * all.len() as u32)).into_drawing_area();
    root.fill(&WHITE)?;
    for (panels, series) in root.split_evenly((all.len(), 1)).iter().zip(&all) {
        let (left, right) = panels.split_horizontally(WIDTH / 2);
        panel(&left, series, "seconds", &|outcome, name| {
            outcome.entry(name)?.median("seconds")
        })?;
        panel(&right, series, "megabytes", &|outcome, name| {
            Some(outcome.entry(name)?.memory? / 1e6)
        })?;
    }
    Ok(root.present()?)
}

fn panel(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    series: &[&Outcome],
    unit: &str,
    of: &dyn Fn(&Outcome, &str) -> Option<f64>,
) -> Result<()> {
    // The first of ours, its limit, and the peers: more lines would hide each other.
    let entries = &series[0].entries;
    let first = |role| entries.iter().find(move |entry| entry.role == role);
    let peers = entries.iter().filter(|entry| entry.role == Role::Peer);
    let shown = first(Role::Ours)
        .into_iter()
        .chain(first(Role::Limit))
        .chain(peers);
    let names: Vec<&str> = shown.map(|entry| entry.name).collect();
    let lines: Vec<(&str, Vec<(f64, f64)>)> = names
        .into_iter()
        .map(|name| {
            let points = series
                .iter()
                .filter_map(|outcome| Some((outcome.number, of(outcome, name)?)));
            (name, points.collect())
        })
        .collect();
    let values = || {
        lines
            .iter()
            .flat_map(|(_, points)| points.iter().map(|point| point.1))
    };
    let (least, most) = (
        values().fold(f64::INFINITY, f64::min),
        values().fold(0.0, f64::max),
    );
    let sizes = series[0].number..series[series.len() - 1].number * 8.0;
    let mut chart = ChartBuilder::on(area)
        .margin(10)
        .caption(
            format!("{}: {unit}", series[0].title),
            (FONT, 13).into_font().color(&INK),
        )
        .x_label_area_size(25)
        .y_label_area_size(55)
        .build_cartesian_2d(sizes.log_scale(), (least / 1.5..most * 1.5).log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .label_style((FONT, 11).into_font().color(&INK))
        .x_label_formatter(&|size| crate::jobs::grouped(size.round() as u64))
        .y_label_formatter(&|value| format!("{value}"))
        .draw()?;
    let mut labels = Vec::new();
    for (index, (name, points)) in lines.iter().enumerate() {
        let colour = Palette99::pick(index).to_rgba();
        let width = if index == 0 { 3 } else { 1 };
        chart.draw_series(LineSeries::new(
            points.iter().copied(),
            colour.stroke_width(width),
        ))?;
        labels.extend(
            points
                .last()
                .map(|&(size, value)| (value, size, *name, colour)),
        );
    }
    // Moves names up that would overlap.
    labels.sort_by(|one, other| one.0.total_cmp(&other.0));
    let line = (most / least).max(10.0).powf(0.07);
    let mut lowest = 0.0_f64;
    for (value, size, name, colour) in labels {
        lowest = value.max(lowest * line);
        let style = (FONT, 11).into_font().color(&colour);
        chart.draw_series([Text::new(name.to_owned(), (size * 1.15, lowest), style)])?;
    }
    Ok(())
}
