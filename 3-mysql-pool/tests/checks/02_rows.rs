//! A row becomes a user with exactly the values of the row, or an error. An invented value, such as 0 for NULL, would hide a
//! mistake in the data. The columns are read by their names, because a table may have them in another order, or have
//! more columns. (`row.rs` comes solved and does this.)
//!
//! Read: `mysql_async::Row::get_opt` and `from_row_opt`. They return an error where `get` and `from_row` panic.

use shared::User;
use testkit::expect::{expect, expect_error, expect_ok, expect_true_copies};

use crate::support::check;

#[test]
fn fills_each_field_from_its_column() {
    let hint = "compare each field of the `User` with the column that it is read from";
    check(hint, async |server| {
        let lists = expect_ok("users", server.fetch_all_lists(0).await);
        let expected = "a user, as in the database";
        expect_true_copies(expected, &lists.concat(), &server.users);
    });
}

#[test]
fn reads_columns_by_name_not_by_position() {
    let hint = "this table has its columns in another order: read a column by its name, not by its position";
    check(hint, async |server| {
        server.change_the_columns().await;
        let is_known = |user: &User| server.users.iter().any(|known| known.id == user.id);
        let expected = "the users of a table with its columns in another order";
        let lists = expect_ok(expected, server.fetch_all_lists(0).await);
        expect(expected, lists.iter().all(|list| !list.is_empty()));
        let ids_are_known = lists.iter().flatten().all(is_known);
        expect("each `id` is an id of the table", ids_are_known);
    });
}

#[test]
fn a_row_with_an_invalid_value_is_an_error() {
    let hint = "the value may be NULL, negative, above the maximum, or text: use a conversion that returns an error (`get_opt`, `u32::try_from`)";
    check(hint, async |server| {
        for (column, of_type, value) in [
            ("age", "INT", "NULL"),
            ("age", "INT", "-1"),
            ("age", "BIGINT UNSIGNED", "4294967296"),
            ("age", "VARCHAR(20)", "'old'"),
            ("name", "VARCHAR(255)", "NULL"),
            ("email", "VARCHAR(255)", "NULL"),
        ] {
            server.put(column, of_type, value).await;
            let of = format!("a row whose {column} is {value}");
            expect_error(&of, server.fetch_users().await);
            expect_error(&of, server.fetch_concurrently(0).await);
        }
    });
}
