//! Servers that cannot be used, and URLs that cannot be read: an error in bounded time that says which server it was,
//! and nowhere the password.

mod support;

use std::error::Error as _;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_pool::{Error, fetch_users, with_pool};
use support::{Database, run};
use tokio::net::TcpListener;

const PASSWORD: &str = "hunter2-and-more";

/// What is wrong with a URL, found within five seconds and without its password; the error's text.
async fn refused(url: &str, password: &str) -> String {
    let begun = Instant::now();
    let error = with_pool(url, 2, async |_| -> Result<(), Error> {
        panic!("the body must not run")
    })
    .await
    .unwrap_err();
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "after {:?}",
        begun.elapsed()
    );
    let mut texts = vec![error.to_string(), format!("{error:?}"), format!("{error:#?}")];
    let mut source = error.source();
    while let Some(error) = source {
        texts.extend([error.to_string(), format!("{error:?}")]);
        source = error.source();
    }
    for text in &texts {
        assert!(!text.contains(password), "{text}");
    }
    texts.swap_remove(0)
}

/// Host, port, user and database are all there.
fn names(error: &str, port: u16, user: &str, database: &str) {
    for part in ["127.0.0.1", &port.to_string(), user, database] {
        assert!(error.contains(part), "no {part} in {error}");
    }
}

#[test]
fn a_wrong_password_is_an_error_that_does_not_show_it() {
    run(async {
        let database = Database::create().await;
        let url = database.url.replace(&database.password(), PASSWORD);
        let error = refused(&url, PASSWORD).await;
        names(&error, database.port(), "throwaway", "test_");
    });
}

#[test]
fn an_unknown_user_is_an_error() {
    run(async {
        let database = Database::create().await;
        let url = database.url.replace("mysql://throwaway:", "mysql://nobody:");
        let error = refused(&url, &database.password()).await;
        names(&error, database.port(), "nobody", "test_");
    });
}

#[test]
fn an_unknown_database_is_an_error() {
    run(async {
        let database = Database::create().await;
        let url = format!("{}/no_such_database", database.url.rsplit_once('/').unwrap().0);
        let error = refused(&url, &database.password()).await;
        names(&error, database.port(), "throwaway", "no_such_database");
    });
}

#[test]
fn no_server_is_an_error() {
    run(async {
        // Bound and let go: nobody listens there.
        let port = TcpListener::bind("127.0.0.1:0")
            .await
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let error = refused(
            &format!("mysql://ada:{PASSWORD}@127.0.0.1:{port}/school"),
            PASSWORD,
        )
        .await;
        names(&error, port, "ada", "school");
    });
}

#[test]
fn a_host_that_does_not_exist_is_an_error() {
    run(async {
        let error = refused(
            &format!("mysql://ada:{PASSWORD}@no-such-host.invalid:3306/school"),
            PASSWORD,
        )
        .await;
        assert!(error.contains("no-such-host.invalid"), "{error}");
    });
}

#[test]
fn a_server_that_accepts_and_says_nothing_is_an_error_within_five_seconds() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let silent = tokio::spawn(async move {
            let mut accepted = Vec::new();
            while let Ok(stream) = listener.accept().await {
                accepted.push(stream);
            }
        });
        let error = refused(
            &format!("mysql://ada:{PASSWORD}@127.0.0.1:{port}/school"),
            PASSWORD,
        )
        .await;
        names(&error, port, "ada", "school");
        silent.abort();
    });
}

#[test]
fn something_that_is_no_database_server_is_an_error() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let other = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    .await;
            }
        });
        let error = refused(
            &format!("mysql://ada:{PASSWORD}@127.0.0.1:{port}/school"),
            PASSWORD,
        )
        .await;
        names(&error, port, "ada", "school");
        other.abort();
    });
}

#[test]
fn a_server_that_is_full_is_an_error() {
    run(async {
        // The last --max-connections counts. One is the test's own, and one more is kept for administrators.
        let options = shared::mariadb::Throwaway::options();
        let mut database = Database::on_server_with(options).await;
        database
            .sql("CREATE USER crowd@'%' IDENTIFIED BY 'secret-of-all'")
            .await;
        database.sql("SET GLOBAL max_connections = 10").await;
        let mut crowd = Vec::new();
        let url = format!("mysql://crowd:secret-of-all@127.0.0.1:{}", database.port());
        while let Ok(one) = mysql_async::Conn::from_url(format!("{url}?prefer_socket=false")).await {
            crowd.push(one);
        }
        refused(&url, "secret-of-all").await;
    });
}

#[test]
fn a_url_that_cannot_be_read_is_an_error_that_shows_nothing_of_it() {
    run(async {
        for url in [
            "",
            "hunter2-and-more",
            "mysql:hunter2-and-more",
            "postgres://ada:hunter2-and-more@localhost/school",
            "mysql://ada:hunter2-and-more@localhost:port/school",
            "mysql://ada:hunter2-and-more@localhost:99999/school",
            "mysql://ada:hunter2-and-more@/school",
            "mysql://ada:hunter2-and-more",
            // Not percent-encoded, these end the host too soon.
            "mysql://ada:1/hunter2-and-more@localhost/school",
            "mysql://ada:1?hunter2-and-more@localhost/school",
            "mysql://ada:1#hunter2-and-more@localhost/school",
            "mysql://ada:x/hunter2-and-more@localhost/school",
            "mysql://ada:hunter2-and-more@localhost/school?no_such_option=1",
            "mysql://ada@localhost/school?pool_min=hunter2-and-more",
            "mysql://ada:hunter2-and-more@localhost/school?pool_min=3&pool_max=2",
        ] {
            refused(url, "hunter2").await;
        }
    });
}

#[test]
fn names_with_special_characters_are_percent_encoded_in_the_url() {
    run(async {
        let mut database = Database::create().await;
        database.sql("CREATE DATABASE `it's a/school`").await;
        database
            .sql("CREATE TABLE `it's a/school`.users AS SELECT * FROM users")
            .await;
        database
            .sql("CREATE OR REPLACE USER 'a@b:c'@'%' IDENTIFIED BY 'p@ss/w:rd?#%'")
            .await;
        database.sql("GRANT ALL ON *.* TO 'a@b:c'@'%'").await;
        let url = format!(
            "mysql://a%40b%3Ac:p%40ss%2Fw%3Ard%3F%23%25@127.0.0.1:{}/it%27s%20a%2Fschool",
            database.port()
        );
        let users = with_pool(&url, 1, async |pool| fetch_users(pool).await)
            .await
            .unwrap();
        assert_eq!(users.len(), 12);
    });
}

#[test]
fn an_error_of_the_body_names_the_database_too() {
    run(async {
        let database = Database::create().await;
        let error = with_pool(&database.url, 1, async |pool| {
            pool.get_conn().await?.query_drop("SELECT nonsense").await?;
            Ok(())
        })
        .await
        .unwrap_err();
        names(&error.to_string(), database.port(), "throwaway", "test_");
    });
}

#[test]
fn an_error_is_what_the_traits_of_errors_ask_for() {
    fn check<T: Send + Sync + 'static + Into<Box<dyn std::error::Error + Send + Sync>>>() {}
    check::<Error>();
    fn from_the_driver(error: mysql_async::Error) -> Error {
        error.into()
    }
    let other = mysql_async::Error::Other("as the test asked".into());
    assert!(from_the_driver(other).to_string().contains("as the test asked"));
}
