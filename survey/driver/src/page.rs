//! Writes the page: the template `survey/page.md` with a table in place of each line `{{question}}`.

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

/// Returns the table of one question to the libraries for one database, such as `sqlite: statement`.
fn table(survey: &Path, name: &str, answers: &[Answer]) -> String {
    let is_it = |answer: &&Answer| {
        let database = match answer.library.database {
            Database::Sqlite => "sqlite",
            Database::Mysql => "mysql",
        };
        name == format!("{database}: {}", answer.question.name)
    };
    let rows: Vec<_> = answers.iter().filter(is_it).collect();
    assert!(!rows.is_empty(), "no answers for the table {name}");
    let columns = columns(&rows);
    let mut table = format!("| library | {} |\n", columns.join(" | "));
    table += &format!("| --- |{}\n", " --- |".repeat(columns.len()));
    for answer in rows {
        table += &row(survey, &columns, answer);
    }
    table
}

/// Returns the names of the columns that the answers to one question have.
fn columns<'a>(answers: &[&'a Answer]) -> Vec<&'a str> {
    let mut columns: Vec<&str> = Vec::new();
    for (column, _) in answers.iter().flat_map(|answer| &answer.columns) {
        if !columns.contains(&column.as_str()) {
            columns.push(column);
        }
    }
    columns
}

fn row(survey: &Path, columns: &[&str], answer: &Answer) -> String {
    let Answer {
        library, question, ..
    } = answer;
    let cells: Vec<_> = columns
        .iter()
        .map(|column| {
            let cell = answer.columns.iter().find(|(name, _)| name == column);
            cell.map_or("", |(_, text)| text.as_str())
        })
        .collect();
    let (first, last) = lines(survey, library.source, library.method(question));
    format!(
        "| [{}](../survey/{}#L{first}-L{last}){} | {} |\n",
        library.name,
        library.source,
        version(survey, library),
        cells.join(" | ")
    )
}

/// Returns the rows of some answers that are not on the page. The answers are all that their questions have.
pub fn differences(root: &Path, page: &str, answers: &[Answer]) -> Vec<String> {
    let survey = root.join("survey");
    let rows = answers.iter().map(|answer| {
        let is_of_its_table = |other: &&Answer| {
            other.question.name == answer.question.name
                && other.library.database == answer.library.database
        };
        let table: Vec<_> = answers.iter().filter(is_of_its_table).collect();
        row(&survey, &columns(&table), answer)
    });
    rows.filter(|row| !page.contains(row.as_str())).collect()
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
