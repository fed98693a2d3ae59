//! The users: the sample, then generated ones.
//!
//! A generated user depends on the random seed and on the `id`, and on nothing else: not on the users before it, not
//! on how many there are, not on the database. So the first thousand of a million are the thousand of a shorter run,
//! and each user can be generated alone.

use shared::{User, sample_users};

use crate::names::PEOPLES;

/// The number of users the sample has. The generated ones begin after it.
pub const SAMPLE: u32 = 12;

const DOMAIN: &str = "@example.com";

/// The users to create: the first `count` of those that belong to `random_seed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seeding {
    pub count: u32,
    pub random_seed: u32,
}

impl Seeding {
    /// The users, in `id` order, from 1.
    pub fn users(self) -> impl Iterator<Item = User> + Send {
        let generated = (SAMPLE + 1..=self.count).map(move |id| generated(id, self.random_seed));
        sample_users()
            .into_iter()
            .take(self.count as usize)
            .chain(generated)
    }
}

/// The user of this `id`, after the sample.
///
/// The address begins with the sum of the `id` and the random seed, in hexadecimal. It makes the address unique without
/// remembering the others, and shows afterwards which random seed created the row. The addresses are mostly sorted, so
/// a database builds its index faster.
fn generated(id: u32, random_seed: u32) -> User {
    // The bytes of one number give four independent choices.
    let random = mix(u64::from(random_seed) << 32 | u64::from(id));
    let people = &PEOPLES[usize::from(random as u16) % PEOPLES.len()];
    let (given, given_ascii) =
        people.given[usize::from((random >> 16) as u16) % people.given.len()];
    let (family, family_ascii) =
        people.family[usize::from((random >> 32) as u16) % people.family.len()];
    let tag = format!("{:08x}", id.wrapping_add(random_seed));
    User {
        id: i64::from(id),
        // `concat` allocates once, unlike `format!`.
        name: match people.family_first {
            true => [family, " ", given].concat(),
            false => [given, " ", family].concat(),
        },
        email: [&tag, ".", given_ascii, ".", family_ascii, DOMAIN].concat(),
        age: (random >> 48) as u32 % 101,
    }
}

