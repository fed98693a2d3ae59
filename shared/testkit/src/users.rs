//! Random users, including those that wrong programs mishandle.

use std::collections::BTreeSet;

use fastrand::Rng;

use shared::User;

/// Names as people have them, and as forms do not expect them.
const NAMES: [&str; 12] = [
    "Alice Walker",
    "Dara O'Brien",
    "Inés Peña",
    "山田 花子",
    "Zoë \"Zed\" Quill",
    "Bobby'); DROP TABLE users;--",
    "100% Percy_",
    "Øystein Ålesund",
    "Li",
    "Мария Иванова",
    "Anne\\Marie",
    "🦀 Ferris",
];

/// Returns about 250 users in a random order, with gaps between their ids. One id needs more than 32 bits. Several
/// users are exactly `age` years old, one is a year younger and one a year older; one has age 0, and one is older than
/// 255.
///
/// # Panics
///
/// When `age` is 0.
pub fn random(random: &mut Rng, age: u32) -> Vec<User> {
    let mut ages = vec![age, age, age, age - 1, age + 1, 0, random.u32(256..70_000)];
    for _ in 0..random.u32(220..260) {
        ages.push(random.u32(1..100));
    }
    // Sorted, because the same seed must give the same users.
    let mut ids = BTreeSet::from([random.i64(1 << 32..1 << 40)]);
    while ids.len() < ages.len() {
        ids.insert(random.i64(1..10_000));
    }
    random.shuffle(&mut ages);
    let mut users: Vec<User> = ids
        .into_iter()
        .zip(ages)
        .map(|(id, age)| user(random, id, age))
        .collect();
    random.shuffle(&mut users);
    users
}

/// Returns a user with a random name and a unique address.
pub fn user(random: &mut Rng, id: i64, age: u32) -> User {
    let name = random.choice(NAMES).expect("there are names").to_owned();
    let email = format!("{}{id}@example.com", random.lowercase());
    User {
        id,
        name,
        email,
        age,
    }
}

/// Describes the first difference between two lists of users.
pub fn difference(found: &[User], expected: &[User]) -> Option<String> {
    let at = (0..found.len().max(expected.len()))
        .find(|&index| found.get(index) != expected.get(index))?;
    let show = |users: &[User]| {
        users
            .get(at)
            .map_or("missing".to_owned(), |user| format!("{user:?}"))
    };
    Some(format!(
        "{} users instead of {}; user number {} is {} instead of {}",
        found.len(),
        expected.len(),
        at + 1,
        show(found),
        show(expected)
    ))
}
