//! The settings of a session that change what a statement returns.
//!
//! Each of them can come from the server's configuration or from its `init_connect`, and a reset restores it. So they are
//! set after a connection is opened and after each reset. They cost no extra round trip, because the default database,
//! which no reset restores, is set in the same packet.

/// One statement: MySQL and MariaDB run the assignments of a `SET` from left to right. A variable that only one of them has
/// is in a comment that the other skips. Each line says what happens without it.
const SETTINGS: &str = concat!(
    // Names arrive in the server's character set, with `?` for characters that it does not have.
    "SET NAMES utf8mb4",
    // Further rows are missing, without an error.
    ", sql_select_limit = 18446744073709551615",
    // A query of a large table is refused.
    ", sql_big_selects = 1",
    // A fetch begins a transaction, and the next fetch on the same connection sees the rows of that moment.
    ", autocommit = 1",
    // A `COMMIT` begins the next transaction, or closes the connection.
    ", completion_type = 0",
    // Spaces are added to each name in a column of the type CHAR. All other modes stay what they are.
    ", sql_mode = REPLACE(@@sql_mode, 'PAD_CHAR_TO_FULL_LENGTH', '')",
    // A long query is stopped. The limit has a different name in each.
    " /*!50708 , max_execution_time = 0 */",
    " /*M!100101 , max_statement_time = 0 */",
    // Rows are read that another client has not committed. Two names again.
    " /*!50720 , transaction_isolation = 'REPEATABLE-READ' */",
    " /*M!100101 , tx_isolation = 'REPEATABLE-READ' */",
    // A table with system versioning is read as it was at another time.
    " /*M!100304 , system_versioning_asof = DEFAULT */",
);

/// Returns the statements, in one packet, that set a session up with this default database. An empty name sets none.
pub(crate) fn setup(database: &str) -> String {
    if database.is_empty() {
        return SETTINGS.to_owned();
    }
    // After the character set, because the name may contain an accent.
    format!("{SETTINGS}; USE `{}`", database.replace('`', "``"))
}

#[cfg(test)]
mod tests;
