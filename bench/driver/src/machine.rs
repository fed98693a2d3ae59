//! The machine and the versions that were measured.

use std::fs;
use std::process::Command;

use crate::places::Places;

/// Returns a few lines of Markdown: date, machine, versions.
pub fn description(places: &Places) -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cpu = cpu.map_or("unknown processor", |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = memory
        .lines()
        .find_map(|line| {
            line.strip_prefix("MemTotal:")?
                .split_whitespace()
                .next()?
                .parse::<f64>()
                .ok()
        })
        .unwrap_or_default();
    let versions = [
        said(&["rustc", "--version"]),
        said(&[&places.python().display().to_string(), "--version"]),
        format!(
            "sqlite3 {}",
            said(&["sqlite3", "--version"])
                .split(' ')
                .next()
                .unwrap_or_default()
        ),
        said(&["mariadb", "--version"]),
    ];
    format!(
        "{}. {cpu}, {cores} cores, {:.0} GB of memory, {}. {}. Crates: {}. Python: {}.\n",
        said(&["date", "--utc", "+%Y-%m-%d %H:%M UTC"]),
        memory / 1e6,
        said(&["uname", "--kernel-name", "--kernel-release", "--machine"]),
        versions.join("; "),
        crates(places).join(", "),
        requirements(places).join(", ")
    )
}

fn said(words: &[&str]) -> String {
    let output = Command::new(words[0]).args(&words[1..]).output();
    output.map_or_else(
        |_| format!("{}: unknown", words[0]),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

/// Returns the versions of peers and drivers, from the lock files.
fn crates(places: &Places) -> Vec<String> {
    let here = [
        "rusqlite",
        "sqlx",
        "mysql_async",
        "tokio",
        "async-std",
        "smol",
        "bb8",
        "deadpool",
        "scopeguard",
    ];
    let other = [
        "rusqlite",
        "tokio-rusqlite",
        "async-sqlite",
        "deadpool-sqlite",
    ];
    [
        ("Cargo.lock", &here[..]),
        ("rusqlite-0-40/Cargo.lock", &other[..]),
    ]
    .iter()
    .flat_map(|(file, names)| {
        let lock = fs::read_to_string(places.bench.join(file)).unwrap_or_default();
        names.iter().filter_map(move |name| {
            let (_, after) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
            Some(format!("{name} {}", after.split('"').next()?))
        })
    })
    .collect()
}

fn requirements(places: &Places) -> Vec<String> {
    let file = fs::read_to_string(places.bench.join("python/requirements.txt")).unwrap_or_default();
    file.lines()
        .filter_map(|line| line.split_once("=="))
        .map(|(name, version)| format!("{name} {version}"))
        .collect()
}
