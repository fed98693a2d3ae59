//! Assertions. They know of an error only that it converts into a `Box<dyn Error>`.

use std::collections::BTreeSet;

use shared::User;
use testkit::says;

/// An error of the solution, boxed.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

#[track_caller]
pub fn expect(expected: &str, holds: bool) {
    assert!(holds, "expected: {expected}");
}

/// Expects success, and returns the value.
#[track_caller]
pub fn expect_ok<T, E: Into<Failure>>(expected: &str, outcome: Result<T, E>) -> T {
    match outcome {
        Ok(value) => value,
        Err(error) => {
            let error: Failure = error.into();
            panic!("expected: {expected}\nfound: the error {error}")
        }
    }
}

/// Expects an error, and returns it.
#[track_caller]
pub fn expect_error<T, E: Into<Failure>>(of: &str, outcome: Result<T, E>) -> Failure {
    match outcome {
        Ok(_) => panic!("expected: an error for {of}\nfound: no error"),
        Err(error) => error.into(),
    }
}

/// Expects a word in the text of an error or of one of its sources.
#[track_caller]
pub fn expect_word(error: &Failure, word: &str) {
    assert!(
        says(&**error, word),
        "expected: an error whose text contains {word:?}\nfound: {error}"
    );
}

/// Expects these users, by their ids. Ignores their order and their other columns.
#[track_caller]
pub fn expect_people(expected: &str, found: &[User], people: &[User]) {
    let ids = |users: &[User]| -> BTreeSet<i64> { users.iter().map(|user| user.id).collect() };
    let (found_ids, expected_ids) = (ids(found), ids(people));
    let missing: Vec<_> = expected_ids.difference(&found_ids).collect();
    let surplus: Vec<_> = found_ids.difference(&expected_ids).collect();
    assert!(
        missing.is_empty() && surplus.is_empty() && found.len() == people.len(),
        "expected: {expected}: {} of them\nfound: {} (missing ids: {missing:?}; unexpected ids: {surplus:?})",
        people.len(),
        found.len()
    );
}

/// Expects that each user found has the values of the database in every column. Ignores missing users.
#[track_caller]
pub fn expect_copies(expected: &str, found: &[User], originals: &[User]) {
    for user in found {
        let original = originals.iter().find(|known| known.email == user.email);
        assert!(
            original == Some(user),
            "expected: {expected}: {original:?}\nfound: {user:?}"
        );
    }
}
