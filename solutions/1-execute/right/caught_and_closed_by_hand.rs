//! Right: the body's panic is caught and resumed, so the close stands in one place and can return its error. The
//! error is a box.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;

use rusqlite::types::{ToSqlOutput, Value};
use rusqlite::{Connection, OpenFlags, Rows, ToSql};
use shared::User;

pub type Error = Box<dyn std::error::Error + Send + Sync>;
pub type Result<T> = std::result::Result<T, Error>;

pub struct ExecuteQuery {
    database: PathBuf,
    query: String,
    parameters: Result<Vec<Value>>,
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
        self.with_connection(|connection, parameters| {
            let mut statement = connection.prepare(&self.query)?;
            let mut rows = statement.query(parameters)?;
            body(&mut rows)
        })
    }

    pub fn fetch_users(&self) -> Result<Vec<User>> {
        self.run(|rows| {
            let mut users = Vec::new();
            while let Some(row) = rows.next()? {
                let (id, name) = (row.get("id")?, row.get("name")?);
                let (email, age) = (row.get("email")?, row.get("age")?);
                users.push(User {
                    id,
                    name,
                    email,
                    age,
                });
            }
            Ok(users)
        })
    }

    pub fn execute(&self) -> Result<usize> {
        self.with_connection(|connection, parameters| {
            Ok(connection.execute(&self.query, parameters)?)
        })
    }

    fn with_connection<T>(
        &self,
        work: impl FnOnce(&Connection, &[&dyn ToSql]) -> Result<T>,
    ) -> Result<T> {
        let values = self
            .parameters
            .as_ref()
            .map_err(|error| error.to_string())?;
        let values: Vec<&dyn ToSql> = values.iter().map(|value| value as &dyn ToSql).collect();
        if !self.database.is_file() {
            return Err(format!("{} is not a file", self.database.display()).into());
        }
        let connection =
            Connection::open_with_flags(&self.database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let worked = catch_unwind(AssertUnwindSafe(|| work(&connection, &values)));
        let closed = connection.close();
        match worked {
            Ok(Ok(value)) => {
                closed.map_err(|(_, error)| error)?;
                Ok(value)
            }
            Ok(Err(error)) => Err(error),
            Err(panic) => resume_unwind(panic),
        }
    }
}

fn to_value(parameter: impl ToSql) -> Result<Value> {
    match parameter.to_sql()? {
        ToSqlOutput::Owned(value) => Ok(value),
        ToSqlOutput::Borrowed(value) => Ok(value.try_into()?),
        _ => Err("a parameter of another kind".into()),
    }
}
