//! `--format`: rows as a table for people, as JSON, as CSV.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io::{self, BufWriter, StdoutLock, Write};

use serde_core::ser::{Serialize, SerializeMap, Serializer};
use unicode_width::UnicodeWidthStr;

use crate::User;
use crate::terminal::{is_harmful, printable};

/// The option `--format`.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct OutputOption {
    /// Format of the rows: a table for people, one JSON object a line, or CSV with a header line
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// The format of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Table,
    Json,
    Csv,
}

/// A value of a column, of the types that SQLite has.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// SQL's NULL: `null` in JSON, empty in CSV.
    Null,
    /// An integer.
    Integer(i64),
    /// A floating-point number. An infinity is the string `"Infinity"` in JSON, which has no number for it.
    Real(f64),
    /// A string.
    Text(Cow<'a, str>),
    /// Bytes, printed as hexadecimal digits.
    Blob(Cow<'a, [u8]>),
}

impl OutputOption {
    /// Prints users to standard output.
    ///
    /// # Errors
    ///
    /// When standard output cannot be written to.
    pub fn users(self, users: &[User]) -> Result<(), OutputError> {
        let mut rows = self.rows(["id", "name", "email", "age"])?;
        for user in users {
            rows.push(&user_values(user))?;
        }
        rows.finish()
    }

    /// Prints all users and the older ones, to standard output: each list under a heading in a table; in JSON and CSV
    /// one after the other, with a first field `list` that is `all` or `older`.
    ///
    /// # Errors
    ///
    /// When standard output cannot be written to.
    pub fn two_lists(
        self,
        all: &[User],
        older: &[User],
        older_than: u32,
    ) -> Result<(), OutputError> {
        if self.format == Format::Table {
            print_line("All users")?;
            self.users(all)?;
            print_line(&format!("\nUsers older than {older_than}"))?;
            return self.users(older);
        }
        let mut rows = self.rows(["list", "id", "name", "email", "age"])?;
        for (list, users) in [("all", all), ("older", older)] {
            for user in users {
                let [id, name, email, age] = user_values(user);
                rows.push(&[Value::Text(list.into()), id, name, email, age])?;
            }
        }
        rows.finish()
    }

    /// Begins to print rows of these columns to standard output. JSON and CSV are written row by row; a table is
    /// written by [`Rows::finish`], when the widths of its columns are known.
    ///
    /// # Errors
    ///
    /// When standard output cannot be written to.
    pub fn rows(
        self,
        columns: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Rows, OutputError> {
        let columns = unique(columns.into_iter().map(Into::into).collect());
        let out = BufWriter::new(io::stdout().lock());
        let sink = match self.format {
            Format::Table => Sink::Table {
                out,
                columns,
                cells: Vec::new(),
            },
            Format::Json => Sink::Json { out, columns },
            Format::Csv => {
                let mut out = csv::Writer::from_writer(out);
                out.write_record(&columns).map_err(from_csv)?;
                Sink::Csv { out: Box::new(out) }
            }
        };
        Ok(Rows { sink })
    }
}

fn user_values(user: &User) -> [Value<'_>; 4] {
    [
        Value::Integer(user.id),
        Value::Text(user.name.as_str().into()),
        Value::Text(user.email.as_str().into()),
        Value::Integer(user.age.into()),
    ]
}

/// Two columns of one name keep both values: the second `n` is `n:2`, as the `sqlite3` shell calls it.
fn unique(columns: Vec<String>) -> Vec<String> {
    let given: HashSet<&str> = columns.iter().map(String::as_str).collect();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let name = |column| {
        let count = counts.entry(column).or_default();
        *count += 1;
        if *count == 1 {
            return column.to_owned();
        }
        loop {
            let name = format!("{column}:{count}");
            // Another column may already be called `n:2`; it keeps its name.
            if !given.contains(&*name) {
                return name;
            }
            *count += 1;
        }
    };
    columns.iter().map(String::as_str).map(name).collect()
}

/// Rows on their way to standard output. Call [`finish`](Rows::finish), or the last of them may be missing.
#[must_use = "the last rows are written by `finish`"]
pub struct Rows {
    sink: Sink,
}

type Out = BufWriter<StdoutLock<'static>>;

enum Sink {
    Table {
        out: Out,
        columns: Vec<String>,
        cells: Vec<Cell>,
    },
    Json {
        out: Out,
        columns: Vec<String>,
    },
    Csv {
        out: Box<csv::Writer<Out>>,
    },
}

/// A cell of a table; numbers stand to the right.
struct Cell {
    text: String,
    is_number: bool,
}

impl Rows {
    /// Prints a row: one value for each column, in the columns' order.
    ///
    /// # Errors
    ///
    /// When standard output cannot be written to.
    pub fn push(&mut self, values: &[Value<'_>]) -> Result<(), OutputError> {
        match &mut self.sink {
            Sink::Table { cells, .. } => cells.extend(values.iter().map(Cell::new)),
            Sink::Json { out, columns } => {
                let mut json = serde_json::Serializer::with_formatter(&mut *out, Json);
                let object = Object { columns, values };
                object.serialize(&mut json).map_err(io::Error::from)?;
                out.write_all(b"\n")?;
            }
            Sink::Csv { out } => out
                .write_record(values.iter().map(|value| {
                    match value {
                        Value::Null => Cow::Borrowed(""),
                        value => value.text(),
                    }
                    .into_owned()
                }))
                .map_err(from_csv)?,
        }
        Ok(())
    }

    /// Prints what is not printed yet.
    ///
    /// # Errors
    ///
    /// When standard output cannot be written to.
    pub fn finish(self) -> Result<(), OutputError> {
        match self.sink {
            Sink::Table {
                mut out,
                columns,
                cells,
            } => {
                write_table(&mut out, &columns, &cells)?;
                out.flush()?;
            }
            Sink::Json { mut out, .. } => out.flush()?,
            Sink::Csv { mut out } => out.flush()?,
        }
        Ok(())
    }
}

impl Value<'_> {
    /// The value as text; the same in a table, in CSV and, where JSON has nothing better, in JSON.
    fn text(&self) -> Cow<'_, str> {
        match self {
            Value::Null => "NULL".into(),
            Value::Integer(value) => value.to_string().into(),
            Value::Real(value) if value.is_infinite() && *value > 0.0 => "Infinity".into(),
            Value::Real(value) if value.is_infinite() => "-Infinity".into(),
            // `{:?}` is the shortest text that reads back as the same number, and keeps the `.0` of a whole one.
            Value::Real(value) => format!("{value:?}").into(),
            Value::Text(value) => value.as_ref().into(),
            Value::Blob(bytes) => bytes
                .iter()
                .map(|byte| format!("{byte:02X}"))
                .collect::<String>()
                .into(),
        }
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => serializer.serialize_unit(),
            Value::Integer(value) => serializer.serialize_i64(*value),
            Value::Real(value) if value.is_finite() => serializer.serialize_f64(*value),
            value => serializer.serialize_str(&value.text()),
        }
    }
}

