//! Any row of any query, printed.

use std::error::Error;

use execute::{ExecuteQuery, Result};
use rusqlite::types::ValueRef;
use rusqlite::{Row, Rows};
use shared::output::{OutputError, OutputOption, Value};

/// Runs the query and prints its rows, as they are stepped; of a statement that returns none, how many rows it changed.
pub fn result_of(
    query: &ExecuteQuery,
    output: OutputOption,
) -> std::result::Result<(), Box<dyn Error + Send + Sync>> {
    // Nothing is stepped before `next`: a statement without columns has not run yet when `execute` runs it.
    let has_printed = query.run(|rows| match columns(rows) {
        Some(columns) => print_rows(rows, columns, output).map(|printed| printed.map(|()| true)),
        None => Ok(Ok(false)),
    })??;
    if !has_printed {
        let changed = query.execute()?;
        let mut rows = output.rows(vec!["rows changed".to_owned()])?;
        rows.push(&[Value::Integer(changed as i64)])?;
        rows.finish()?;
    }
    Ok(())
}

/// The names of the columns; `None` for a statement that has none, such as an `UPDATE`.
fn columns(rows: &Rows<'_>) -> Option<Vec<String>> {
    let names = rows.as_ref()?.column_names();
    (!names.is_empty()).then(|| names.into_iter().map(str::to_owned).collect())
}

/// Two results in one: the outer is the query's, the inner is standard output's.
fn print_rows(
    rows: &mut Rows<'_>,
    columns: Vec<String>,
    output: OutputOption,
) -> Result<std::result::Result<(), OutputError>> {
    let count = columns.len();
    let mut printed = match output.rows(columns) {
        Ok(printed) => printed,
        Err(error) => return Ok(Err(error)),
    };
    while let Some(row) = rows.next()? {
        let values = (0..count)
            .map(|index| value(row, index))
            .collect::<Result<Vec<_>>>()?;
        if let Err(error) = printed.push(&values) {
            return Ok(Err(error));
        }
    }
    Ok(printed.finish())
}

fn value<'r>(row: &'r Row<'_>, index: usize) -> Result<Value<'r>> {
    Ok(match row.get_ref(index)? {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Integer(value),
        ValueRef::Real(value) => Value::Real(value),
        ValueRef::Blob(bytes) => Value::Blob(bytes.into()),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Value::Text(text.into()),
            Err(error) => return Err(rusqlite::Error::Utf8Error(index, error).into()),
        },
    })
}
