//! Right: each resource is a variable, and variables are dropped in reverse order. The wrong solutions are edits of
//! this one.

use std::path::PathBuf;

use rusqlite::types::{ToSqlOutput, Value};
use rusqlite::{Rows, ToSql, params_from_iter};
use shared::User;
use shared::sqlite::open;

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
        let mut statement = connection.prepare(&self.query)?;
        let mut rows = statement.query(params_from_iter(self.values()?))?;
        body(&mut rows)
    }

    pub fn fetch_users(&self) -> Result<Vec<User>> {
        self.run(|rows| {
            let mut users = Vec::new();
            while let Some(row) = rows.next()? {
                users.push(User {
                    id: row.get("id")?,
                    name: row.get("name")?,
                    email: row.get("email")?,
                    age: row.get("age")?,
                });
            }
            Ok(users)
        })
    }

    pub fn execute(&self) -> Result<usize> {
        let connection = open(&self.database)?;
        Ok(connection.execute(&self.query, params_from_iter(self.values()?))?)
    }

    fn values(&self) -> rusqlite::Result<Vec<&Value>> {
        let unbindable =
            |reason: &String| rusqlite::Error::ToSqlConversionFailure(reason.as_str().into());
        let values = self.parameters.iter();
        values
            .map(|value| value.as_ref().map_err(unbindable))
            .collect()
    }
}

fn to_value(parameter: impl ToSql) -> std::result::Result<Value, String> {
    match parameter.to_sql() {
        Ok(ToSqlOutput::Borrowed(value)) => {
            Value::try_from(value).map_err(|error| error.to_string())
        }
        Ok(ToSqlOutput::Owned(value)) => Ok(value),
        Ok(_) => Err("a value of another kind".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
