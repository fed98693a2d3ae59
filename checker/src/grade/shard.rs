//! A part of a class, for one of several machines.

use std::num::NonZero;
use std::path::PathBuf;
use std::str::FromStr;

/// The part of a class that one of several machines grades: the K-th of N.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    number: NonZero<usize>,
    of: NonZero<usize>,
}

impl Shard {
    /// Returns the places of the submissions in this shard, in the order of the class.
    ///
    /// Every N-th submission is in it, counted in the order of the names' bytes and then of the paths. The order on the
    /// command line would not do: a shell sorts `*` by the language of its machine.
    pub(super) fn places(self, names: &[String], paths: &[PathBuf]) -> Vec<usize> {
        let mut places: Vec<usize> = (0..names.len()).collect();
        places.sort_by_key(|place| (&names[*place], &paths[*place]));
        let mut places: Vec<usize> = places
            .into_iter()
            .skip(self.number.get() - 1)
            .step_by(self.of.get())
            .collect();
        places.sort_unstable();
        places
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Shard, String> {
        let numbers = text.split_once('/').and_then(|(number, of)| {
            Some(Shard {
                number: number.parse().ok()?,
                of: of.parse().ok()?,
            })
        });
        numbers
            .filter(|shard| shard.number <= shard.of)
            .ok_or_else(|| "write K/N, such as 2/4: the second of four".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(text: &str, names: &[&str]) -> Vec<usize> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let paths: Vec<PathBuf> = names.iter().map(PathBuf::from).collect();
        text.parse::<Shard>()
            .expect("a shard")
            .places(&names, &paths)
    }

    #[test]
    fn the_shards_of_a_class_are_the_class_and_do_not_depend_on_its_order() {
        let class = ["ada", "Ada", "bob", "Émile", "zoe", "ángel", "李"];
        let mut reversed = class;
        reversed.reverse();
        let mut all = Vec::new();
        for number in 1..=3 {
            let text = format!("{number}/3");
            let names = |class: &[&str]| {
                let places = shard(&text, class);
                let mut names: Vec<String> =
                    places.iter().map(|at| class[*at].to_owned()).collect();
                names.sort();
                names
            };
            assert_eq!(names(&class), names(&reversed), "{text}");
            all.extend(names(&class));
        }
        all.sort();
        let mut expected = class.map(str::to_owned).to_vec();
        expected.sort();
        assert_eq!(all, expected);
    }

    #[test]
    fn a_shard_is_one_of_several() {
        for wrong in ["0/4", "5/4", "1/0", "1", "", "1/", "-1/2", "1/2/3", "a/b"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
        assert_eq!(shard("1/1", &["a", "b"]), [0, 1]);
        assert_eq!(shard("4/4", &["a", "b"]), [0; 0]);
    }
}
