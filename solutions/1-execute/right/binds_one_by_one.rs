//! Right: the values are counted and then bound one by one. It has an own error type.

use std::fmt;
use std::path::PathBuf;

use rusqlite::types::{ToSqlOutput, Value};
use rusqlite::{Connection, OpenFlags, Rows, Statement, ToSql};
use shared::User;

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug)]
pub enum Error {
    NoSuchFile(PathBuf),
    Parameters { given: usize, expected: usize },
    Unbindable(String),
    Sqlite(rusqlite::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NoSuchFile(path) => write!(f, "there is no file {}", path.display()),
            Error::Parameters { given, expected } => {
                write!(
                    f,
                    "the query wants {expected} parameters and was given {given}"
                )
            }
            Error::Unbindable(reason) => write!(f, "a parameter cannot be bound: {reason}"),
            Error::Sqlite(error) => write!(f, "SQLite: {error}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        Error::Sqlite(error)
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
        let connection = self.open()?;
        let mut statement = self.bound(&connection)?;
        body(&mut statement.raw_query())
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
        let connection = self.open()?;
        Ok(self.bound(&connection)?.raw_execute()?)
    }

    fn open(&self) -> Result<Connection> {
        if !self.database.is_file() {
            return Err(Error::NoSuchFile(self.database.clone()));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
        Ok(Connection::open_with_flags(&self.database, flags)?)
    }

    fn bound<'c>(&self, connection: &'c Connection) -> Result<Statement<'c>> {
        let values = self
            .parameters
            .as_ref()
            .map_err(|reason| Error::Unbindable(reason.clone()))?;
        let mut statement = connection.prepare(&self.query)?;
        let (given, expected) = (values.len(), statement.parameter_count());
        if given != expected {
            return Err(Error::Parameters { given, expected });
        }
        for (index, value) in values.iter().enumerate() {
            statement.raw_bind_parameter(index + 1, value)?;
        }
        Ok(statement)
    }
}

fn to_value(parameter: impl ToSql) -> std::result::Result<Value, String> {
    match parameter.to_sql() {
        Ok(ToSqlOutput::Borrowed(value)) => {
            Value::try_from(value).map_err(|error| error.to_string())
        }
        Ok(ToSqlOutput::Owned(value)) => Ok(value),
        Ok(_) => Err("it is of a kind that cannot be kept".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
