//! Converts rows to users. A row that does not fit is an error.
//!
//! The driver's conversions are not used: some panic, and others read the string '41' as a number.

use mysql_async::{Column, Row, Value};
use shared::User;

use crate::error::{ErrorKind, Result};

/// The positions of a user's columns in a result, looked up by name once for all rows.
pub(crate) struct Columns {
    id: Option<usize>,
    name: Option<usize>,
    email: Option<usize>,
    age: Option<usize>,
}

impl Columns {
    pub fn of(columns: &[Column]) -> Columns {
        // MySQL ignores case in column names.
        let position = |name: &str| {
            columns
                .iter()
                .position(|column| column.name_ref().eq_ignore_ascii_case(name.as_bytes()))
        };
        Columns {
            id: position("id"),
            name: position("name"),
            email: position("email"),
            age: position("age"),
        }
    }

    /// Reads a row. An error names the row by its id, or else by `number`, which counts the rows from 1.
    pub fn user(&self, row: Row, number: usize) -> Result<User> {
        // Taken out, so that strings are moved and not copied.
        let mut values = row.unwrap_raw();
        let mut take = |column: Option<usize>| values.get_mut(column?)?.take();
        let id = match take(self.id) {
            Some(Value::Int(id)) => Ok(id),
            Some(Value::UInt(id)) => i64::try_from(id).map_err(|_| id.to_string()),
            other => Err(shown(other)),
        };
        let id = id.map_err(|found| {
            misfit(
                "id",
                "a whole number",
                found,
                format!("row number {number} of the result"),
            )
        })?;
        let row_name = || format!("the row with id {id}");
        let mut text = |name, column| match take(column) {
            Some(Value::Bytes(bytes)) => String::from_utf8(bytes)
                .map_err(|_| misfit(name, "text", "not UTF-8".into(), row_name())),
            other => Err(misfit(name, "text", shown(other), row_name())),
        };
        let (name, email) = (text("name", self.name)?, text("email", self.email)?);
        let age = match take(self.age) {
            Some(Value::Int(age)) => u32::try_from(age).map_err(|_| age.to_string()),
            Some(Value::UInt(age)) => u32::try_from(age).map_err(|_| age.to_string()),
            other => Err(shown(other)),
        };
        let age = age.map_err(|found| {
            misfit(
                "age",
                "a whole number from 0 to 4294967295",
                found,
                row_name(),
            )
        })?;
        Ok(User {
            id,
            name,
            email,
            age,
        })
    }
}

fn misfit(column: &'static str, wanted: &'static str, found: String, row: String) -> ErrorKind {
    ErrorKind::Misfit {
        column,
        wanted,
        found,
        row,
    }
}

/// Describes a value for an error.
fn shown(value: Option<Value>) -> String {
    match value {
        None => "missing".into(),
        Some(Value::NULL) => "NULL".into(),
        Some(Value::Bytes(bytes)) => {
            let text: String = String::from_utf8_lossy(&bytes).chars().take(40).collect();
            format!("the text {text:?}")
        }
        Some(other) => other.as_sql(true),
    }
}
