//! Leaves out of a student's folder what only this repository needs: tests of the packages in `shared`, and what the
//! manifests say about files that are not there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// Modules that no exercise uses: they serve tests in this repository and in other projects.
const UNUSED: [&str; 5] = ["assertions", "cases", "cluster", "examples", "program"];

/// Modules that only the task on MySQL uses.
const MYSQL: [&str; 5] = ["interrupt", "mysql", "relay", "shift", "threads"];

/// The attribute of the modules that only the tasks on SQLite use.
const SQLITE: &str = "#[cfg(feature = \"sqlite\")]";

/// Copies the packages below `from` that a manifest depends on, directly or not: their sources and manifests alone.
pub fn shared(from: &Path, manifest: &str, to: &Path) -> io::Result<()> {
    let is_mysql = manifest.contains("\nmysql_async = ");
    let mut wanted = dependencies(manifest, Path::new(""))?;
    let mut copied: Vec<PathBuf> = Vec::new();
    while let Some(package) = wanted.pop() {
        let Ok(inside) = package.strip_prefix("shared") else {
            continue;
        };
        if copied.contains(&package) {
            continue;
        }
        let (source, copy) = (from.join(inside), to.join(inside));
        let root = fs::read_to_string(source.join("src/lib.rs"))?;
        let mut left_out = UNUSED.to_vec();
        if is_mysql {
            left_out.extend(modules_with(SQLITE, &root));
        } else {
            left_out.extend(MYSQL);
        }
        sources(&source.join("src"), &copy.join("src"), &left_out)?;
        let manifest = fs::read_to_string(source.join("Cargo.toml"))?;
        let manifest = edited(&manifest, &copy, &|_| false)?;
        fs::write(copy.join("Cargo.toml"), &manifest)?;
        wanted.extend(dependencies(&manifest, &package)?);
        copied.push(package);
    }
    Ok(())
}

/// Returns a task's manifest without the dependencies that no test in `folder` names, and without the targets whose
/// files are not there.
pub fn manifest(manifest: &str, folder: &Path) -> io::Result<String> {
    let mut code = String::new();
    for part in ["src", "tests"] {
        read_code(&folder.join(part), &mut code)?;
    }
    let words = code.split(|c: char| c != '_' && !c.is_alphanumeric());
    let words: std::collections::HashSet<&str> = words.collect();
    edited(manifest, folder, &|name| {
        words.contains(name.replace('-', "_").as_str())
    })
}

fn read_code(folder: &Path, code: &mut String) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read_code(&path, code)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            *code += &fs::read_to_string(path)?;
        }
    }
    Ok(())
}

/// The folders of the packages that a manifest in `folder` depends on by a path.
fn dependencies(manifest: &str, folder: &Path) -> io::Result<Vec<PathBuf>> {
    let manifest: Table = manifest.parse().map_err(io::Error::other)?;
    let tables = ["dependencies", "dev-dependencies"].map(|kind| manifest.get(kind));
    let tables = tables.into_iter().flatten().filter_map(Value::as_table);
    let paths = tables
        .flat_map(Table::values)
        .filter_map(|dependency| dependency.get("path")?.as_str());
    Ok(paths.map(|path| joined(folder, path)).collect())
}

/// A path relative to a folder, without `..`.
fn joined(folder: &Path, path: &str) -> PathBuf {
    let mut joined = folder.to_owned();
    for part in path.split('/') {
        match part {
            ".." => {
                joined.pop();
            }
            "." => {}
            part => joined.push(part),
        }
    }
    joined
}

/// Edits the text of a manifest, so that its comments stay: keeps the dev-dependencies that are needed, and the targets
/// whose files exist in `folder`.
fn edited(manifest: &str, folder: &Path, is_needed: &dyn Fn(&str) -> bool) -> io::Result<String> {
    let mut text = String::new();
    for section in sections(manifest) {
        let header = section.lines().find(|line| line.starts_with('['));
        match header {
            Some("[dev-dependencies]") => text += &needed(&section, is_needed),
            Some("[[test]]" | "[[example]]" | "[[bench]]") => {
                let table: Table = section.parse().map_err(io::Error::other)?;
                if has_file(&table, folder) {
                    text += &section;
                }
            }
            _ => text += &section,
        }
    }
    let text = text.trim_end().to_owned() + "\n";
    // An edit by lines would be wrong for a dependency on several lines.
    text.parse::<Table>().map_err(io::Error::other)?;
    Ok(text)
}

