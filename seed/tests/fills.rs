//! A run that succeeds: the content of the database and of its folder.

mod common;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use common::{
    Place, command, made_by, run, seed, start, until, users, with_a_hot_journal,
    with_a_write_ahead_log,
};
use rusqlite::Connection;
use shared::sample_users;

#[test]
fn makes_the_sample_and_says_so_on_standard_error_alone() {
    let place = Place::new();
    let said = run(command().current_dir(place.folder())).well();
    // One line without a progress bar, because this is not a terminal.
    assert_eq!(said, "users.db: 12 users\n");
    assert_eq!(users(place.database()), sample_users());
    place.holds_the_database_alone();
}

#[test]
fn makes_as_many_users_as_are_asked_for_and_the_first_of_them_are_always_the_same() {
    let many = made_by(&["--users", "30000"]);
    assert_eq!(many[..12], sample_users());
    assert!((1..=30000).eq(many.iter().map(|user| user.id)));
    assert!(many.iter().all(|user| user.email.ends_with("@example.com")));
    for count in [0, 1, 5, 12, 13, 2000] {
        assert_eq!(made_by(&["--users", &count.to_string()]), many[..count]);
    }
}

#[test]
fn makes_the_same_users_for_the_same_random_seed_and_others_for_another() {
    let seven = made_by(&["--users", "200", "--random-seed", "7"]);
    assert_eq!(seven, made_by(&["--users", "200", "--random-seed", "7"]));
    let eight = made_by(&["--users", "200", "--random-seed", "8"]);
    assert!((12..200).all(|row| seven[row].email != eight[row].email));
    assert_ne!(eight, made_by(&["--users", "200"]));
}

#[test]
fn running_it_twice_changes_nothing() {
    for options in [
        &[][..],
        &["--users", "0"],
        &["--users", "3000", "--random-seed", "5"],
    ] {
        let place = Place::seeded(options);
        let look = || {
            let metadata = fs::metadata(place.database()).expect("is there");
            let changed = (metadata.ino(), metadata.mtime(), metadata.mtime_nsec());
            (changed, fs::read(place.database()).expect("can be read"))
        };
        let before = look();
        let said = seed(place.database(), options).well();
        assert!(said.contains("nothing was changed"), "{said}");
        assert!(look() == before);
        place.holds_the_database_alone();

        // Created again because the option asks for it, and the same to the last byte.
        seed(place.database(), &[options, &["--force"]].concat()).well();
        assert!(look().1 == before.1);
    }
}

#[test]
fn takes_what_a_task_created_for_its_own() {
    let place = Place::new();
    assert!(shared::sqlite::create_sample(&place.database()).expect("creates"));
    assert!(
        seed(place.database(), &[])
            .well()
            .contains("nothing was changed")
    );
}

#[test]
fn replaces_what_an_earlier_run_made_also_where_rows_are_missing() {
    let place = Place::seeded(&["--users", "500", "--random-seed", "9"]);
    seed(place.database(), &["--users", "20"]).well();
    assert_eq!(users(place.database()), made_by(&["--users", "20"]));

    let place = Place::changed(
        &["--users", "500"],
        "DELETE FROM users WHERE id IN (3, 13, 500); DROP INDEX users_email",
    );
    seed(place.database(), &["--users", "500"]).well();
    assert_eq!(users(place.database()), made_by(&["--users", "500"]));
}

#[test]
fn tables_of_sqlites_own_are_not_in_the_way() {
    for sql in [
        "ANALYZE",
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO t VALUES (1); DROP TABLE t",
    ] {
        let place = Place::changed(&["--users", "500"], sql);
        let connection = Connection::open(place.database()).expect("opens");
        let own = "SELECT count(*) FROM sqlite_schema WHERE name IN ('sqlite_stat1', 'sqlite_stat4', 'sqlite_sequence')";
        let own: i64 = connection
            .query_one(own, [], |row| row.get(0))
            .expect("counts");
        assert!(own > 0, "{sql}");
        drop(connection);
        let said = seed(place.database(), &["--users", "500"]).well();
        assert!(said.contains("nothing was changed"), "{said}");
        seed(place.database(), &["--users", "20"]).well();
        assert_eq!(
            users(place.database()),
            made_by(&["--users", "20"]),
            "{sql}"
        );
        place.holds_the_database_alone();
    }
}

