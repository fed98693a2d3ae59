//! Runs that are killed at random moments: the database is the old or the new one, and the next run removes the rest.
//!
//! The moments are random, but it is an event that sets them off: the file that the program fills has grown to some
//! size; or it is full, and what comes after is the lock, the journal's rollback, the rename; or the database itself
//! is another file than before. The rest are spread over the whole run.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use common::{
    Place, Random, made_by, names, seed, send, start, until, users, with_a_hot_journal,
    with_a_write_ahead_log,
};
use shared::User;

const NEW: &[&str] = &["--users", "15000", "--random-seed", "2"];
const KILLS: u64 = 20;

/// Kills a run on a copy of `old` again and again, and returns how often it was found in the middle.
fn kill_again_and_again(old: &Place, old_users: Option<&[User]>, new_users: &[User]) -> u64 {
    let (whole_run, size) = one_run_in_peace(old);
    let mut random = Random::new();
    let mut in_the_middle = 0;
    for kill in 0..KILLS {
        let place = Place::new();
        place.copy_from(old);
        let mut program = start(place.database(), NEW);
        let before = look(&place);
        let enough = random.below(size);
        // How much of a run goes by between the event and its end.
        let (share, happened): (f64, &dyn Fn() -> bool) = match kill % 4 {
            0 => (0.0, &|| place.size_of_draft() >= enough),
            1 => (random.share_below(0.3), &|| place.size_of_draft() >= size),
            2 => (0.0, &|| look(&place) != before),
            _ => (random.share_below(1.1), &|| true),
        };
        let mut ended = false;
        until("the event", || {
            ended = program.try_wait().expect("can be asked").is_some();
            ended || happened()
        });
        let moment = Instant::now() + whole_run.mul_f64(share);
        while Instant::now() < moment && !ended {
            std::hint::spin_loop();
        }
        program.kill().expect("may");
        let ended = program.wait().expect("ends");
        in_the_middle += u64::from(ended.code().is_none() && place.draft().is_some());

        if place.database().exists() {
            let found = users(place.database());
            assert!(
                found == new_users || Some(&*found) == old_users,
                "{} users of neither",
                found.len()
            );
        } else {
            assert_eq!(old_users, None, "the database is gone");
        }
        seed(place.database(), NEW).well();
        place.holds_the_database_alone();
        assert!(users(place.database()) == new_users);
    }
    in_the_middle
}

/// Which file the database is, and how large.
fn look(place: &Place) -> Option<(u64, u64)> {
    let metadata = fs::metadata(place.database()).ok()?;
    Some((metadata.ino(), metadata.len()))
}

/// Returns the duration of a run, and the size of the file.
fn one_run_in_peace(old: &Place) -> (Duration, u64) {
    let place = Place::new();
    place.copy_from(old);
    let begun = Instant::now();
    seed(place.database(), NEW).well();
    (
        begun.elapsed(),
        fs::metadata(place.database()).expect("is there").len(),
    )
}

#[test]
fn killed_where_nothing_was_there_is_nothing_or_the_new_database() {
    let in_the_middle = kill_again_and_again(&Place::new(), None, &made_by(NEW));
    assert!(in_the_middle > 0);
}

#[test]
fn killed_over_an_old_database_is_the_old_or_the_new_one() {
    let old = ["--users", "3000"];
    let in_the_middle =
        kill_again_and_again(&Place::seeded(&old), Some(&made_by(&old)), &made_by(NEW));
    assert!(in_the_middle > 0);
}

#[test]
fn killed_over_a_hot_journal_is_what_was_committed_or_the_new_database() {
    let old = ["--users", "3000"];
    let place = with_a_hot_journal(&old, "UPDATE users SET name = upper(name) || name, age = 1");
    let in_the_middle = kill_again_and_again(&place, Some(&made_by(&old)), &made_by(NEW));
    assert!(in_the_middle > 0);
}

#[test]
fn killed_over_a_write_ahead_log_is_what_was_committed_or_the_new_database() {
    let place = with_a_write_ahead_log(&["--users", "3000"], "DELETE FROM users WHERE id % 7 = 0");
    let mut old = made_by(&["--users", "3000"]);
    old.retain(|user| user.id % 7 != 0);
    let in_the_middle = kill_again_and_again(&place, Some(&old), &made_by(NEW));
    assert!(in_the_middle > 0);
}

#[test]
fn a_signal_leaves_the_old_database_and_nothing_beside_it() {
    for signal in ["-INT", "-TERM"] {
        let place = Place::seeded(&[]);
        let program = start(place.database(), &["--users", "100000000"]);
        until("the draft grows", || place.size_of_draft() > 100_000);
        send(signal, &program);
        let output = program.wait_with_output().expect("ends");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.starts_with("error: stopped by a signal") && said.contains("\nhelp: "),
            "{said}"
        );
        place.holds_the_database_alone();
        assert_eq!(users(place.database()), shared::sample_users());
    }
}

#[test]
fn two_runs_at_once_do_not_disturb_each_other() {
    let place = Place::new();
    let runs: Vec<_> = (0..6)
        .map(|seed| {
            start(
                place.database(),
                &["--users", "5000", "--random-seed", &seed.to_string()],
            )
        })
        .collect();
    for run in runs {
        let output = run.wait_with_output().expect("ends");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    place.holds_the_database_alone();
    let found = users(place.database());
    assert!(
        (0..6)
            .any(|seed| found == made_by(&["--users", "5000", "--random-seed", &seed.to_string()]))
    );
}

#[test]
fn a_run_leaves_the_draft_of_another_run_that_is_still_at_work() {
    let place = Place::seeded(&[]);
    let mut long = start(place.database(), &["--users", "100000000"]);
    until("the draft grows", || place.size_of_draft() > 100_000);
    seed(place.database(), &["--users", "20"]).well();
    assert_eq!(users(place.database()).len(), 20);
    let draft = place.draft().expect("is still there");
    let size = place.size_of_draft();
    until("the draft grows on", || place.size_of_draft() > size);
    assert!(long.try_wait().expect("can be asked").is_none());

    long.kill().expect("may");
    long.wait().expect("ends");
    assert!(draft.exists());
    seed(place.database(), &["--users", "20"]).well();
    assert_eq!(
        names(place.folder()),
        BTreeSet::from(["users.db".to_owned()])
    );
}
