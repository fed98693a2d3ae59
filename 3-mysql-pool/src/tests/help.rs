//! The help of an error, with the server that causes the error.

use std::fs;

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use shared::sample_users;
use temp_mariadb::{Options, TempServer};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::{fetch_users, with_pool};

/// A certificate of X.509 version 1 and its key, made as the manuals of MySQL and MariaDB say, but valid for a century:
/// `openssl x509 -req` without `-extfile`.
const VERSION_1: [&str; 2] = [
    "\
-----BEGIN CERTIFICATE-----
MIIBJDCBywIUOJ9wjpSf9EzGPs45RU5Ncqo03UYwCgYIKoZIzj0EAwIwFDESMBAG
A1UEAwwJMTI3LjAuMC4xMCAXDTI2MTEyODA5NDQ0MFoYDzIxMjYxMTA0MDk0NDQw
WjAUMRIwEAYDVQQDDAkxMjcuMC4wLjEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AAQvkgywowlGxMVfFIdnx1XHlhHLTmwPKgE1vdU3HZKVVlPZ5Sd9ZuAv1duSdycL
N0iUBe/y7ygIYZedwzyD3t7EMAoGCCqGSM49BAMCA0gAMEUCIFW8Q+5CFg5S9q6H
6GkjLARsIIIerXPLoz3imVZuVXKgAiEAyZrZfmFH+LQvyPL8FrZxD2WTg5XRKepx
xn7a09N3WAY=
-----END CERTIFICATE-----
",
    "\
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEILi3jBK9bliPfUFzF5F89zYjHH/w9xDKodbW4zujjWj6oAoGCCqGSM49
AwEHoUQDQgAEL5IMsKMJRsTFXxSHZ8dVx5YRy05sDyoBNb3VNx2SlVZT2eUnfWbg
L9XbkncnCzdIlAXv8u8oCGGXncM8g97exA==
-----END EC PRIVATE KEY-----
",
];

fn run<T>(test: impl Future<Output = T>) -> T {
    Runtime::new().unwrap().block_on(test)
}

/// Fetches the users over this URL. Returns the text of the error, or "fetched".
async fn said(url: &str) -> String {
    match with_pool(url, 1, async |pool| fetch_users(pool).await).await {
        Ok(users) => {
            assert_eq!(users, sample_users());
            "fetched".to_owned()
        }
        Err(error) => error.to_string(),
    }
}

fn help(said: &str) -> &str {
    said.split_once("\nhelp: ").expect(said).1
}

fn with_certificate([certificate, key]: [&str; 2]) -> (Options, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut options = TempServer::options().run(shared::schema::mysql_sample());
    for (name, text) in [("cert", certificate), ("key", key)] {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        options = options.argument(format!("--ssl-{name}={}", path.display()));
    }
    (options, folder)
}

/// Makes a self-signed certificate of version 3.
fn version_3() -> [String; 2] {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    [made.cert.pem(), made.signing_key.serialize_pem()]
}

#[test]
fn a_certificate_of_version_1_is_named_and_the_help_fits_the_url() {
    run(async {
        let (options, _folder) = with_certificate(VERSION_1);
        let server = options.start().unwrap();
        for more in ["", "&verify_identity=false", "&verify_ca=false"] {
            let said = said(&format!("{}?require_ssl=true{more}", server.url())).await;
            assert!(help(&said).contains("version 1"), "{said}");
            assert!(help(&said).contains("-extfile"), "{said}");
            assert!(!help(&said).contains("verify_"), "{said}");
        }
    });
}

#[test]
fn a_self_signed_certificate_is_accepted_as_the_help_says() {
    run(async {
        let made = version_3();
        let (options, _folder) = with_certificate([&made[0], &made[1]]);
        let server = options.start().unwrap();
        let url = format!("{}?require_ssl=true", server.url());
        let refused = said(&url).await;
        assert!(help(&refused).contains("`&verify_ca=false`"), "{refused}");
        assert_eq!(said(&format!("{url}&verify_ca=false")).await, "fetched");
    });
}

#[test]
fn a_user_that_requires_tls_is_denied_and_the_help_says_so() {
    run(async {
        let made = version_3();
        let (options, _folder) = with_certificate([&made[0], &made[1]]);
        let server = options.start().unwrap();
        let encrypted = "?require_ssl=true&verify_ca=false";
        let url = format!("{}{encrypted}", server.url());
        let mut admin = Conn::new(mysql_async::Opts::from_url(&url).unwrap())
            .await
            .unwrap();
        for statement in [
            "CREATE USER ada@'%' IDENTIFIED BY 'secret' REQUIRE SSL",
            "GRANT SELECT ON temp.* TO ada@'%'",
        ] {
            admin.query_drop(statement).await.expect(statement);
        }
        let ada = format!("mysql://ada:secret@127.0.0.1:{}/temp", server.port());
        // An account, then a whole server.
        for (url, prepare) in [
            (&ada, "DO 0"),
            (&server.url(), "SET GLOBAL require_secure_transport = ON"),
        ] {
            admin.query_drop(prepare).await.expect(prepare);
            let refused = said(url).await;
            assert!(help(&refused).contains(encrypted), "{refused}");
            assert_eq!(said(&format!("{url}{encrypted}")).await, "fetched");
        }
        // A URL that already requires TLS gets another help.
        let wrong = format!("{}{encrypted}", ada.replace("secret", "hunter2"));
        let refused = said(&wrong).await;
        assert!(
            help(&refused).contains("check the user, the password"),
            "{refused}"
        );
        assert!(!help(&refused).contains("require_ssl"), "{refused}");
    });
}

/// Like a server that looks up the name of each client, or that starts when the first client connects.
#[test]
fn the_error_of_a_slow_server_has_a_help_that_says_so() {
    run(async {
        let server = TempServer::with(shared::schema::mysql_sample()).unwrap();
        let port = server.port();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = server.url().replace(
            &format!(":{port}/"),
            &format!(":{}/", listener.local_addr().unwrap().port()),
        );
        let refused = {
            // Accepts connections only after the first client has given up.
            let said = said(&url).await;
            tokio::spawn(async move {
                while let Ok((mut client, _)) = listener.accept().await {
                    let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                    tokio::spawn(async move {
                        tokio::io::copy_bidirectional(&mut client, &mut server).await
                    });
                }
            });
            said
        };
        for words in [
            "asleep",
            "looks up the names",
            "try again",
            "`skip_name_resolve`",
        ] {
            assert!(help(&refused).contains(words), "{refused}");
        }
        assert_eq!(said(&url).await, "fetched");
    });
}
