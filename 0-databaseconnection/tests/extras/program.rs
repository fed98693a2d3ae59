//! The program's messages. It prints the errors that the library returns.

use shared::sample_users;
use testkit::program::Program;
use testkit::{TempDatabase, check};

const BINARY: &str = env!("CARGO_BIN_EXE_0-databaseconnection");

#[test]
fn an_error_names_the_database_and_says_what_to_do_and_shows_no_password() {
    let hint = "the program prints the `Display` of the library's error: it names the database, and ends with a line `help: …`";
    check(hint, |_| Program::new(BINARY).check_error_texts());
}

/// SQLite reads a name that begins with `file:` as a URI. This one would be an empty database in memory.
#[test]
fn a_name_that_looks_like_a_uri_is_the_name_of_a_file() {
    let hint = "open without `OpenFlags::SQLITE_OPEN_URI`, which `Connection::open` sets";
    check(hint, |_| {
        let (program, name) = (Program::new(BINARY), "file:users.db?mode=memory");
        program.expect_failure(&["--database", name]);
        std::fs::copy(TempDatabase::sample().path(), program.folder().join(name))
            .expect("room for a copy");
        let outcome = program.run(&["--database", name, "--format", "json"]);
        let users = outcome.stdout.lines().count();
        assert_eq!(users, sample_users().len(), "{}", outcome.stderr);
    });
}
