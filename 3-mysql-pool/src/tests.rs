//! Tests of what this solution does beyond the checks: the text of its errors, and work that it saves.

mod help;

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::future::join_all;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use shared::files::private_folder;
use temp_mariadb::TempServer;
use tokio::runtime::Runtime;

use crate::kill::plain;
use crate::{Error, ErrorKind, fetch_concurrently, fetch_users, with_pool};

fn run<T>(test: impl Future<Output = T>) -> T {
    let limited = async { tokio::time::timeout(Duration::from_secs(60), test).await };
    Runtime::new()
        .unwrap()
        .block_on(limited)
        .expect("a test that ends")
}

#[test]
fn every_error_is_a_message_and_a_line_of_help() {
    let server = |code, message: &str| {
        mysql_async::Error::Server(mysql_async::ServerError {
            code,
            message: message.into(),
            state: "HY000".into(),
        })
    };
    let certificate = std::io::Error::other("invalid peer certificate: UnknownIssuer");
    let errors: [(Error, &str); 13] = [
        (ErrorKind::NoConnections.into(), "1 connection or more"),
        (
            ErrorKind::Url(shared::mysql::Unusable::unreadable("it is too short")).into(),
            "mysql://user:password@host:port/database",
        ),
        (ErrorKind::NoRuntime.into(), "tokio::main"),
        (
            ErrorKind::NoAnswer.into(),
            "did not answer within 4 seconds",
        ),
        (ErrorKind::StillOut.into(), "still in use 5 seconds after"),
        (ErrorKind::Cancelled.into(), "cancelled"),
        (ErrorKind::NotStopped.into(), "its connection was cut"),
        (
            server(1045, "Access denied for user 'ada'@'localhost'").into(),
            "check the user, the password",
        ),
        (
            server(1146, "Table 'school.users' doesn't exist").into(),
            "seed --database URL",
        ),
        (
            server(1317, "Query execution was interrupted").into(),
            "1317",
        ),
        (
            mysql_async::Error::from(certificate).into(),
            "verify_ca=false",
        ),
        (
            mysql_async::DriverError::NoClientSslFlagFromServer.into_error(),
            "require_ssl=true",
        ),
        (
            mysql_async::Error::Other("as the body says".into()).into(),
            "as the body says",
        ),
    ];
    for (error, words) in errors {
        let text = error.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            matches!(lines[..], [message, help] if !message.is_empty() && help.starts_with("help: ")),
            "{text}"
        );
        assert!(text.contains(words), "{text}");
    }
}

/// Converts the driver's error to ours in two steps.
trait IntoError {
    fn into_error(self) -> Error;
}

impl IntoError for mysql_async::DriverError {
    fn into_error(self) -> Error {
        mysql_async::Error::from(self).into()
    }
}

#[test]
fn a_value_that_does_not_fit_is_shown_with_its_column_and_row() {
    run(async {
        let server = TempServer::with(shared::schema::mysql_sample()).unwrap();
        let error = with_pool(&server.url(), 1, async |pool| {
            let mut connection = pool.get_conn().await?;
            connection
                .query_drop("ALTER TABLE users MODIFY age VARCHAR(20) NULL")
                .await?;
            connection
                .query_drop("UPDATE users SET age = 'forty' WHERE id = 3")
                .await?;
            drop(connection);
            fetch_users(pool).await
        })
        .await
        .unwrap_err();
        let text = error.to_string();
        // Row 1 does not fit either, because the whole column is text now.
        assert!(
            text.contains("the column `age` of the row with id 1 is not a whole number"),
            "{text}"
        );
        assert!(text.contains(&format!(
            "(database `temp` at 127.0.0.1:{}, as user `temp`)",
            server.port()
        )));
    });
}

#[test]
fn what_fails_after_the_body_is_part_of_the_bodys_error() {
    let body: Error = mysql_async::Error::Other("as the body says".into()).into();
    let text = body.and(Some(ErrorKind::StillOut.into())).to_string();
    assert!(
        text.starts_with("as the body says; and then: a connection of the pool was still in use"),
        "{text}"
    );
}

#[test]
fn outside_a_runtime_it_is_an_error_and_no_panic() {
    let mut future = pin!(with_pool("mysql://ada@localhost/school", 1, async |_| Ok(
        ()
    )));
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(Err(error)) = future.as_mut().poll(&mut context) else {
        panic!("no error")
    };
    assert!(matches!(error.kind(), ErrorKind::NoRuntime));
}

/// Our fetches skip the reset because they leave nothing behind. So the connection keeps its prepared statements.
#[test]
fn a_fetch_is_prepared_once_for_each_connection() {
    run(async {
        let server = TempServer::with(shared::schema::mysql_sample()).unwrap();
        let url = server.url();
        let prepared = with_pool(&url, 1, async |pool| {
            for _ in 0..50 {
                fetch_users(pool).await?;
            }
            let mut connection = pool.get_conn().await?;
            let status: Option<(String, u64)> = connection
                .query_first("SHOW GLOBAL STATUS LIKE 'Com_stmt_prepare'")
                .await?;
            Ok(status.unwrap().1)
        });
        assert_eq!(prepared.await.unwrap(), 1);
    });
}

