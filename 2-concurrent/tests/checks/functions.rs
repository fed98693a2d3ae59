//! The functions of `src/lib.rs`, as futures that own everything, so that another thread can run them.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use recorder::timeline::Statement;
use rusqlite::Connection;
use shared::User;

/// An error of the solution, of any type that becomes a [`std::error::Error`].
#[derive(Debug)]
pub struct Failure(Box<dyn Error + Send + Sync>);

pub type Outcome<T> = Result<T, Failure>;

/// One of the functions, without its output.
pub type Function = fn(&Path) -> Pin<Box<dyn Future<Output = Outcome<()>> + Send>>;

/// The functions that run one query. The body of `with_connection` reads the users as well.
pub const ONE_QUERY: [Function; 3] = [
    |database| {
        let work = users(database);
        Box::pin(async { work.await.map(drop) })
    },
    |database| {
        let work = older_users(database, YOUNG);
        Box::pin(async { work.await.map(drop) })
    },
    |database| {
        Box::pin(with_connection(database, |connection| {
            let mut statement = connection.prepare("SELECT name FROM users")?;
            let mut rows = statement.query([])?;
            while rows.next()?.is_some() {}
            Ok(())
        }))
    },
];

/// `fetch_concurrently`.
const TWO_QUERIES: Function = |database| {
    let work = concurrently(database, YOUNG);
    Box::pin(async { work.await.map(drop) })
};

/// All four functions.
pub const FUNCTIONS: [Function; 4] = [ONE_QUERY[0], ONE_QUERY[1], ONE_QUERY[2], TWO_QUERIES];

/// Most users are older than this age.
const YOUNG: u32 = 0;

pub fn users(database: &Path) -> impl Future<Output = Outcome<Vec<User>>> + Send + use<> {
    let database = database.to_owned();
    async move { Ok(concurrent::async_fetch_users(&database).await?) }
}

pub fn older_users(
    database: &Path,
    age: u32,
) -> impl Future<Output = Outcome<Vec<User>>> + Send + use<> {
    let database = database.to_owned();
    async move { Ok(concurrent::async_fetch_older_users(&database, age).await?) }
}

pub fn concurrently(
    database: &Path,
    older_than: u32,
) -> impl Future<Output = Outcome<(Vec<User>, Vec<User>)>> + Send + use<> {
    let database = database.to_owned();
    async move { Ok(concurrent::fetch_concurrently(&database, older_than).await?) }
}

pub fn with_connection<T: Send + 'static, B>(
    database: &Path,
    body: B,
) -> impl Future<Output = Outcome<T>> + Send + use<T, B>
where
    B: FnOnce(&Connection) -> concurrent::Result<T> + Send + 'static,
{
    // Boxed, so that the solution's function is compiled once for each type and not for each body.
    run_body(database.to_owned(), Box::new(body))
}

type Body<T> = Box<dyn FnOnce(&Connection) -> concurrent::Result<T> + Send>;

async fn run_body<T: Send + 'static>(database: PathBuf, body: Body<T>) -> Outcome<T> {
    Ok(concurrent::with_connection(&database, body).await?)
}

/// Returns whether a statement names the table `users`.
pub fn asks_for_users(statement: &Statement) -> bool {
    statement.sql.to_lowercase().contains("users")
}

/// Returns an error for a body. Its text contains "on purpose".
pub fn on_purpose() -> concurrent::Error {
    rusqlite::Error::InvalidColumnName("failed on purpose".to_owned()).into()
}

impl From<concurrent::Error> for Failure {
    fn from(error: concurrent::Error) -> Failure {
        Failure(error.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}