/// The sections of a manifest, each with the comment above its header.
fn sections(manifest: &str) -> Vec<String> {
    let (mut sections, mut comment) = (vec![String::new()], String::new());
    for line in manifest.split_inclusive('\n') {
        if line.starts_with('#') {
            comment += line;
            continue;
        }
        if line.starts_with('[') {
            sections.push(String::new());
        }
        if let Some(section) = sections.last_mut() {
            *section += &comment;
            *section += line;
        }
        comment.clear();
    }
    sections
}

/// The lines of `[dev-dependencies]` that are needed, each with the comment above it.
fn needed(section: &str, is_needed: &dyn Fn(&str) -> bool) -> String {
    let (mut kept, mut comment) = (String::new(), String::new());
    let mut is_empty = true;
    for line in section.split_inclusive('\n') {
        match line.split_once(" = ") {
            _ if line.starts_with('#') => comment += line,
            Some((name, _)) if !is_needed(name) => comment.clear(),
            name => {
                is_empty &= name.is_none();
                kept += &std::mem::take(&mut comment);
                kept += line;
            }
        }
    }
    if is_empty { String::new() } else { kept }
}

/// True if a target's file exists, in the first section of its kind.
fn has_file(table: &Table, folder: &Path) -> bool {
    let kinds = [
        ("test", "tests"),
        ("example", "examples"),
        ("bench", "benches"),
    ];
    let target = kinds.iter().find_map(|(kind, place)| {
        let target = table.get(*kind)?.as_array()?.first()?;
        Some((target, *place))
    });
    target.is_none_or(|(target, place)| {
        let text = |key: &str| target.get(key).and_then(Value::as_str);
        let name = text("name").unwrap_or_default();
        match text("path") {
            Some(path) => folder.join(path).is_file(),
            None => [format!("{name}.rs"), format!("{name}/main.rs")]
                .iter()
                .any(|file| folder.join(place).join(file).is_file()),
        }
    })
}

/// Returns the modules that have this attribute.
fn modules_with<'a>(attribute: &str, root: &'a str) -> Vec<&'a str> {
    let lines: Vec<&str> = root.lines().collect();
    let pairs = lines.windows(2).filter(|pair| pair[0] == attribute);
    let declaration = |line: &'a str| line.strip_prefix("pub ").unwrap_or(line);
    let module = |pair: &[&'a str]| declaration(pair[1]).strip_prefix("mod ")?.strip_suffix(';');
    pairs.filter_map(module).collect()
}

/// Copies source files without unit tests, and without the modules in `left_out`.
fn sources(from: &Path, to: &Path, left_out: &[&str]) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let stem = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default();
        let copy = to.join(path.file_name().unwrap_or_default());
        if stem == "tests" || left_out.contains(&stem) {
            continue;
        }
        if path.is_dir() {
            sources(&path, &copy, left_out)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            fs::write(copy, without_modules(&fs::read_to_string(&path)?, left_out))?;
        } else {
            fs::copy(path, copy)?;
        }
    }
    Ok(())
}

/// A source file without the unit tests at its end, and without the declarations of modules that are left out.
fn without_modules(text: &str, left_out: &[&str]) -> String {
    let text = text
        .split("\n#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or(text);
    // The documentation of some packages is their README, which is not copied.
    let text = text.replace(
        "#![doc = include_str!(\"../README.md\")]",
        "//! Its README is in the course's repository.",
    );
    let mut kept: Vec<&str> = Vec::new();
    for line in text.trim_end().lines() {
        let declaration = line.strip_prefix("pub ").unwrap_or(line);
        let module = declaration
            .strip_prefix("mod ")
            .and_then(|rest| rest.strip_suffix(';'));
        if module.is_none_or(|module| module != "tests" && !left_out.contains(&module)) {
            kept.push(line);
        } else if kept.last().is_some_and(|line| line.starts_with("#[cfg(")) {
            kept.pop();
        }
    }
    kept.join("\n") + "\n"
}