/// A row as a JSON object whose fields stand in the columns' order.
struct Object<'a> {
    columns: &'a [String],
    values: &'a [Value<'a>],
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.columns.len()))?;
        for (column, value) in self.columns.iter().zip(self.values) {
            map.serialize_entry(column, value)?;
        }
        map.end()
    }
}

/// JSON without control characters for the terminal: they are written as JSON escapes, which keep the data. (CSV has no
/// escapes. Its reader is another program, so it is written unchanged.)
struct Json;

impl serde_json::ser::Formatter for Json {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        mut rest: &str,
    ) -> io::Result<()> {
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| is_harmful(*c)) {
            out.write_all(&rest.as_bytes()[..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = &rest[at + c.len_utf8()..];
        }
        out.write_all(rest.as_bytes())
    }
}

impl Cell {
    fn new(value: &Value<'_>) -> Self {
        Cell {
            text: printable(&value.text()),
            is_number: matches!(value, Value::Integer(_) | Value::Real(_)),
        }
    }

    fn heading(text: &str) -> Self {
        Cell::new(&Value::Text(text.into()))
    }
}

fn write_table(out: &mut impl Write, columns: &[String], cells: &[Cell]) -> io::Result<()> {
    let headings: Vec<Cell> = columns.iter().map(|name| Cell::heading(name)).collect();
    let mut widths: Vec<usize> = headings.iter().map(|cell| cell.text.width()).collect();
    for row in cells.chunks(widths.len()) {
        for (cell, width) in row.iter().zip(&mut widths) {
            *width = cell.text.width().max(*width);
        }
    }
    write_line(out, &headings, &widths)?;
    let rules = widths
        .iter()
        .map(|width| Cell::heading(&"-".repeat(*width)));
    write_line(out, &rules.collect::<Vec<_>>(), &widths)?;
    for row in cells.chunks(widths.len()) {
        write_line(out, row, &widths)?;
    }
    Ok(())
}

fn write_line(out: &mut impl Write, row: &[Cell], widths: &[usize]) -> io::Result<()> {
    let mut line = String::new();
    for (cell, width) in row.iter().zip(widths) {
        // Counted in columns of a terminal: `{:width$}` counts characters, and an ideograph takes two columns.
        let padding = " ".repeat(width - cell.text.width());
        let (before, after) = if cell.is_number {
            (padding.as_str(), "")
        } else {
            ("", padding.as_str())
        };
        line.extend([before, &cell.text, after, "  "]);
    }
    writeln!(out, "{}", line.trim_end())
}

fn print_line(line: &str) -> Result<(), OutputError> {
    Ok(writeln!(io::stdout(), "{line}")?)
}

/// Standard output could not be written to.
#[derive(Debug)]
pub struct OutputError(io::Error);

impl OutputError {
    /// Returns whether the reader of a pipe closed it, which is not a failure.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        self.0.kind() == io::ErrorKind::BrokenPipe
    }
}

impl fmt::Display for OutputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "could not write to standard output: {}\nhelp: check whether the disk is full or the output file was closed",
            self.0
        )
    }
}

impl std::error::Error for OutputError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

impl From<io::Error> for OutputError {
    fn from(error: io::Error) -> Self {
        OutputError(error)
    }
}

fn from_csv(error: csv::Error) -> OutputError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => OutputError(error),
        other => OutputError(io::Error::other(format!("{other:?}"))),
    }
}
