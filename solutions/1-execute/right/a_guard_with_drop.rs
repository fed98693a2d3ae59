//! Right: a guard with a hand-written `Drop` owns the connection, and `run` and `execute` work inside it.

use std::path::{Path, PathBuf};

use rusqlite::types::{ToSqlOutput, Value};
use rusqlite::{Connection, Rows, ToSql, params_from_iter};
use shared::User;
use shared::sqlite::{open, read_users};

pub use shared::sqlite::{Error, Result};

struct Session(Option<Connection>);

impl Session {
    fn enter(database: &Path) -> Result<Session> {
        Ok(Session(Some(open(database)?)))
    }

    fn connection(&self) -> &Connection {
        self.0.as_ref().expect("it is open as long as this lives")
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            let _ = connection.close();
        }
    }
}

pub struct ExecuteQuery {
    database: PathBuf,
    query: String,
    parameters: std::result::Result<Vec<Value>, String>,
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
        let values = self.values()?;
        let session = Session::enter(&self.database)?;
        let mut statement = session.connection().prepare_cached(&self.query)?;
        body(&mut statement.query(params_from_iter(values))?)
    }

    pub fn fetch_users(&self) -> Result<Vec<User>> {
        self.run(read_users)
    }

    pub fn execute(&self) -> Result<usize> {
        let values = self.values()?;
        let session = Session::enter(&self.database)?;
        let changed = session
            .connection()
            .execute(&self.query, params_from_iter(values))?;
        Ok(changed)
    }

    fn values(&self) -> Result<&[Value]> {
        match &self.parameters {
            Ok(values) => Ok(values),
            Err(reason) => {
                Err(rusqlite::Error::ToSqlConversionFailure(reason.as_str().into()).into())
            }
        }
    }
}

fn to_value(parameter: impl ToSql) -> std::result::Result<Value, String> {
    match parameter.to_sql() {
        Ok(ToSqlOutput::Borrowed(value)) => value.try_into().map_err(|error| format!("{error}")),
        Ok(ToSqlOutput::Owned(value)) => Ok(value),
        Ok(_) => Err("it is of another kind".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
