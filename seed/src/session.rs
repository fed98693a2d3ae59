//! The settings of the session that affect what is read from a table or written to it.
//!
//! Each of them can come from the server's configuration or from its `init_connect`. So all of them are set when the
//! connection is open.

/// The time limit for another client's lock, in seconds.
pub const LOCK_WAIT: u64 = 5;

/// Assignments for one `SET`. A setting that only MySQL or only MariaDB knows is in a comment that the other skips.
const SETTINGS: [&str; 14] = [
    // Otherwise accents are stored as two characters each.
    "NAMES utf8mb4",
    // Rows beyond it are not read, and would be replaced without a check.
    ", sql_select_limit = 18446744073709551615",
    // A query of a large table is refused.
    ", sql_big_selects = 1",
    // Each look at a table shows what it was when the first one began.
    ", autocommit = 1",
    // A `COMMIT` begins the next transaction, or closes the connection.
    ", completion_type = 0",
    // Strict: a value that does not fit is an error, and so is a server that forces another engine than InnoDB. No mode
    // that changes the meaning of SQL.
    ", sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
    // A table can be dropped although another refers to it, which then refers to nothing.
    ", foreign_key_checks = 1",
    // Rows vanish with the server (MEMORY), at once (BLACKHOLE), or in part after a crash.
    ", default_storage_engine = InnoDB",
    // A long statement is stopped. The same limit has two names.
    " /*!50708 , max_execution_time = 0 */",
    " /*M!100101 , max_statement_time = 0 */",
    // Rows are seen that another client has not committed, and with a binary log of statements nothing can be written.
    // This also has two names.
    " /*!50720 , transaction_isolation = 'REPEATABLE-READ' */",
    " /*M!100101 , tx_isolation = 'REPEATABLE-READ' */",
    // Nothing can be written.
    " /*!50720 , transaction_read_only = 0 */",
    " /*M!100101 , tx_read_only = 0 */",
];

/// Returns the statements that set the session up with this default database.
pub fn setup(database: &str) -> String {
    format!(
        "SET {}, lock_wait_timeout = {LOCK_WAIT}, innodb_lock_wait_timeout = {LOCK_WAIT}; USE `{}`",
        SETTINGS.concat(),
        database.replace('`', "``")
    )
}
