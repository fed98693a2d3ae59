#[path = "../../expect.rs"]
mod expect;

use rusqlite::Connection;

#[test]
fn records_what_rusqlite_does() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.db");
    Connection::open(&file)
        .unwrap()
        .execute_batch(expect::SETUP)
        .unwrap();
    let recording = recorder::Recording::start(&file);
    let connection = Connection::open(&file).unwrap();
    let mut statement = connection.prepare(expect::QUERY).unwrap();
    let names: Vec<String> = statement
        .query_map([1], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(names, ["Kwame"]);
    drop(statement);
    drop(connection);
    Connection::open(&file)
        .unwrap()
        .execute(expect::FAILS, [])
        .unwrap_err();
    expect::check(&recording);
}
