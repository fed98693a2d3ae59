//! Rows read as users.

use rusqlite::types::{FromSql, ValueRef};
use rusqlite::{Row, Rows};

use super::{Error, ErrorKind, Result};
use crate::User;

/// Reads every remaining row as a [`User`], by the NAMES of the columns, in any order.
///
/// # Errors
///
/// When the query fails, when it has no column of one of the four names, and when a row cannot be read as a user: the
/// error names the column, the row's id and the value.
///
/// ```
/// let connection = rusqlite::Connection::open_in_memory()?;
/// let mut statement = connection.prepare("SELECT 36 AS age, 'Ada' AS name, 'ada@example.com' AS email, 1 AS id")?;
/// let users = shared::sqlite::read_users(&mut statement.query([])?)?;
/// assert_eq!((users[0].id, users[0].age), (1, 36));
/// # Ok::<(), shared::sqlite::Error>(())
/// ```
pub fn read_users(rows: &mut Rows<'_>) -> Result<Vec<User>> {
    // The names are looked up once for the query and not once for each row.
    let Some(statement) = rows.as_ref() else {
        return Ok(Vec::new());
    };
    let id = statement.column_index("id")?;
    let name = statement.column_index("name")?;
    let email = statement.column_index("email")?;
    let age = statement.column_index("age")?;

    let mut users = Vec::new();
    while let Some(row) = rows.next()? {
        users.push(User {
            id: field(row, id, id)?,
            name: field(row, name, id)?,
            email: field(row, email, id)?,
            age: field(row, age, id)?,
        });
    }
    Ok(users)
}

fn field<T: FromSql>(row: &Row<'_>, column: usize, id: usize) -> Result<T> {
    row.get(column)
        .map_err(|error| not_a_user(row, column, id, error))
}

#[cold]
fn not_a_user(row: &Row<'_>, column: usize, id: usize, error: rusqlite::Error) -> Error {
    let found = match row.get_ref(column) {
        Ok(ValueRef::Null) => "NULL".to_owned(),
        Ok(ValueRef::Integer(value)) => format!("the integer {value}"),
        Ok(ValueRef::Real(value)) => format!("the number {value:?}"),
        Ok(ValueRef::Text(text)) => match std::str::from_utf8(text) {
            Ok(text) => format!("the text {text:?}"),
            Err(_) => "text that is not UTF-8".to_owned(),
        },
        Ok(ValueRef::Blob(bytes)) => format!("a BLOB of {} bytes", bytes.len()),
        Err(_) => return error.into(),
    };
    let column = row.as_ref().column_name(column).unwrap_or("?").to_owned();
    let id = row.get(id).ok();
    Error::new(ErrorKind::Row { column, id, found }, "read")
}
