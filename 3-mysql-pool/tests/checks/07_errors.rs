//! The error of a connection that fails names the host, the port, the user and the database, because a reader must know which
//! server was meant. It never shows the password, because errors are written to logs and copied into chats.
//!
//! Read: `mysql_async::Opts`, which splits a URL into its parts; `std::error::Error::source`. (`url.rs` and `error.rs`
//! come solved: see `Database::read` and `Error::on`.)

use std::time::{Duration, Instant};

use mysql_pool::{fetch_users, with_pool};
use temp_mariadb::TempServer;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::on_purpose;
use crate::support::{Failure, Server, check, check_alone, expect_error, expect_ok, expect_word};

const PASSWORD: &str = "hunter2-and-more";

/// Returns a port on which no program listens.
async fn unused_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await;
    let address = listener.and_then(|listener| listener.local_addr());
    address.expect("a free port").port()
}

/// Returns the error of a URL. The body requests a connection, in case `with_pool` has not.
async fn refused(url: &str) -> Failure {
    let outcome = with_pool(url, 2, async |pool| {
        let _connection = pool.get_conn().await?;
        Ok(())
    });
    expect_error("a server that cannot be used", outcome.await)
}

/// Returns URLs that do not work, and the words that their errors must contain.
async fn useless(server: &Server) -> Vec<(String, [String; 4])> {
    let (port, database) = (server.port(), server.database());
    let words = |port: u16, user: &str, database: &str| {
        [
            "127.0.0.1".to_owned(),
            port.to_string(),
            user.to_owned(),
            database.to_owned(),
        ]
    };
    let unused = unused_port().await;
    vec![
        (
            server.url().replace(&server.password(), PASSWORD),
            words(port, server.user(), &database),
        ),
        (
            server.url().replace(&database, "no_such_database"),
            words(port, server.user(), "no_such_database"),
        ),
        (
            format!("mysql://nobody:{PASSWORD}@127.0.0.1:{port}/{database}"),
            words(port, "nobody", &database),
        ),
        (
            format!("mysql://ada:{PASSWORD}@127.0.0.1:{unused}/school"),
            words(unused, "ada", "school"),
        ),
    ]
}

#[test]
fn the_error_of_a_server_that_lets_nobody_in_names_host_port_user_and_database() {
    let hint = "add host, port, user and database to the driver's error: `mysql_async::Opts` has them (here: `Error::on`)";
    check(hint, async |server| {
        for (url, words) in useless(server).await {
            let error = refused(&url).await;
            for word in &words {
                expect_word(&error, word);
            }
        }
    });
}

/// Returns the text of an error and of all its sources.
fn texts(error: &Failure) -> Vec<String> {
    let mut texts = vec![error.to_string()];
    let mut source = error.source();
    while let Some(error) = source {
        texts.push(error.to_string());
        source = error.source();
    }
    texts
}

fn expect_no_password(error: &Failure, password: &str) {
    for text in texts(error) {
        assert!(
            !text.contains(password),
            "expected: an error without the password\nfound: {text:?}"
        );
    }
}

#[test]
fn no_error_shows_the_password() {
    let hint = "do not put the URL, or the driver's `UrlError`, into a message: the password is part of both";
    check(hint, async |server| {
        for (url, _) in useless(server).await {
            let error = refused(&url).await;
            expect_no_password(&error, PASSWORD);
            expect_no_password(&error, &server.password());
        }
        for url in [
            "mysql://ada:hunter2-and-more@localhost:port/school",
            "postgres://ada:hunter2-and-more@localhost/school",
        ] {
            expect_no_password(&refused(url).await, PASSWORD);
        }
        let of_the_body = with_pool(server.url(), 1, async |_| on_purpose::<()>());
        if let Err(error) = of_the_body.await {
            expect_no_password(&error.into(), &server.password());
        }
    });
}

/// Returns the error of a URL. It must come within five seconds and before the body, and show the password neither in
/// `Display` nor in `Debug`.
async fn refused_at_once(url: &str, password: &str) -> Failure {
    let begun = Instant::now();
    let outcome = with_pool(url, 2, async |_| -> mysql_pool::Result<()> {
        panic!("the body must not run")
    });
    let error = expect_error("a server that cannot be used", outcome.await);
    let took = begun.elapsed();
    // A time limit of the contract. Everything else here is fast, even on a busy machine.
    assert!(
        took < Duration::from_secs(5),
        "expected: an error within 5 seconds\nfound: one after {took:?}"
    );
    expect_no_password(&error, password);
    let mut debug = format!("{error:?} {error:#?}");
    let mut source = error.source();
    while let Some(error) = source {
        debug += &format!("{error:?}");
        source = error.source();
    }
    assert!(
        !debug.contains(password),
        "expected: a `Debug` output without the password\nfound: {debug:?}"
    );
    error
}

