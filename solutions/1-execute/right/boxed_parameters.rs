//! Right: the parameters are kept as trait objects. A parameter that cannot be converted becomes an object that fails
//! again when it is bound. Resources close in the order in which variables are dropped.

use std::path::PathBuf;

use rusqlite::types::{ToSqlOutput, Value};
use rusqlite::{Rows, ToSql, params_from_iter};
use shared::User;
use shared::sqlite::{open, read_users};

pub use shared::sqlite::{Error, Result};

pub struct ExecuteQuery {
    database: PathBuf,
    query: String,
    parameters: Vec<Box<dyn ToSql>>,
}

struct Unbindable(String);

impl ToSql for Unbindable {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Err(rusqlite::Error::ToSqlConversionFailure(
            self.0.as_str().into(),
        ))
    }
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
            parameters: parameters.into_iter().map(boxed).collect(),
        }
    }

    pub fn run<T>(&self, body: impl FnOnce(&mut Rows<'_>) -> Result<T>) -> Result<T> {
        let connection = open(&self.database)?;
        let mut statement = connection.prepare(&self.query)?;
        let mut rows = statement.query(params_from_iter(&self.parameters))?;
        body(&mut rows).map_err(|error| error.in_database(&self.database))
    }

    pub fn fetch_users(&self) -> Result<Vec<User>> {
        self.run(read_users)
    }

    pub fn execute(&self) -> Result<usize> {
        // `Statement::execute` would refuse the rows of a RETURNING.
        let connection = open(&self.database)?;
        let mut statement = connection.prepare(&self.query)?;
        let mut rows = statement.query(params_from_iter(&self.parameters))?;
        while rows.next()?.is_some() {}
        Ok(connection.changes() as usize)
    }
}

fn boxed(parameter: impl ToSql) -> Box<dyn ToSql> {
    match to_value(parameter) {
        Ok(value) => Box::new(value),
        Err(error) => Box::new(Unbindable(error.to_string())),
    }
}

fn to_value(parameter: impl ToSql) -> rusqlite::Result<Value> {
    match parameter.to_sql()? {
        ToSqlOutput::Owned(value) => Ok(value),
        ToSqlOutput::Borrowed(value) => Ok(value.try_into()?),
        _ => Err(rusqlite::Error::ToSqlConversionFailure(
            "it is of another kind".into(),
        )),
    }
}