/// A reset does not restore the default database.
#[test]
fn another_default_database_is_not_seen_by_the_next_user() {
    run(async {
        let server = TempServer::with(shared::schema::mysql_sample()).unwrap();
        let url = server.url();
        let users = with_pool(&url, 1, async |pool| {
            pool.get_conn().await?.query_drop("USE mysql").await?;
            fetch_users(pool).await
        });
        assert_eq!(users.await.unwrap().len(), 12);
    });
}

/// The driver would connect by TCP, read the socket's path, and connect there again. A user that may not use the socket
/// would be refused each time, on the pool's connections and on the one that kills.
#[test]
fn no_connection_is_refused_at_the_socket() {
    run(async {
        // An absolute path, which the driver would find. The temporary server's default is relative.
        let folder = private_folder().unwrap();
        let socket = format!("--socket={}/socket", folder.path().display());
        let server = TempServer::options()
            .run(shared::schema::mysql_sample())
            .argument(socket)
            .start()
            .unwrap();
        let options = mysql_async::Opts::from_url(&server.url()).unwrap();
        let mut admin = Conn::new(plain(options)).await.unwrap();
        for statement in [
            "CREATE USER ada@'127.0.0.1' IDENTIFIED BY 'secret'",
            "GRANT ALL ON temp.* TO ada@'127.0.0.1'",
            // Long enough to be killed.
            "RENAME TABLE users TO people",
            "CREATE VIEW users AS SELECT id + SLEEP(1000) AS id, name, email, age FROM people",
        ] {
            admin.query_drop(statement).await.unwrap();
        }
        let url = format!("mysql://ada:secret@127.0.0.1:{}/temp", server.port());
        with_pool(&url, 2, async |pool| {
            let runs = async {
                let sleeping =
                    "SELECT COUNT(*) FROM information_schema.processlist WHERE state = 'User sleep'";
                while admin.query_first(sleeping).await.unwrap() != Some(2) {}
            };
            tokio::select! {
                result = fetch_concurrently(pool, 40) => panic!("fetched too fast: {result:?}"),
                () = runs => Ok(()),
            }
        })
        .await
        .unwrap();
        let aborted: Option<(String, u64)> = admin
            .query_first("SHOW GLOBAL STATUS LIKE 'Aborted_connects'")
            .await
            .unwrap();
        assert_eq!(aborted.unwrap().1, 0);
    });
}

/// A greeting that is cut off counts as aborted too, although no statement has been begun.
#[test]
fn a_first_connection_whose_caller_is_gone_sends_com_quit() {
    run(async {
        let server = TempServer::with(shared::schema::mysql_sample()).unwrap();
        let url = server.url();
        let options = mysql_async::Opts::from_url(&url).unwrap();
        let mut admin = Conn::new(plain(options)).await.unwrap();
        let mut status = async |name: &str| -> u64 {
            let row: Option<(String, u64)> = admin
                .query_first(format!("SHOW GLOBAL STATUS LIKE '{name}'"))
                .await
                .unwrap();
            row.unwrap().1
        };
        for _ in 0..10 {
            let tasks = || {
                tokio::runtime::Handle::current()
                    .metrics()
                    .num_alive_tasks()
            };
            let before = tasks();
            let whole = with_pool(&url, 1, async |pool| fetch_users(pool).await);
            let _ = tokio::time::timeout(std::time::Duration::ZERO, whole).await;
            // The pool may be closed before its first connection is opened. Then there is nothing to wait for on the server.
            while tasks() > before || status("Threads_connected").await > 1 {
                tokio::task::yield_now().await;
            }
        }
        assert_eq!(
            [
                status("Aborted_clients").await,
                status("Aborted_connects").await
            ],
            [0, 0]
        );
    });
}

/// The kernel of a busy server forgets connections for which its queue has no place. They must not wait for a greeting
/// forever.
#[test]
fn no_connection_waits_forever_when_the_servers_queue_is_full() {
    run(async {
        let server = TempServer::options()
            .run(shared::schema::mysql_sample())
            .argument("--back-log=1")
            .start()
            .unwrap();
        let url = server.url();
        let worked = with_pool(&url, 150, async |pool| {
            let opened = join_all((0..150).map(|_| pool.get_conn())).await;
            Ok(opened.iter().any(|connection| connection.is_ok()))
        });
        assert!(worked.await.unwrap());
    });
}

#[test]
fn the_driver_knows_every_option_of_a_url_that_passes_the_check() {
    for option in shared::mysql::OPTIONS {
        let read = mysql_async::Opts::from_url(&format!("mysql://localhost/school?{option}=1"));
        let is_unknown = matches!(read, Err(mysql_async::UrlError::UnknownParameter { .. }));
        assert!(!is_unknown, "{option}");
    }
}
