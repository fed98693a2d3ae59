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
        let id = integer(take(self.id)).map_err(|found| ErrorKind::Misfit {
            column: "id",
            wanted: "a whole number",
            found,
            row: format!("row number {number} of the result"),
        })?;
        let misfit = |column, wanted| {
            move |found| ErrorKind::Misfit {
                column,
                wanted,
                found,
                row: format!("the row with id {id}"),
            }
        };
        let name = text(take(self.name)).map_err(misfit("name", "text"))?;
        let email = text(take(self.email)).map_err(misfit("email", "text"))?;
        let age = integer(take(self.age))
            .map_err(misfit("age", "a whole number from 0 to 4294967295"))?;
        Ok(User {
            id,
            name,
            email,
            age,
        })
    }
}

/// Converts a value. An error is a description of it.
fn integer<T: TryFrom<i64> + TryFrom<u64>>(value: Option<Value>) -> std::result::Result<T, String> {
    match value {
        Some(Value::Int(number)) => T::try_from(number).map_err(|_| number.to_string()),
        Some(Value::UInt(number)) => T::try_from(number).map_err(|_| number.to_string()),
        other => Err(shown(other)),
    }
}

fn text(value: Option<Value>) -> std::result::Result<String, String> {
    match value {
        Some(Value::Bytes(bytes)) => String::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned()),
        other => Err(shown(other)),
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
