//! A connection that is closed on every way out. In a new project: `cargo add smol`, add `scope` to `Cargo.toml`, and put
//! this into `src/main.rs`.

use std::io::Error;
use std::time::Duration;

use scope::{ScopeError, Scopes};

struct Connection;

impl Connection {
    async fn open() -> Result<Connection, Error> {
        Ok(Connection)
    }

    async fn send(&mut self, _text: &str) -> Result<(), Error> {
        Ok(())
    }

    async fn close(self) -> Result<(), Error> {
        Ok(())
    }
}

async fn with_connection<T>(
    scopes: &Scopes,
    body: impl AsyncFnOnce(&mut Connection) -> Result<T, Error>,
) -> Result<T, ScopeError<Error>> {
    scopes
        .run(Connection::open(), body, Connection::close)
        .await
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let scopes = Scopes::new(|release| smol::spawn(release).detach());
    smol::block_on(async {
        with_connection(&scopes, async |connection| connection.send("hello").await).await?;
        scopes
            .wait(smol::Timer::after(Duration::from_secs(5)))
            .await?;
        Ok(())
    })
}
