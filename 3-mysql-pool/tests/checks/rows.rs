//! A row becomes a user just as it is, or an error: never a value that was made up. The columns are read by their names,
//! for a table may have them in another order, and more of them.
//!
//! Read: `mysql_async::Row::get_opt` and `from_row_opt`, which return what `get` and `from_row` panic at.

use shared::User;

use crate::fetching::{all, both, change_the_columns, lists};
use crate::support::{Server, check, expect, expect_copies, expect_error, expect_ok, expect_word};

#[test]
fn fetches_every_column() {
    let hint = "which column of the row goes into which field of the user?";
    check(hint, async |server| {
        for found in lists(server, 0).await {
            let found = expect_ok("users", found);
            expect_copies("a user, as in the database", &found, server.users());
        }
    });
}

#[test]
fn reads_the_columns_by_name_wherever_they_stand() {
    let hint = "the table has its columns in another order, and more of them: what does a number say of a column then?";
    check(hint, async |server| {
        change_the_columns(server).await;
        let is_known = |user: &User| server.users().iter().any(|known| known.id == user.id);
        for found in lists(server, 0).await {
            let expected = "the users of a table with its columns in another order";
            let found = expect_ok(expected, found);
            expect(
                "each `id` is one of the table's",
                !found.is_empty() && found.iter().all(is_known),
            );
        }
    });
}

/// Makes a table whose columns take anything, with this value in one row of somebody who is older than 0.
async fn put(server: &Server, column: &str, of_type: &str, value: &str) -> User {
    let grown_up = server.older_than(0);
    let user = grown_up.first().expect("somebody is older than 0").clone();
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
    let hint = "a value may be NULL, or below 0, or a text: which conversions report that, which panic, which guess?";
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
    let hint = "a column's name knows no upper and lower case";
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
    let hint =
        "who is to mend the row wants to know which it is: what does the driver's own error say?";
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
            // The connection has read the rest all the same, and so serves the next.
            let error = expect_error("a row that does not fit", both(server, 0).await);
            expect_word(&error, column);
        }
    });
}

#[test]
#[ignore = "extra"]
fn a_value_of_another_type_is_an_error_however_much_it_looks_like_a_number() {
    let hint =
        "a database that holds the text '41' holds others: what does the driver make of a text?";
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
    let hint = "the server says which column it does not know: is that lost on the way?";
    check(hint, async |server| {
        server.sql("ALTER TABLE users DROP COLUMN age").await;
        let error = expect_error("a table without ages", all(server).await);
        expect_word(&error, "age");
    });
}
