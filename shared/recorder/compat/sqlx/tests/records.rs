#[path = "../../expect.rs"]
mod expect;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

#[tokio::test]
async fn records_what_sqlx_does() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.db");
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(expect::SETUP)
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();

    let recording = recorder::Recording::start(&file);
    let mut connection = options.connect().await.unwrap();
    let names: Vec<String> = sqlx::query_scalar(expect::QUERY)
        .bind(1)
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert_eq!(names, ["Kwame"]);
    connection.close().await.unwrap();
    let mut connection = options.connect().await.unwrap();
    sqlx::query(expect::FAILS)
        .execute(&mut connection)
        .await
        .unwrap_err();
    connection.close().await.unwrap();
    expect::check(&recording);
}