/// splitmix64's output function (Steele, Lea and Flood, 2014). Written out, because the next version of a crate may
/// return other numbers, and then the same random seed would no longer generate the same users.
fn mix(counter: u64) -> u64 {
    let mut bits = counter.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// Checks the rows of a table one by one: seed must have created each of them.
///
/// Rows may be missing, because a missing row cannot be lost. But all must belong to one random seed.
pub struct Inspection {
    /// True if the table and its index exist.
    pub complete: bool,
    rows: u32,
    random_seed: Option<u32>,
    last_id: i64,
}

impl Default for Inspection {
    fn default() -> Self {
        Inspection {
            complete: true,
            rows: 0,
            random_seed: None,
            last_id: 0,
        }
    }
}

impl Inspection {
    /// Returns whether seed would have created this row. Call it once for each `id`.
    pub fn is_ours(&mut self, id: i64, name: &[u8], email: &[u8], age: i64) -> bool {
        let Some(expected) = self.expected(id, email) else {
            return false;
        };
        self.rows += 1;
        self.last_id = self.last_id.max(id);
        (name, email, age)
            == (
                expected.name.as_bytes(),
                expected.email.as_bytes(),
                i64::from(expected.age),
            )
    }

    /// Returns, after the last row, whether these are exactly the users of this seeding.
    pub fn is_exactly(&self, seeding: Seeding) -> bool {
        let random_seed = self.random_seed.unwrap_or(seeding.random_seed);
        self.complete
            && self.rows == seeding.count
            && self.last_id == i64::from(seeding.count)
            && random_seed == seeding.random_seed
    }

    fn expected(&mut self, id: i64, email: &[u8]) -> Option<User> {
        let id = u32::try_from(id).ok().filter(|id| *id > 0)?;
        if id <= SAMPLE {
            return sample_users().into_iter().nth(id as usize - 1);
        }
        let random_seed = match self.random_seed {
            Some(known) => known,
            None => random_seed_of(id, email)?,
        };
        self.random_seed = Some(random_seed);
        Some(generated(id, random_seed))
    }
}

/// Returns the random seed that created the row, if there is one.
fn random_seed_of(id: u32, email: &[u8]) -> Option<u32> {
    let tag = std::str::from_utf8(email.get(..8)?).ok()?;
    Some(u32::from_str_radix(tag, 16).ok()?.wrapping_sub(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn seeding(count: u32, random_seed: u32) -> Seeding {
        Seeding { count, random_seed }
    }

    fn inspect(users: impl IntoIterator<Item = User>) -> Option<Inspection> {
        let mut inspection = Inspection::default();
        let ours = users.into_iter().all(|user| {
            inspection.is_ours(
                user.id,
                user.name.as_bytes(),
                user.email.as_bytes(),
                user.age.into(),
            )
        });
        ours.then_some(inspection)
    }

    #[test]
    fn the_first_users_are_the_sample_and_a_shorter_run_is_the_beginning_of_a_longer_one() {
        let long: Vec<_> = seeding(500, 7).users().collect();
        assert_eq!(long[..12], sample_users());
        assert!((1..=500).eq(long.iter().map(|user| user.id)));
        for count in [0, 5, 12, 13, 499] {
            let short: Vec<_> = seeding(count, 7).users().collect();
            assert_eq!(short, long[..count as usize]);
        }
    }

    #[test]
    fn a_random_seed_makes_the_same_users_in_every_version() {
        let users: Vec<_> = seeding(15, 1).users().skip(12).collect();
        let users: Vec<_> = users
            .iter()
            .map(|user| (&*user.name, &*user.email, user.age))
            .collect();
        assert_eq!(
            users,
            [
                ("Κώστας Ιωάννου", "0000000e.kostas.ioannou@example.com", 74),
                ("Anjali Khan", "0000000f.anjali.khan@example.com", 7),
                ("Zofia Čapek", "00000010.zofia.capek@example.com", 73),
            ]
        );
    }

    #[test]
    fn the_users_are_varied() {
        let users: Vec<_> = seeding(20_000, 3).users().collect();
        let ages: HashSet<_> = users.iter().map(|user| user.age).collect();
        let names: HashSet<_> = users.iter().map(|user| &user.name).collect();
        let emails: HashSet<_> = users.iter().map(|user| &user.email).collect();
        assert_eq!(ages, (0..=100).collect());
        assert!(names.len() > 1000, "{} names", names.len());
        assert_eq!(emails.len(), users.len());
        assert!(
            emails
                .iter()
                .all(|email| email.is_ascii() && email.ends_with("@example.com"))
        );
        for kind in [
            |c: char| c == '\'',
            |c: char| c == 'é' || c == 'ñ',
            |c: char| c > '\u{3000}',
        ] {
            assert!(names.iter().any(|name| name.contains(kind)));
        }
    }

    #[test]
    fn knows_its_own_users_whatever_the_random_seed() {
        for random_seed in [0, 1, 0xdead_beef, u32::MAX] {
            let made = seeding(300, random_seed);
            let inspection = inspect(made.users()).expect("ours");
            assert!(inspection.is_exactly(made));
            assert!(!inspection.is_exactly(seeding(299, random_seed)));
            assert!(!inspection.is_exactly(seeding(300, random_seed ^ 1)));
        }
        assert!(
            inspect(seeding(12, 1).users())
                .expect("ours")
                .is_exactly(seeding(12, 99))
        );
        assert!(inspect([]).expect("ours").is_exactly(seeding(0, 99)));
    }

    #[test]
    fn a_row_that_is_missing_makes_it_another_table_but_still_ours() {
        let inspection =
            inspect(seeding(300, 5).users().filter(|user| user.id != 13)).expect("ours");
        assert!(!inspection.is_exactly(seeding(300, 5)));
        assert!(!inspection.is_exactly(seeding(299, 5)));
    }

    #[test]
    fn a_row_that_was_changed_or_added_is_not_ours() {
        let users: Vec<_> = seeding(40, 5).users().collect();
        let changes: [fn(&mut User); 5] = [
            |user| user.age += 1,
            |user| user.name.push('x'),
            |user| user.email.insert(0, 'x'),
            |user| user.id += 40,
            |user| user.id = -user.id,
        ];
        for row in [0, 11, 12, 13, 39] {
            for change in changes {
                let mut changed = users.clone();
                change(&mut changed[row]);
                assert!(inspect(changed).is_none(), "row {row}");
            }
        }
        let other_seed = users
            .iter()
            .take(30)
            .cloned()
            .chain(seeding(40, 6).users().skip(30));
        assert!(inspect(other_seed).is_none());
    }
}
