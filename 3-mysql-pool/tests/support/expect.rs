//! What a check expects. Of an error they know no more than that it can be put into a box.

use std::collections::BTreeSet;

use shared::User;
use testkit::says;

/// An error, whatever the solution's own type is.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

#[track_caller]
pub fn expect(expected: &str, holds: bool) {
    assert!(holds, "expected: {expected}");
}

/// Expects that it went well, and returns what came of it.
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
        Ok(_) => panic!("expected: an error, for {of}\nfound: no error"),
        Err(error) => error.into(),
    }
}

/// Expects that an error, or one of those that it came of, says this word.
#[track_caller]
pub fn expect_word(error: &Failure, word: &str) {
    assert!(
        says(&**error, word),
        "expected: an error that says {word:?}\nfound: {error}"
    );
}

/// Expects that these are the users, by their ids: in whatever order, and whatever the other columns say.
#[track_caller]
pub fn expect_people(expected: &str, found: &[User], people: &[User]) {
    let ids = |users: &[User]| -> BTreeSet<i64> { users.iter().map(|user| user.id).collect() };
    let (found_ids, expected_ids) = (ids(found), ids(people));
    let missing: Vec<_> = expected_ids.difference(&found_ids).collect();
    let surplus: Vec<_> = found_ids.difference(&expected_ids).collect();
    assert!(
        missing.is_empty() && surplus.is_empty() && found.len() == people.len(),
        "expected: {expected}: {} of them\nfound: {} (ids that are missing: {missing:?}; that should not be there: \
         {surplus:?})",
        people.len(),
        found.len()
    );
}

/// Expects that whoever was found is just as in the database, column for column; whether somebody is missing does not
/// matter.
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