#[test]
fn fills_an_empty_file_and_an_empty_database() {
    let place = Place::new();
    fs::write(place.database(), "").expect("writes");
    seed(place.database(), &[]).well();
    assert_eq!(users(place.database()), sample_users());

    let place = Place::changed(&[], "DROP TABLE users; PRAGMA user_version = 3");
    seed(place.database(), &["--users", "0"]).well();
    assert_eq!(users(place.database()), []);
}

#[test]
fn keeps_the_permissions_of_the_old_file() {
    let place = Place::seeded(&[]);
    fs::set_permissions(place.database(), fs::Permissions::from_mode(0o640)).expect("may");
    seed(place.database(), &["--users", "20"]).well();
    assert_eq!(
        fs::metadata(place.database()).expect("is there").mode() & 0o7777,
        0o640
    );
}

#[test]
fn follows_a_link_and_leaves_it_in_place() {
    for target_is_there in [true, false] {
        let place = Place::new();
        let elsewhere = Place::new();
        if target_is_there {
            seed(elsewhere.database(), &["--users", "3"]).well();
        }
        symlink(elsewhere.database(), place.database()).expect("links");
        seed(place.database(), &[]).well();
        assert!(
            fs::symlink_metadata(place.database())
                .expect("is there")
                .is_symlink()
        );
        assert_eq!(users(elsewhere.database()), sample_users());
        place.holds_the_database_alone();
        elsewhere.holds_the_database_alone();
    }
}

#[test]
fn a_name_that_sqlite_would_take_for_something_else_is_the_name_of_a_file() {
    let place = Place::new();
    let name = "file:users.db?mode=memory";
    // Without the folder such a new name is refused, because it looks like a URL.
    seed_in(&place, &format!("./{name}"));
    seed_in(&place, name);
    assert_eq!(users(place.folder().join(name)), sample_users());
    assert_eq!(place.names(), [name.to_owned()].into());
}

fn seed_in(place: &Place, name: &str) {
    run(command()
        .current_dir(place.folder())
        .args(["--database", name]))
    .well();
}

#[test]
fn takes_no_database_from_the_environment() {
    let place = Place::new();
    let mut command = command();
    command
        .env("DATABASE_URL", "mysql://nobody:nothing@127.0.0.1:1/nowhere")
        .current_dir(place.folder());
    run(&mut command).well();
    place.holds_the_database_alone();
}

#[test]
fn an_uncommitted_transaction_of_a_dead_program_does_not_come_back() {
    // A database of seed, with a change that a power cut interrupted.
    let change = "UPDATE users SET name = upper(name) || name, age = 1";
    let options = ["--users", "4000", "--random-seed", "2"];
    let place = with_a_hot_journal(&["--users", "2000"], change);
    seed(place.database(), &options).well();
    assert_eq!(users(place.database()), made_by(&options));
    place.holds_the_database_alone();

    // The same users as before are there as soon as it is rolled back: nothing to do.
    let place = with_a_hot_journal(&["--users", "2000"], change);
    assert!(
        seed(place.database(), &["--users", "2000"])
            .well()
            .contains("nothing was changed")
    );
    assert_eq!(users(place.database()), made_by(&["--users", "2000"]));
    place.holds_the_database_alone();
}

#[test]
fn the_journal_of_a_removed_database_does_not_come_back() {
    let place = with_a_hot_journal(
        &["--users", "2000"],
        "UPDATE users SET name = upper(name) || name, age = 1",
    );
    fs::remove_file(place.database()).expect("removes");
    let options = ["--users", "2000", "--random-seed", "2"];
    seed(place.database(), &options).well();
    place.holds_the_database_alone();
    assert_eq!(users(place.database()), made_by(&options));
}

#[test]
fn what_another_program_leaves_while_the_new_file_is_filled_is_not_applied_to_it() {
    let options = ["--users", "100000", "--random-seed", "2"];
    let change = "UPDATE users SET name = upper(name) || name, age = 1";
    for (left, forced) in [
        (with_a_hot_journal(&["--users", "2000"], change), false),
        (with_a_hot_journal(&["--users", "2000"], change), true),
        (
            with_a_write_ahead_log(&["--users", "2000"], "DELETE FROM users WHERE id % 7 = 0"),
            false,
        ),
    ] {
        let place = Place::seeded(&["--users", "2000"]);
        let force: &[_] = if forced { &["--force"] } else { &[] };
        let mut program = start(place.database(), &[&options, force].concat());
        until("the draft grows", || place.size_of_draft() > 100_000);
        place.copy_from(&left);
        assert!(place.draft().is_some(), "the program was faster");
        assert!(program.wait().expect("ends").success());
        place.holds_the_database_alone();
        assert_eq!(users(place.database()), made_by(&options));
    }
}

