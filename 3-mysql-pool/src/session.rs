//! The settings of a session that change what a statement returns.
//!
//! Each of them can come from the server's configuration or from its `init_connect`, and a reset brings it back. So
//! they are set after a connection is opened and after each reset. They cost no round trip of their own: the default
//! database, which no reset restores, is set by the same packet.

/// One statement, because MySQL and MariaDB run the assignments of a `SET` from left to right. What only one of the two
/// knows is in a comment that the other skips.
const SETTINGS: &str = concat!(
    // Otherwise names arrive in the server's character set, with `?` for what that does not have.
    "SET NAMES utf8mb4",
    // Further rows are left out, without a word.
    ", sql_select_limit = 18446744073709551615",
    // A query of a large table is refused.
    ", sql_big_selects = 1",
    // A fetch begins a transaction, and the next fetch on the same connection sees the rows of that moment.
    ", autocommit = 1",
    // A `COMMIT` begins the next transaction, or closes the connection.
    ", completion_type = 0",
    // Spaces are added to each name in a column of the type CHAR. All other modes stay what they are.
    ", sql_mode = REPLACE(@@sql_mode, 'PAD_CHAR_TO_FULL_LENGTH', '')",
    // A long query is stopped. The same limit has two names.
    " /*!50708 , max_execution_time = 0 */",
    " /*M!100101 , max_statement_time = 0 */",
    // Rows are read that another client has not committed. This, too, has two names.
    " /*!50720 , transaction_isolation = 'REPEATABLE-READ' */",
    " /*M!100101 , tx_isolation = 'REPEATABLE-READ' */",
    // A table that keeps its history is read as it was at some other time.
    " /*M!100304 , system_versioning_asof = DEFAULT */",
);

/// The statements that set a session up with this default database, if the URL names one, in one packet.
pub(crate) fn setup(database: &str) -> String {
    if database.is_empty() {
        return SETTINGS.to_owned();
    }
    // After the character set: the name may hold an accent.
    format!("{SETTINGS}; USE `{}`", database.replace('`', "``"))
}

#[cfg(test)]
mod tests;
