//! The error of a connection that fails names the host, the port, the user and the database, because a reader must know which
//! server was meant. It never shows the password, because errors are written to logs and copied into chats. The library
//! prints nothing. A line that a library prints ends up between the lines of the program's JSON, which then cannot be read.
//!
//! Read: `mysql_async::Opts`, which splits a URL into its parts; `std::error::Error::source`. (`url.rs` and `error.rs`
//! come solved: see `Database::read` and `Error::on`.)

use std::time::Duration;

use mysql_pool::{Result, fetch_users, with_pool};
use testkit::expect::{expect_error, expect_word};
use testkit::{attempt, expect_quiet};
use tokio::time::timeout;

use crate::support::{
    Failure, Server, check, check_on_a_thread, expect_no_password, on_purpose, runtime,
    unusable_urls,
};

/// Returns the error of a URL. The body requests a connection, in case `with_pool` has not.
async fn refused(url: &str) -> Failure {
    let outcome = with_pool(url, 2, async |pool| Ok(pool.get_conn().await?.id()));
    expect_error("a server that cannot be used", outcome.await).into()
}

#[test]
fn a_connection_error_names_host_port_user_and_database() {
    let hint = "add host, port, user and database to the driver's error: `mysql_async::Opts` has them (here: `Error::on`)";
    check(hint, async |server| {
        for (url, words) in unusable_urls(server, "hunter2") {
            let error = refused(&url).await;
            for word in words {
                expect_word(&*error, &word);
            }
        }
    });
}

#[test]
fn no_error_shows_the_password() {
    let hint = "do not put the URL, or the driver's `UrlError`, into a message: the password is part of both";
    check(hint, async |server| {
        for (url, _) in unusable_urls(server, "hunter2") {
            let error = refused(&url).await;
            expect_no_password(&*error, "hunter2");
            expect_no_password(&*error, &server.password);
        }
        for url in [
            "mysql://ada:hunter2@localhost:port/school",
            "postgres://ada:hunter2@localhost/school",
        ] {
            expect_no_password(&*refused(url).await, "hunter2");
        }
        let of_the_body = with_pool(&server.url, 1, async |_| on_purpose::<()>());
        if let Err(error) = of_the_body.await {
            expect_no_password(&*Failure::from(error), &server.password);
        }
    });
}

/// Calls every function of the library, with success and with errors.
async fn use_everything(server: &Server) {
    let _ = with_pool(&server.url, 2, async |pool| {
        let _ = timeout(Duration::ZERO, fetch_users(pool)).await;
        on_purpose::<()>()
    })
    .await;
    refused(&server.url.replace(&server.password, "another")).await;
    let _ = server.fetch_all_lists(40).await;
    server.sql("DROP TABLE users").await;
    let _ = server.fetch_users().await;
    let _ = server.fetch_concurrently(40).await;
}

#[test]
fn the_library_prints_nothing() {
    let hint = "remove `println!`, `eprintln!` and `dbg!` from the library; look at every `impl Drop` as well";
    check_on_a_thread(hint, |server| {
        let this = "errors::the_library_prints_nothing";
        expect_quiet(this, &[], || {
            attempt(|| runtime().block_on(use_everything(server)));
            attempt(|| -> Result<()> {
                runtime().block_on(with_pool(&server.url, 1, async |_| panic!("on purpose")))
            });
        });
        // The process above cannot show a panic, so it is repeated here.
        attempt(|| runtime().block_on(server.fetch_users()));
    });
}
