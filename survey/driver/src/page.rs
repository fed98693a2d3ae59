//! Writes the page: the template `survey/page.md` with a table in place of each line `{{question}}`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::libraries::{Database, Library};
use crate::run::Answer;

/// Returns the page.
pub fn write(root: &Path, answers: &[Answer]) -> String {
    let survey = root.join("survey");
    let template = fs::read_to_string(survey.join("page.md")).expect("the template");
    let mut page = String::new();
    for line in template.lines() {
        let name = line
            .strip_prefix("{{")
            .and_then(|line| line.strip_suffix("}}"));
        match name {
            Some(name) => page += &table(&survey, name, answers),
            None => page += &format!("{line}\n"),
        }
    }
    page
}

/// Returns the tables of some answers that are not on the page.
pub fn differences(root: &Path, page: &str, answers: &[Answer]) -> Vec<String> {
    let survey = root.join("survey");
    let names: BTreeSet<_> = answers.iter().map(name_of_table).collect();
    let tables = names.iter().map(|name| table(&survey, name, answers));
    tables.filter(|table| !page.contains(table)).collect()
}

/// Returns the name of the table for an answer, such as `sqlite: statement`.
fn name_of_table(answer: &Answer) -> String {
    let database = match answer.library.database {
        Database::Sqlite => "sqlite",
        Database::Mysql => "mysql",
    };
    format!("{database}: {}", answer.question.name)
}

/// Returns the table of one question to the libraries for one database.
fn table(survey: &Path, name: &str, answers: &[Answer]) -> String {
    let is_it = |answer: &&Answer| name_of_table(answer) == name;
    let rows: Vec<_> = answers.iter().filter(is_it).collect();
    assert!(!rows.is_empty(), "no answers for the table {name}");
    let mut columns: Vec<&str> = Vec::new();
    for (column, _) in rows.iter().flat_map(|row| &row.columns) {
        if !columns.contains(&column.as_str()) {
            columns.push(column);
        }
    }
    let mut table = format!("| library | {} |\n", columns.join(" | "));
    table += &format!("| --- |{}\n", " --- |".repeat(columns.len()));
    for row in rows {
        let cells: Vec<_> = columns
            .iter()
            .map(|column| {
                let cell = row.columns.iter().find(|(name, _)| name == column);
                cell.map_or("", |(_, text)| text.as_str())
            })
            .collect();
        let (first, last) = lines(survey, row.library.source, row.library.method(row.question));
        table += &format!(
            "| [{}](../survey/{}#L{first}-L{last}){} | {} |\n",
            row.library.name,
            row.library.source,
            version(survey, row.library),
            cells.join(" | ")
        );
    }
    table
}

/// Returns the first and the last line of a function.
fn lines(survey: &Path, source: &str, method: &str) -> (usize, usize) {
    let text = fs::read_to_string(survey.join(source)).expect("the source");
    let is_begin = |line: &&str| {
        let line = line.trim_start();
        let line = line.strip_prefix("async ").unwrap_or(line);
        let name = line.strip_prefix("fn ").or(line.strip_prefix("def "));
        name.and_then(|name| name.strip_prefix(method))
            .is_some_and(|rest| rest.starts_with('('))
    };
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.iter().position(is_begin);
    let first = first.unwrap_or_else(|| panic!("no function {method} in {source}"));
    let indent = lines[first].len() - lines[first].trim_start().len();
    let is_inside = |line: &&str| {
        line.is_empty()
            || line.len() - line.trim_start().len() > indent
            || line.trim_start().starts_with(')')
    };
    let length = lines[first + 1..]
        .iter()
        .take_while(|line| is_inside(line))
        .count();
    // Rust has a brace after the body; Python has not.
    let ends_with_brace = lines
        .get(first + 1 + length)
        .is_some_and(|line| line.trim() == "}");
    let mut last = first + length + usize::from(ends_with_brace);
    while lines[last].is_empty() {
        last -= 1;
    }
    (first + 1, last + 1)
}

/// Returns the versions of a library's packages, from the lock file.
fn version(survey: &Path, library: &Library) -> String {
    let read = |file| fs::read_to_string(survey.join(file)).expect("a file with versions");
    let versions = library.packages.iter().map(|package| {
        let (file, entry, end) = if library.is_python() {
            ("python/requirements.txt", format!("{package}=="), '\n')
        } else {
            let entry = format!("name = \"{package}\"\nversion = \"");
            (library.program.lock_file(), entry, '"')
        };
        let text = read(file);
        // Of several versions the last is the one that the survey names; the others are dependencies.
        let version = text
            .rsplit_once(&entry)
            .and_then(|(_, rest)| rest.split(end).next());
        format!(
            " {}",
            version.unwrap_or_else(|| panic!("{package} is not in {file}"))
        )
    });
    versions.collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::lines;
    use crate::libraries::{Database, LIBRARIES};
    use crate::questions::{MYSQL, SQLITE};

    /// After a change of a library's file, `survey/run --page` updates the links.
    #[test]
    fn the_links_of_the_page_lead_to_the_functions_that_were_dropped() {
        let survey = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("");
        let page = fs::read_to_string(survey.join("../docs/dropped-futures.md")).unwrap();
        for library in LIBRARIES {
            let questions = match library.database {
                Database::Sqlite => SQLITE,
                Database::Mysql => MYSQL,
            };
            for question in questions {
                if library.is_asked(question) {
                    let method = library.method(question);
                    let (first, last) = lines(&survey, library.source, method);
                    let link = format!("(../survey/{}#L{first}-L{last})", library.source);
                    assert!(page.contains(&link), "no link {link}");
                }
            }
        }
    }
}
