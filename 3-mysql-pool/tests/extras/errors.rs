//! More about errors: within 5 seconds, for every server that cannot be used, and with no password in any output.

use std::time::{Duration, Instant};

use mysql_async::{Conn, Opts, OptsBuilder};
use mysql_pool::{fetch_users, with_pool};
use testkit::expect::{expect_ok, expect_word};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::failure;
use crate::own_server::check_alone;
use crate::support::{Failure, check, expect_no_password, unusable_urls};

const PASSWORD: &str = "hunter2-and-more";

/// Returns the error of a URL. It must come within five seconds and before the body, and show the password neither in
/// `Display` nor in `Debug`.
async fn refused_at_once(url: &str, password: &str) -> Failure {
    let begun = Instant::now();
    let outcome = with_pool(url, 2, async |_| -> mysql_pool::Result<()> {
        panic!("the body must not run")
    });
    let error = failure("a server that cannot be used", outcome.await);
    let took = begun.elapsed();
    // A time limit of the contract. Everything else here is fast, even on a busy machine.
    assert!(
        took < Duration::from_secs(5),
        "expected: an error within 5 seconds\nfound: one after {took:?}"
    );
    expect_no_password(&*error, password);
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
fn a_refused_connection_is_an_error_at_once_and_its_debug_output_hides_the_password() {
    let hint = "`unwrap` and a `main` that returns an error print its `Debug`: keep the password out of that, and set a time limit";
    check(hint, async |server| {
        for (url, words) in unusable_urls(server, PASSWORD) {
            let error = refused_at_once(&url, PASSWORD).await;
            expect_no_password(&*error, &server.password);
            for word in &words {
                expect_word(&*error, word);
            }
        }
        let nowhere = format!("mysql://ada:{PASSWORD}@no-such-host.invalid:3306/school");
        let error = refused_at_once(&nowhere, PASSWORD).await;
        expect_word(&*error, "no-such-host.invalid");
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
fn a_silent_server_is_an_error_within_5_seconds() {
    let hint =
        "the driver waits for the server's greeting without a limit: use `tokio::time::timeout`";
    check(hint, async |_| {
        for greeting in [&b""[..], b"HTTP/1.1 400 Bad Request\r\n\r\n"] {
            let port = listen(greeting).await;
            let url = format!("mysql://ada:{PASSWORD}@127.0.0.1:{port}/school");
            let error = refused_at_once(&url, PASSWORD).await;
            for word in ["127.0.0.1", &port.to_string(), "ada", "school"] {
                expect_word(&*error, word);
            }
        }
    });
}

#[test]
fn a_full_server_is_an_error() {
    let hint = "the server answers with an error when it has too many connections: return it";
    check_alone(hint, async |server| {
        server.sql("SET GLOBAL max_connections = 10").await;
        // The server keeps one place for an administrator, and the connection of this check takes it.
        let options = OptsBuilder::from_opts(Opts::from_url(&server.url).expect("a URL"));
        let options = options.prefer_socket(false);
        let mut crowd = Vec::new();
        while let Ok(one) = Conn::new(options.clone()).await {
            crowd.push(one);
        }
        refused_at_once(&server.url, &server.password).await;
    });
}

#[test]
fn the_error_of_an_invalid_url_shows_no_part_of_it() {
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
fn decodes_percent_encoded_names_in_the_url() {
    let hint = "quote a database's name in SQL with backticks, and double the backticks in it";
    check(hint, async |server| {
        let (odd, user) = ("it's a/school", format!("a@b:{}", &server.user));
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
            &server.user, server.port
        );
        let users = with_pool(&url, 1, async |pool| fetch_users(pool).await);
        expect_ok("users of a database with an odd name", users.await);
    });
}
