//! A check on a server that no other check uses, so that it can kill the server and its counters are exact.
#![allow(dead_code)] // `tests/ours` uses a part of it

use std::sync::Mutex;

use mysql_async::Conn;
use mysql_async::prelude::{FromRow, Queryable};
use temp_mariadb::{Options, TempServer};
use testkit::check_on;

use crate::support::{Server, block_on, connect};

/// Runs a check on a new server. The body runs on a new runtime, which is shut down without waiting for its tasks.
pub fn check_alone(hint: &str, body: impl AsyncFnOnce(&Server) + Send + 'static) {
    check_with(TempServer::options(), hint, body);
}

/// Like [`check_alone`], on a server with these options.
pub fn check_with(options: Options, hint: &str, body: impl AsyncFnOnce(&Server) + Send + 'static) {
    let options = options.recorded().argument("--max-connections=500");
    let prepare = |seed| {
        let server = options.start().unwrap_or_else(|error| panic!("{error}"));
        Server::on(&server.url(), Some(Mutex::new(server)), seed)
    };
    check_on(hint, prepare, |server| block_on(body(server)));
}

impl Server {
    /// Returns the number of connections that the server has counted as aborted, including those of other checks.
    pub async fn aborted(&self) -> u64 {
        let query = "SHOW GLOBAL STATUS LIKE 'Aborted_clients'";
        self.value::<(String, u64)>(query).await.1
    }

    /// Returns the first row of a query that the administrator runs.
    pub async fn value<T: FromRow + Send + 'static>(&self, query: &str) -> T {
        let value = self.admin.lock().await.query_first(query).await;
        value.expect(query).expect("a row")
    }

    /// Opens the administrator's connection again.
    pub async fn look_again(&self) {
        *self.admin.lock().await = connect(&self.admin_url).await;
    }

    /// Opens one more connection as the user of the solution.
    pub async fn connect(&self) -> Conn {
        connect(&self.url).await
    }

    /// Sets a breakpoint that was released.
    pub async fn set_breakpoint_again(&self) {
        let lock = format!("{}.breakpoint", self.user);
        self.sql(&format!("DO GET_LOCK('{lock}', 1000)")).await;
    }
}
