#[path = "../../expect.rs"]
mod expect;

use diesel::connection::SimpleConnection;
use diesel::sql_types::{Integer, Text};
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query};

#[derive(QueryableByName)]
struct User {
    #[diesel(sql_type = Text)]
    name: String,
}

#[test]
fn records_what_diesel_does() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.db");
    let url = file.to_str().unwrap();
    let open = || SqliteConnection::establish(url).unwrap();
    open().batch_execute(expect::SETUP).unwrap();

    let recording = recorder::Recording::start(&file);
    let query = sql_query(expect::QUERY).bind::<Integer, _>(1);
    let users: Vec<User> = query.load(&mut open()).unwrap();
    assert_eq!(users[0].name, "Kwame");
    sql_query(expect::FAILS).execute(&mut open()).unwrap_err();
    expect::check(&recording);
}
