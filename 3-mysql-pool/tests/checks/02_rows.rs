//! A row becomes a user with exactly the values of the row, or an error. An invented value, such as 0 for NULL, would hide a
//! mistake in the data. The columns are read by their names, because a table may have them in another order, or have
//! more columns. (`row.rs` comes solved and does this.)
//!
//! Read: `mysql_async::Row::get_opt` and `from_row_opt`. They return an error where `get` and `from_row` panic.

use shared::User;

use crate::fetching::{all, both, change_the_columns, lists};
use crate::support::{Server, check, expect, expect_copies, expect_error, expect_ok, expect_word};

#[test]
fn fetches_every_column() {
    let hint = "compare each field of the `User` with the column that it is read from";
    check(hint, async |server| {
        for found in lists(server, 0).await {
            let found = expect_ok("users", found);
            expect_copies("a user, as in the database", &found, server.users());
        }
    });
}

#[test]
fn reads_the_columns_by_name_wherever_they_stand() {
    let hint = "this table has its columns in another order: read a column by its name, not by its position";
    check(hint, async |server| {
        change_the_columns(server).await;
        let is_known = |user: &User| server.users().iter().any(|known| known.id == user.id);
        for found in lists(server, 0).await {
            let expected = "the users of a table with its columns in another order";
            let found = expect_ok(expected, found);
            expect(
                "each `id` is an id of the table",
                !found.is_empty() && found.iter().all(is_known),
            );
        }
    });
}

/// Makes a table with this value in one row. Returns the user of that row, who is older than 0.
async fn put(server: &Server, column: &str, of_type: &str, value: &str) -> User {
    let grown_up = server.older_than(0);
    let user = grown_up
        .first()
        .expect("a user who is older than 0")
        .clone();
    for statement in [
        "DROP TABLE IF EXISTS others".to_owned(),
        "CREATE TABLE others SELECT * FROM originals".to_owned(),
        format!("ALTER TABLE others MODIFY {column} {of_type} NULL"),
        format!(
            "UPDATE others SET {column} = {value} WHERE id = {}",
            user.id
        ),
        "CREATE OR REPLACE SQL SECURITY INVOKER VIEW users AS SELECT * FROM others".to_owned(),
    ] {
        server.sql(&statement).await;
    }
    user
}

#[test]
fn a_row_that_does_not_fit_is_an_error() {
    let hint = "the value may be NULL, negative, above the maximum, or text: use a conversion that returns an error (`get_opt`, `u32::try_from`)";
    check(hint, async |server| {
        server.sql("RENAME TABLE users TO originals").await;
        for (column, of_type, value) in [
            ("age", "INT", "NULL"),
            ("age", "INT", "-1"),
            ("age", "BIGINT UNSIGNED", "4294967296"),
            ("age", "VARCHAR(20)", "'old'"),
            ("name", "VARCHAR(255)", "NULL"),
            ("email", "VARCHAR(255)", "NULL"),
        ] {
            put(server, column, of_type, value).await;
            let of = format!("a row whose {column} is {value}");
            expect_error(&of, all(server).await);
            expect_error(&of, both(server, 0).await);
        }
    });
}

#[test]
#[ignore = "extra"]
fn the_names_of_the_columns_may_be_in_other_letters() {
    let hint =
        "MySQL ignores case in the names of columns: compare them with `eq_ignore_ascii_case`";
    check(hint, async |server| {
        change_the_columns(server).await;
        server
            .sql("ALTER TABLE users CHANGE age AGE INT UNSIGNED, CHANGE id Id BIGINT")
            .await;
        for found in lists(server, 0).await {
            let found = expect_ok("users", found);
            expect("users are found", !found.is_empty());
            expect_copies("a user, as in the database", &found, server.users());
        }
    });
}

#[test]
#[ignore = "extra"]
fn the_error_of_a_row_names_the_column_and_the_row() {
    let hint = "the driver's error names neither the column nor the row: put both into yours, the row by its `id`";
    check(hint, async |server| {
        server.sql("RENAME TABLE users TO originals").await;
        for (column, of_type, value) in [
            ("age", "INT", "NULL"),
            ("age", "INT", "-1"),
            ("age", "BIGINT UNSIGNED", "4294967296"),
            ("age", "BIGINT UNSIGNED", "18446744073709551615"),
            ("name", "VARCHAR(255)", "NULL"),
            ("email", "VARCHAR(255)", "NULL"),
            ("name", "VARBINARY(255)", "X'FF00'"),
        ] {
            let user = put(server, column, of_type, value).await;
            let error = expect_error("a row that does not fit", all(server).await);
            for word in [column, &user.id.to_string()] {
                expect_word(&error, word);
            }
            // The connection has read the remaining rows, so the next query can use it.
            let error = expect_error("a row that does not fit", both(server, 0).await);
            expect_word(&error, column);
        }
    });
}

#[test]
#[ignore = "extra"]
fn a_value_of_another_type_is_an_error_however_much_it_looks_like_a_number() {
    let hint = "the driver converts the text '41' to a number: look at the `mysql_async::Value` before you convert it";
    check(hint, async |server| {
        server.sql("RENAME TABLE users TO originals").await;
        for (of_type, value) in [
            ("VARCHAR(20)", "'old'"),
            ("VARCHAR(20)", "'41'"),
            ("VARCHAR(20)", "''"),
            ("DOUBLE", "41.5"),
            ("DECIMAL(9,2)", "41.5"),
        ] {
            put(server, "age", of_type, value).await;
            let error = expect_error(value, all(server).await);
            expect_word(&error, "age");
        }
        put(server, "id", "BIGINT", "NULL").await;
        let error = expect_error("an id that is NULL", all(server).await);
        expect_word(&error, "id");
    });
}

#[test]
#[ignore = "extra"]
fn a_missing_column_is_an_error_that_says_which() {
    let hint = "the server's error names the missing column: keep the text of that error";
    check(hint, async |server| {
        server.sql("ALTER TABLE users DROP COLUMN age").await;
        let error = expect_error("a table without ages", all(server).await);
        expect_word(&error, "age");
    });
}
