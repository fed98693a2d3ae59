//! A user, and the twelve of the sample.

use serde_core::ser::{Serialize, SerializeStruct, Serializer};

/// A row of the table `users`.
///
/// As JSON it is an object of exactly these four fields:
///
/// ```
/// let ada = shared::User { id: 1, name: "Ada".into(), email: "ada@example.com".into(), age: 36 };
/// # #[cfg(feature = "cli")]
/// assert_eq!(
///     serde_json::to_string(&ada).unwrap(),
///     r#"{"id":1,"name":"Ada","email":"ada@example.com","age":36}"#
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The primary key.
    pub id: i64,
    /// Any text: names have apostrophes, accents and scripts other than Latin.
    pub name: String,
    /// Unique among the users.
    pub email: String,
    /// In years.
    pub age: u32,
}

// The code that serde's macro would generate.
impl Serialize for User {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("User", 4)?;
        fields.serialize_field("id", &self.id)?;
        fields.serialize_field("name", &self.name)?;
        fields.serialize_field("email", &self.email)?;
        fields.serialize_field("age", &self.age)?;
        fields.end()
    }
}

/// The twelve users that every database of this course starts with, in `id` order, the same every time.
///
/// They are chosen to find mistakes: two are exactly 25 and two exactly 40 (`age > 40` leaves them out), one is 0 (`if
/// age` does not test for 'has an age'), one name has an apostrophe (which breaks concatenated SQL), one has an accent,
/// and one is in a script whose characters are two columns wide on a terminal.
pub fn sample_users() -> Vec<User> {
    [
        ("Alice Walker", "alice@example.com", 30),
        ("Bob Marsh", "bob@example.com", 25),
        ("Carla Jensen", "carla@example.com", 41),
        ("Dara O'Brien", "dara@example.com", 40),
        ("Eve Little", "eve@example.com", 0),
        ("Farid Haddad", "farid@example.com", 67),
        ("Grace Kim", "grace@example.com", 25),
        ("山田 花子", "hanako@example.com", 52),
        ("Inés Peña", "ines@example.com", 40),
        ("Jonas Weber", "jonas@example.com", 18),
        ("Kwame Boateng", "kwame@example.com", 73),
        ("Lena Novak", "lena@example.com", 26),
    ]
    .into_iter()
    .zip(1..)
    .map(|((name, email, age), id)| User {
        id,
        name: name.to_owned(),
        email: email.to_owned(),
        age,
    })
    .collect()
}
