//! Prints any row of any query.

use std::error::Error;
use std::panic::{self, AssertUnwindSafe};

use execute::{ExecuteQuery, Result};
use rusqlite::types::ValueRef;
use rusqlite::{Row, Rows, Statement};
use shared::output::{OutputOption, Value};

/// The result of printing. Its errors are not those of the query.
type Printed<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Runs the query and prints its rows one by one, or how many rows it changed if it returns none.
pub fn result_of(query: &ExecuteQuery, output: OutputOption) -> Printed<()> {
    // The body does not call `next` for a statement without columns, so it has not run yet when `execute` runs it.
    let has_printed = query.run(|rows| match columns(rows) {
        Ok(columns) if columns.is_empty() => Ok(Ok(false)),
        Ok(columns) => print_rows(rows, columns, output).map(|printed| printed.map(|()| true)),
        Err(error) => Ok(Err(error)),
    })??;
    if !has_printed {
        let changed = query.execute()?;
        let mut rows = output.rows(vec!["rows changed".to_owned()])?;
        rows.push(&[Value::Integer(changed as i64)])?;
        rows.finish()?;
    }
    Ok(())
}

/// Returns the names of the columns; none for a statement that returns no rows, such as an `UPDATE`.
fn columns(rows: &Rows<'_>) -> Printed<Vec<String>> {
    let Some(statement) = rows.as_ref() else {
        return Ok(Vec::new());
    };
    let names = (0..statement.column_count()).map(|index| {
        name(statement, index).ok_or_else(|| {
            format!(
                "the name of column {} is not UTF-8\n\
                 help: name the columns yourself: WITH t (a, b) AS (SELECT ...) SELECT * FROM t",
                index + 1
            )
        })
    });
    Ok(names.collect::<std::result::Result<_, _>>()?)
}

/// Returns the name of a column if it is UTF-8. On other names rusqlite panics, and it has no function that does not.
fn name(statement: &Statement<'_>, index: usize) -> Option<String> {
    let print_panics = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let name = panic::catch_unwind(AssertUnwindSafe(|| {
        statement.column_name(index).map(str::to_owned)
    }));
    panic::set_hook(print_panics);
    name.ok()?.ok()
}

/// Returns two results in one: the outer is that of the query, the inner that of standard output.
fn print_rows(
    rows: &mut Rows<'_>,
    columns: Vec<String>,
    output: OutputOption,
) -> Result<Printed<()>> {
    let count = columns.len();
    let mut printed = match output.rows(columns) {
        Ok(printed) => printed,
        Err(error) => return Ok(Err(error.into())),
    };
    while let Some(row) = rows.next()? {
        let values = (0..count)
            .map(|index| value(row, index))
            .collect::<Result<Vec<_>>>()?;
        if let Err(error) = printed.push(&values) {
            return Ok(Err(error.into()));
        }
    }
    Ok(printed.finish().map_err(Into::into))
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
