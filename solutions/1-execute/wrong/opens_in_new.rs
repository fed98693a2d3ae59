//! Wrong: the connection is opened in the constructor, as in `__init__`. Who makes a query and does not run it has the
//! database open for as long as the query lives.
//!
//! caught by: new_opens_nothing

use std::cell::RefCell;
use std::path::PathBuf;

use rusqlite::types::{ToSqlOutput, Value};
use rusqlite::{Connection, Rows, ToSql, params_from_iter};
use shared::User;
use shared::sqlite::{open, read_users};

pub use shared::sqlite::{Error, Result};

pub struct ExecuteQuery {
    connection: RefCell<Option<Connection>>,
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
        let database = database.into();
        ExecuteQuery {
            connection: RefCell::new(open(&database).ok()),
            database,
            query: query.into(),
            parameters: parameters.into_iter().map(to_value).collect(),
        }
    }

    pub fn run<T>(&self, body: impl FnOnce(&mut Rows<'_>) -> Result<T>) -> Result<T> {
        let connection = self.connection()?;
        let mut statement = connection.prepare(&self.query)?;
        let mut rows = statement.query(params_from_iter(self.values()?))?;
        body(&mut rows)
    }

    pub fn fetch_users(&self) -> Result<Vec<User>> {
        self.run(read_users)
    }

    pub fn execute(&self) -> Result<usize> {
        let connection = self.connection()?;
        Ok(connection.execute(&self.query, params_from_iter(self.values()?))?)
    }

    /// The first run takes the one that was opened by `new`.
    fn connection(&self) -> Result<Connection> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => open(&self.database),
        }
    }

    fn values(&self) -> Result<Vec<&Value>> {
        let unbindable = |reason: &String| rusqlite::Error::ToSqlConversionFailure(reason.as_str().into());
        let values = self.parameters.iter();
        Ok(values
            .map(|value| value.as_ref().map_err(unbindable))
            .collect::<rusqlite::Result<_>>()?)
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