#[test]
#[ignore = "extra"]
fn a_server_that_lets_nobody_in_is_an_error_at_once_in_which_nothing_holds_the_password() {
    let hint = "`unwrap` and a `main` that returns an error print its `Debug`: keep the password out of that, and set a time limit";
    check(hint, async |server| {
        for (url, words) in useless(server).await {
            let error = refused_at_once(&url, PASSWORD).await;
            expect_no_password(&error, &server.password());
            for word in &words {
                expect_word(&error, word);
            }
        }
        let nowhere = format!("mysql://ada:{PASSWORD}@no-such-host.invalid:3306/school");
        let error = refused_at_once(&nowhere, PASSWORD).await;
        expect_word(&error, "no-such-host.invalid");
    });
}

/// Listens on a port, and sends this greeting to each client.
async fn listen(greeting: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("a port").port();
    tokio::spawn(async move {
        let mut accepted = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(greeting).await;
            accepted.push(stream);
        }
    });
    port
}

#[test]
#[ignore = "extra"]
fn what_accepts_and_says_nothing_is_an_error_within_five_seconds() {
    let hint =
        "the driver waits for the server's greeting without a limit: use `tokio::time::timeout`";
    check(hint, async |_| {
        for greeting in [&b""[..], b"HTTP/1.1 400 Bad Request\r\n\r\n"] {
            let port = listen(greeting).await;
            let url = format!("mysql://ada:{PASSWORD}@127.0.0.1:{port}/school");
            let error = refused_at_once(&url, PASSWORD).await;
            for word in ["127.0.0.1", &port.to_string(), "ada", "school"] {
                expect_word(&error, word);
            }
        }
    });
}

#[test]
#[ignore = "extra"]
fn a_server_that_is_full_is_an_error() {
    let hint = "the server answers with an error when it has too many connections: return it";
    check_alone(
        hint,
        TempServer::options().run(shared::schema::mysql_sample()),
        async |server| {
            server.sql("SET GLOBAL max_connections = 10").await;
            // The server keeps one place for an administrator, and the connection of this check takes it.
            let options = mysql_async::OptsBuilder::from_opts(
                mysql_async::Opts::from_url(server.url()).expect("a URL"),
            );
            let options = options.prefer_socket(false);
            let mut crowd = Vec::new();
            while let Ok(one) = mysql_async::Conn::new(options.clone()).await {
                crowd.push(one);
            }
            refused_at_once(server.url(), &server.password()).await;
        },
    );
}

#[test]
#[ignore = "extra"]
fn a_url_that_cannot_be_read_is_an_error_that_shows_nothing_of_it() {
    let hint = "in a wrong URL, the host, the database or an option may be a part of the password: show none of them";
    check(hint, async |_| {
        for url in [
            "",
            "hunter2-and-more",
            "mysql:hunter2-and-more",
            "postgres://ada:hunter2-and-more@localhost/school",
            "mysql://ada:hunter2-and-more@localhost:port/school",
            "mysql://ada:hunter2-and-more@localhost:99999/school",
            "mysql://ada:hunter2-and-more@/school",
            "mysql://ada:hunter2-and-more",
            // Without percent-encoding, these characters end the host too early.
            "mysql://ada:1/hunter2-and-more@localhost/school",
            "mysql://ada:1?hunter2-and-more@localhost/school",
            "mysql://ada:1#hunter2-and-more@localhost/school",
            "mysql://ada:x/hunter2-and-more@localhost/school",
            "mysql://ada:hunter2-and-more@localhost/school?no_such_option=1",
            "mysql://ada@localhost/school?pool_min=hunter2-and-more",
            "mysql://ada:hunter2-and-more@localhost/school?pool_min=3&pool_max=2",
        ] {
            refused_at_once(url, "hunter2").await;
        }
    });
}

#[test]
#[ignore = "extra"]
fn names_with_special_characters_are_percent_encoded_in_the_url() {
    let hint = "quote a database's name in SQL with backticks, and double the backticks in it";
    check(hint, async |server| {
        let (odd, user) = ("it's a/school", format!("a@b:{}", server.user()));
        for statement in [
            format!("CREATE DATABASE `{odd}`"),
            format!("CREATE TABLE `{odd}`.users AS SELECT * FROM users"),
            format!("CREATE USER '{user}'@'%' IDENTIFIED BY 'p@ss/w:rd?#%'"),
            format!("GRANT ALL ON `{odd}`.* TO '{user}'@'%'"),
        ] {
            server.sql(&statement).await;
        }
        let url = format!(
            "mysql://a%40b%3A{}:p%40ss%2Fw%3Ard%3F%23%25@127.0.0.1:{}/it%27s%20a%2Fschool",
            server.user(),
            server.port()
        );
        let users = with_pool(&url, 1, async |pool| fetch_users(pool).await);
        expect_ok("users of a database with an odd name", users.await);
    });
}
