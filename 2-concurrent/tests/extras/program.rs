//! The program's messages. It prints the errors that the library returns.

use testkit::check;
use testkit::program::Program;

#[test]
fn an_error_names_the_database_and_says_what_to_do_and_shows_no_password() {
    let hint = "the program prints the `Display` of the library's error: it names the database, and ends with a line `help: …`";
    check(hint, |_| {
        Program::new(env!("CARGO_BIN_EXE_2-concurrent")).check_error_texts();
    });
}
