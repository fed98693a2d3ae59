//! `?require_ssl=true`, against a server with a certificate that was made for this test.

mod support;

use std::fs;

use mysql_async::prelude::Queryable;
use mysql_pool::{fetch_concurrently, with_pool};
use support::{Database, run};

/// A server with a certificate for this name, which no authority has signed.
async fn server_named(name: &str) -> (Database, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let certified = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let (certificate, key) = (
        folder.path().join("certificate.pem"),
        folder.path().join("key.pem"),
    );
    fs::write(&certificate, certified.cert.pem()).unwrap();
    fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
    let options = shared::mariadb::Throwaway::options()
        .argument(format!("--ssl-cert={}", certificate.display()))
        .argument(format!("--ssl-key={}", key.display()));
    (Database::on_server_with(options).await, folder)
}

async fn cipher(url: &str) -> mysql_pool::Result<String> {
    with_pool(url, 2, async |pool| {
        assert_eq!(fetch_concurrently(pool, 40).await?.0, shared::sample_users());
        let mut connection = pool.get_conn().await?;
        let (_, cipher): (String, String) = connection
            .query_first("SHOW STATUS LIKE 'Ssl_cipher'")
            .await?
            .unwrap();
        Ok(cipher)
    })
    .await
}

#[test]
fn with_verify_ca_false_the_connection_is_encrypted_whoever_signed_the_certificate() {
    run(async {
        let (mut database, _folder) = server_named("127.0.0.1").await;
        assert_eq!(cipher(&database.url).await.unwrap(), "", "not asked for");
        let before = database.aborted().await;
        let cipher = cipher(&format!("{}?require_ssl=true&verify_ca=false", database.url))
            .await
            .unwrap();
        assert!(cipher.starts_with("TLS_"), "{cipher}");
        // TLS has an end of its own, which must not spoil the polite one.
        database.until_nobody_is_left().await;
        assert_eq!(database.aborted().await, before);
    });
}

#[test]
fn a_certificate_that_nobody_has_signed_is_an_error() {
    run(async {
        let (database, _folder) = server_named("127.0.0.1").await;
        for more in ["", "&verify_identity=false", "&built_in_roots=true"] {
            let error = cipher(&format!("{}?require_ssl=true{more}", database.url))
                .await
                .unwrap_err()
                .to_string();
            assert!(error.contains(&database.port().to_string()), "{error}");
            assert!(!error.contains(&database.password()), "{error}");
        }
    });
}

#[test]
fn a_server_without_a_certificate_is_an_error() {
    run(async {
        let database =
            Database::on_server_with(shared::mariadb::Throwaway::options().argument("--skip-ssl")).await;
        cipher(&format!("{}?require_ssl=true", database.url))
            .await
            .unwrap_err();
    });
}

#[test]
fn a_statement_over_tls_stops_when_its_future_is_dropped() {
    run(async {
        let (mut database, _folder) = server_named("127.0.0.1").await;
        let before = database.aborted().await;
        database.sql("DO GET_LOCK('gate', 0)").await;
        database.gate("gate").await;
        let url = format!("{}?require_ssl=true&verify_ca=false", database.url);
        with_pool(&url, 2, async |pool| {
            tokio::select! {
                result = fetch_concurrently(pool, 40) => panic!("passed a closed gate: {result:?}"),
                _ = database.until("both wait", |list| {
                    list.iter().filter(|one| support::waits_for_a_lock(one)).count() == 2
                }) => {}
            }
            database
                .until("nothing runs", |list| {
                    list.iter().all(|one| one.statement.is_empty())
                })
                .await;
            Ok(())
        })
        .await
        .unwrap();
        database.until_nobody_is_left().await;
        assert_eq!(database.aborted().await, before);
    });
}
