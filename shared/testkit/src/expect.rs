//! Assertions of the checks. A failure prints what was expected, then what was found.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Display;

use shared::User;

use crate::{says, users};

/// Expects that something holds.
///
/// # Panics
///
/// When it does not.
#[track_caller]
pub fn expect(expected: &str, holds: bool) {
    assert!(holds, "expected: {expected}");
}

/// Expects `Ok`, and returns the value.
///
/// # Panics
///
/// When the outcome is an error.
#[track_caller]
pub fn expect_ok<T, E: Display>(expected: &str, outcome: Result<T, E>) -> T {
    outcome.unwrap_or_else(|error| panic!("expected: {expected}\nfound: the error {error}"))
}

/// Expects an error, and returns it.
///
/// # Panics
///
/// When the outcome is `Ok`.
#[track_caller]
pub fn expect_error<T, E>(of: &str, outcome: Result<T, E>) -> E {
    match outcome {
        Ok(_) => panic!("expected: an error for {of}\nfound: no error"),
        Err(error) => error,
    }
}

/// Expects that the message of an error, or of one of its sources, contains this word.
///
/// # Panics
///
/// When it does not.
#[track_caller]
pub fn expect_word(error: &(dyn Error + 'static), word: &str) {
    assert!(
        says(error, word),
        "expected: an error with {word:?} in its message, or in that of a `source()`\nfound: {error}"
    );
}

/// Expects these users, in this order.
///
/// # Panics
///
/// When there are others, or an error. The message shows the first difference.
#[track_caller]
pub fn expect_users<E: Display>(expected: &str, found: Result<Vec<User>, E>, people: &[User]) {
    let found = expect_ok(expected, found);
    if let Some(difference) = users::difference(&found, people) {
        panic!("expected: {expected}\nfound: {difference}");
    }
}

/// Expects users with these ids, in any order. Other columns are not compared.
///
/// # Panics
///
/// When an id is missing, unexpected, or found twice.
#[track_caller]
pub fn expect_same_people(expected: &str, found: &[User], people: &[User]) {
    let ids = |users: &[User]| -> BTreeSet<i64> { users.iter().map(|user| user.id).collect() };
    let (found_ids, expected_ids) = (ids(found), ids(people));
    let missing: Vec<_> = expected_ids.difference(&found_ids).collect();
    let surplus: Vec<_> = found_ids.difference(&expected_ids).collect();
    assert!(
        missing.is_empty() && surplus.is_empty() && found.len() == people.len(),
        "expected: {expected}: {} users\n\
         found: {} users (missing ids: {missing:?}; unexpected ids: {surplus:?})",
        people.len(),
        found.len()
    );
}

/// Expects that every user who was found is equal to the original. Users may be missing.
///
/// # Panics
///
/// When a user differs.
#[track_caller]
pub fn expect_true_copies(expected: &str, found: &[User], originals: &[User]) {
    for user in found {
        let original = originals.iter().find(|known| known.id == user.id);
        assert!(
            original == Some(user),
            "expected: {expected}: {original:?}\nfound: {user:?}"
        );
    }
}
