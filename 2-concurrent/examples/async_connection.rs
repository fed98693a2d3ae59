//! A connection whose opening and closing are awaited, and when it closes after success, an error, a panic and a cancel.
//!
//! ```python
//! class AsyncConnection:                              @asynccontextmanager
//!     async def __aenter__(self):                     async def connection():
//!         print("Opening connection...")                  print("Opening connection...")
//!         await asyncio.sleep(1)                          await asyncio.sleep(1)
//!         print("Connection opened.")                     print("Connection opened.")
//!         return "Connected"                              try:
//!     async def __aexit__(self, *exception):                  yield "Connected"
//!         print("Closing connection...")                  finally:
//!         await asyncio.sleep(1)                              print("Closing connection...")
//!         print("Connection closed.")                         await asyncio.sleep(1)
//!                                                             print("Connection closed.")
//! async with AsyncConnection() as connection:
//!     print(f"Using connection: {connection}")        # the same with `connection()`
//! ```
//!
//! In Rust the two are not the same. A type can have `open` and `close` methods that the caller awaits. But `close` is
//! skipped by a `?`, by a panic, and when the future is dropped, and `Drop` cannot await. A function that takes the body
//! can close in every case: look at the place of "Connection closed." when the body fails, panics, and is cancelled. In the
//! last case it comes after the caller has continued. (In Python it comes before: a cancelled asyncio task continues until it has
//! closed.) In Rust a dropped future cannot continue, so a new Tokio task closes the connection, and the program awaits `wait` at
//! its end.

use std::future::pending;
use std::io;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_lite::FutureExt;
use scope::{ScopeError, Scopes};
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};

type Error = Box<dyn std::error::Error + Send + Sync>;

const A_WHILE: Duration = Duration::from_millis(500);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lesson().await
}

struct Connection {
    is_open: bool,
}

impl Connection {
    async fn open() -> io::Result<Connection> {
        println!("Opening connection...");
        sleep(A_WHILE).await;
        println!("Connection opened.");
        Ok(Connection { is_open: true })
    }

    fn status(&self) -> &str {
        "Connected"
    }

    async fn close(mut self) -> io::Result<()> {
        println!("Closing connection...");
        sleep(A_WHILE).await;
        println!("Connection closed.");
        self.is_open = false;
        Ok(())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.is_open {
            println!("Dropped while it is open: a drop cannot await.");
        }
    }
}

/// Opens, uses and closes the connection in one function.
async fn use_the_type() -> io::Result<()> {
    let connection = Connection::open().await?;
    println!("Using connection: {}", connection.status());
    sleep(A_WHILE).await; // if the future is dropped here, the next line does not run
    connection.close().await
}

/// Opens the connection, runs the body, and closes it in every case.
async fn with_connection<T>(
    scopes: &Scopes,
    body: impl AsyncFnOnce(&mut Connection) -> io::Result<T>,
) -> Result<T, ScopeError<io::Error>> {
    scopes
        .run(Connection::open(), body, Connection::close)
        .await
}

pub async fn lesson() -> Result<(), Error> {
    // Closes in a new Tokio task if the future is dropped.
    let runtime = Handle::current();
    let scopes = Scopes::new(move |closing| drop(runtime.spawn(closing)));
    let use_it = async |connection: &mut Connection| {
        println!("Using connection: {}", connection.status());
        Ok(())
    };

    println!("--- the type");
    use_the_type().await?;
    println!("--- the function");
    with_connection(&scopes, use_it).await?;

    println!("--- the type is cancelled");
    let outcome = timeout(A_WHILE * 3 / 2, use_the_type()).await;
    println!("the caller goes on, cancelled: {}", outcome.is_err());

    println!("--- the function's body fails");
    let fail = async |_: &mut Connection| io::Result::<()>::Err(io::Error::other("no such table"));
    let outcome = with_connection(&scopes, fail).await;
    println!(
        "the caller goes on: {:?}",
        outcome.map_err(|error| error.to_string())
    );

    println!("--- the function's body panics");
    let panic = async |_: &mut Connection| -> io::Result<()> { panic!("a bug") };
    let outcome = AssertUnwindSafe(with_connection(&scopes, panic))
        .catch_unwind()
        .await;
    println!(
        "the panic goes on: {:?}",
        outcome.unwrap_err().downcast_ref::<&str>()
    );

    println!("--- the function's body is cancelled");
    let hang = async |_: &mut Connection| pending::<io::Result<()>>().await;
    let outcome = timeout(A_WHILE * 3 / 2, with_connection(&scopes, hang)).await;
    println!("the caller goes on, cancelled: {}", outcome.is_err());
    scopes.wait(sleep(Duration::from_secs(5))).await?;
    println!("all scopes have ended");
    Ok(())
}
