//! Encrypted connections: `?require_ssl=true`, with a server whose certificate was made for the test. The driver does the
//! work. The tests prove that the URL's options reach it.

use std::fs;

use mysql_async::prelude::Queryable;
use mysql_pool::{fetch_concurrently, with_pool};
use shared::files::private_folder;
use temp_mariadb::{Options, TempServer};

use testkit::expect::{expect_error, expect_ok};

use crate::own_server::check_with;
use crate::support::Process;

/// Returns options for a server with a self-signed certificate for this name, and the folder of the certificate.
fn server_named(name: &str) -> (Options, tempfile::TempDir) {
    let folder = private_folder().expect("a temporary folder");
    let certified = rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
    let (certificate, key) = (
        folder.path().join("certificate.pem"),
        folder.path().join("key.pem"),
    );
    fs::write(&certificate, certified.cert.pem()).expect("a written certificate");
    fs::write(&key, certified.signing_key.serialize_pem()).expect("a written key");
    let options = TempServer::options()
        .run(shared::schema::mysql_sample())
        .argument(format!("--ssl-cert={}", certificate.display()))
        .argument(format!("--ssl-key={}", key.display()));
    (options, folder)
}

async fn cipher(url: &str) -> mysql_pool::Result<String> {
    with_pool(url, 2, async |pool| {
        fetch_concurrently(pool, 40).await?;
        let mut connection = pool.get_conn().await?;
        let cipher: Option<(String, String)> = connection
            .query_first("SHOW STATUS LIKE 'Ssl_cipher'")
            .await?;
        Ok(cipher.expect("a row").1)
    })
    .await
}

#[test]
fn with_verify_ca_false_the_connection_is_encrypted_with_any_certificate() {
    let hint = "pass every option of the URL on to the driver";
    let (options, folder) = server_named("127.0.0.1");
    check_with(options, hint, async move |server| {
        let _folder = folder;
        let plain = expect_ok(
            "a connection that is not encrypted",
            cipher(&server.url).await,
        );
        assert_eq!(plain, "", "not asked for");
        let before = server.aborted().await;
        let url = format!("{}?require_ssl=true&verify_ca=false", &server.url);
        let cipher = expect_ok("a connection that is encrypted", cipher(&url).await);
        assert!(cipher.starts_with("TLS_"), "{cipher}");
        // The end of TLS must not hide the `COM_QUIT`.
        server.until_no_connection_is_left("after with_pool").await;
        assert_eq!(server.aborted().await, before);
    });
}

#[test]
fn a_self_signed_certificate_is_an_error() {
    let hint = "pass every option of the URL on to the driver";
    let (options, folder) = server_named("127.0.0.1");
    check_with(options, hint, async move |server| {
        let _folder = folder;
        for more in ["", "&verify_identity=false", "&built_in_roots=true"] {
            let url = format!("{}?require_ssl=true{more}", &server.url);
            let error = expect_error("a self-signed certificate", cipher(&url).await).to_string();
            assert!(error.contains(&server.port.to_string()), "{error}");
            assert!(!error.contains(&server.password), "{error}");
        }
    });
}

#[test]
fn a_server_without_a_certificate_is_an_error() {
    let hint = "if the URL requires encryption, an unencrypted connection is an error";
    let options = TempServer::options()
        .run(shared::schema::mysql_sample())
        .argument("--skip-ssl");
    check_with(options, hint, async |server| {
        let url = format!("{}?require_ssl=true", &server.url);
        expect_error("a server without a certificate", cipher(&url).await);
    });
}

#[test]
fn a_statement_over_tls_stops_when_its_future_is_dropped() {
    let hint = "open the connection for killing with the options of the pool's connections";
    let (options, folder) = server_named("127.0.0.1");
    check_with(options, hint, async move |server| {
        let _folder = folder;
        let before = server.aborted().await;
        server.set_breakpoint().await;
        let url = format!("{}?require_ssl=true&verify_ca=false", &server.url);
        let worked = with_pool(&url, 2, async |pool| {
            tokio::select! {
                _ = fetch_concurrently(pool, 40) => panic!("the fetch passed the breakpoint"),
                _ = server.until_at_breakpoint("two queries at the same time", 2) => {}
            }
            let nothing_runs = |list: &[Process]| list.iter().all(|one| one.statement.is_empty());
            server.until("no statement that runs", nothing_runs).await;
            Ok(())
        });
        expect_ok("a body that succeeds", worked.await);
        server.until_no_connection_is_left("after with_pool").await;
        assert_eq!(server.aborted().await, before);
    });
}
