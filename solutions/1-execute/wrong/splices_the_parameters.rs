//! Wrong: a home-made `replace('?', …)` puts the values into the text of the query. A quote in a value ends the string,
//! and what follows is SQL.
//!
//! caught by: a_hostile_text_finds_nobody
//! also: gives_sqlite_the_placeholders_and_not_the_values, because SQLite is given the text after the replacement

use std::path::PathBuf;

use rusqlite::types::{ToSqlOutput, Value};
use rusqlite::{Rows, ToSql, params_from_iter};
use shared::User;
use shared::sqlite::{open, read_users};

pub use shared::sqlite::{Error, Result};

pub struct ExecuteQuery {
    database: PathBuf,
    query: String,
    parameters: Vec<std::result::Result<Value, String>>,
}

impl ExecuteQuery {
    pub fn new(
        database: impl Into<PathBuf>,
        query: impl Into<String>,
        parameters: impl IntoIterator<Item = impl ToSql>,
    ) -> ExecuteQuery {
        ExecuteQuery {
            database: database.into(),
            query: query.into(),
            parameters: parameters.into_iter().map(to_value).collect(),
        }
    }

    pub fn run<T>(&self, body: impl FnOnce(&mut Rows<'_>) -> Result<T>) -> Result<T> {
        let connection = open(&self.database)?;
        let mut statement = connection.prepare(&self.spliced()?)?;
        let mut rows = statement.query([])?;
        body(&mut rows)
    }

    pub fn fetch_users(&self) -> Result<Vec<User>> {
        self.run(read_users)
    }

    pub fn execute(&self) -> Result<usize> {
        let connection = open(&self.database)?;
        Ok(connection.execute(&self.query, params_from_iter(self.values()?))?)
    }

    fn values(&self) -> Result<Vec<&Value>> {
        let unbindable = |reason: &String| rusqlite::Error::ToSqlConversionFailure(reason.as_str().into());
        let values = self.parameters.iter();
        Ok(values
            .map(|value| value.as_ref().map_err(unbindable))
            .collect::<rusqlite::Result<_>>()?)
    }

    fn spliced(&self) -> Result<String> {
        let values = self.values()?;
        let expected = self.query.matches('?').count();
        if values.len() != expected {
            return Err(rusqlite::Error::InvalidParameterCount(values.len(), expected).into());
        }
        let splice = |sql: String, value: &Value| sql.replacen('?', &literal(value), 1);
        Ok(values.into_iter().fold(self.query.clone(), splice))
    }
}

fn literal(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(value) => value.to_string(),
        Value::Real(value) => format!("{value:?}"),
        Value::Text(text) => format!("'{text}'"),
        Value::Blob(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("x'{digits}'")
        }
    }
}

fn to_value(parameter: impl ToSql) -> std::result::Result<Value, String> {
    match parameter.to_sql() {
        Ok(ToSqlOutput::Borrowed(value)) => Value::try_from(value).map_err(|error| error.to_string()),
        Ok(ToSqlOutput::Owned(value)) => Ok(value),
        Ok(_) => Err("a value of another kind".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
