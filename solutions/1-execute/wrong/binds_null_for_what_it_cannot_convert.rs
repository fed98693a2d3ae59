//! Wrong: what cannot be converted is bound as NULL, so that `new` need not fail; the query asks for something else
//! then.
//!
//! caught by: a_parameter_that_cannot_be_converted_is_an_error_when_the_query_is_run

use std::path::PathBuf;

use rusqlite::types::{ToSqlOutput, Value};
use rusqlite::{Rows, ToSql, params_from_iter};
use shared::User;
use shared::sqlite::{open, read_users};

pub use shared::sqlite::{Error, Result};

pub struct ExecuteQuery {
    database: PathBuf,
    query: String,
    parameters: Vec<Value>,
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
        let mut rows = statement.query(params_from_iter(&self.parameters))?;
        body(&mut rows)
    }

    pub fn fetch_users(&self) -> Result<Vec<User>> {
        self.run(read_users)
    }

    pub fn execute(&self) -> Result<usize> {
        let connection = open(&self.database)?;
        Ok(connection.execute(&self.query, params_from_iter(&self.parameters))?)
    }
}

fn to_value(parameter: impl ToSql) -> Value {
    match parameter.to_sql() {
        Ok(ToSqlOutput::Borrowed(value)) => value.try_into().unwrap_or(Value::Null),
        Ok(ToSqlOutput::Owned(value)) => value,
        _ => Value::Null,
    }
}