#[test]
fn a_write_ahead_log_that_was_left_is_not_applied_to_the_new_file() {
    for file_is_removed in [false, true] {
        let place =
            with_a_write_ahead_log(&["--users", "2000"], "DELETE FROM users WHERE id % 7 = 0");
        if file_is_removed {
            fs::remove_file(place.database()).expect("removes");
        }
        let options = ["--users", "2000", "--random-seed", "2"];
        seed(place.database(), &options).well();
        place.holds_the_database_alone();
        assert_eq!(users(place.database()), made_by(&options));
    }
}

#[test]
fn a_connection_that_had_the_old_file_open_cannot_write_to_the_new_one() {
    let place = Place::seeded(&[]);
    let connection = Connection::open(place.database()).expect("opens");
    let count =
        || connection.query_row("SELECT count(*) FROM users", [], |row| row.get::<_, u32>(0));
    assert_eq!(count().expect("runs"), 12);
    seed(place.database(), &["--users", "20"]).well();
    // It still reads the old file, and SQLite lets it write to that no more.
    assert_eq!(count().expect("runs"), 12);
    assert!(connection.execute("DELETE FROM users", []).is_err());
    drop(connection);
    assert_eq!(users(place.database()).len(), 20);
    place.holds_the_database_alone();
}

#[test]
fn help_explains_every_option_with_its_default() {
    let help = run(command().arg("--help"));
    assert_eq!((help.status, &*help.stderr), (Some(0), ""));
    let words: Vec<_> = help.stdout.split_whitespace().collect();
    let text = words.join(" ");
    for expected in [
        "[default: users.db]",
        "[default: 12]",
        "[default: 1]",
        "--force",
        "mysql://",
    ] {
        assert!(text.contains(expected), "{expected} in {text}");
    }
}

#[test]
fn a_wrong_command_line_ends_with_status_2_and_shows_no_password() {
    for wrong in [
        &["--users", "-1"][..],
        &["--users", "many"],
        &["--random-seed", "x"],
        &["--no-such-option"],
        &["users.db"],
        &["--database"],
        &["--database", "mysql://ada:pa55word@localhost"],
        &["--database", "mysql://ada:pa55word@localhost:port/db"],
        &[
            "--database",
            "mysql://ada:pa55word@localhost/db?no_such_thing=1",
        ],
        &["--database", "postgres://ada:pa55word@localhost/db"],
        &["--databse", "mysql://ada:pa55word@localhost/db"],
    ] {
        let ended = run(command().args(wrong));
        assert_eq!(
            (ended.status, &*ended.stdout),
            (Some(2), ""),
            "{wrong:?}: {}",
            ended.stderr
        );
        assert!(
            ended.stderr.starts_with("error: ") && ended.stderr.contains("\nhelp: "),
            "{}",
            ended.stderr
        );
        assert!(!ended.stderr.contains("pa55word"), "{}", ended.stderr);
    }
}

#[test]
fn an_option_of_another_library_is_named_with_what_to_write_instead() {
    for (options, named, help) in [
        ("ssl-mode=REQUIRED", "`ssl-mode`", "`require_ssl=true"),
        (
            "serverVersion=8.0&charset=utf8mb4",
            "`serverVersion` and `charset`",
            "leave it out",
        ),
        ("require_ssl=yes", "`require_ssl`", "`true` or `false`"),
    ] {
        let url = format!("mysql://ada:pa55word@localhost/db?{options}");
        let ended = run(command().args(["--database", &url]));
        assert_eq!(ended.status, Some(2), "{}", ended.stderr);
        let (message, helped) = ended.stderr.split_once("\nhelp: ").expect("a help");
        assert!(message.contains(named), "{message}");
        assert!(helped.contains(help) && !helped.contains("%40"), "{helped}");
        assert!(!ended.stderr.contains("pa55word"), "{}", ended.stderr);
    }
    let ended = run(command().args(["--database", "mysql://ada:pa55word@localhost"]));
    assert!(
        ended.stderr.contains("has no database name"),
        "{}",
        ended.stderr
    );
    assert!(
        ended.stderr.contains("%40 for @, %2F for /"),
        "{}",
        ended.stderr
    );
}
