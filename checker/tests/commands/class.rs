//! Tests `checker grade` and `checker merge` with a class: in parts on several machines, again later, and with submissions
//! and files as people send them.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};

use checker::solution::{Kind, Solution};
use serde_json::Value;

use super::grade::{grade, graded};
use super::program::{Class, Ran, checker, run, solution, task_0, wrong};

/// Adds submissions of task 0 to a class, right and wrong ones in random proportion.
fn add_random(class: &Class, count: usize) -> Vec<String> {
    let solutions = Solution::all(task_0()).expect("solutions that can be read");
    let (right, wrong): (Vec<_>, Vec<_>) = solutions
        .into_iter()
        .partition(|one| one.kind == Kind::Right);
    let share = fastrand::f64();
    let add = |number: usize| {
        let some = if fastrand::f64() < share {
            &right
        } else {
            &wrong
        };
        let solution = &some[fastrand::usize(..some.len())];
        let name = format!("student-{number:03}");
        // No two are the same, so that the cache has each once.
        class.add(&name, &format!("{}\n// {name}", solution.program))
    };
    (0..count).map(add).collect()
}

fn strs(texts: &[String]) -> impl Iterator<Item = &str> {
    texts.iter().map(String::as_str)
}

#[test]
fn a_class_graded_in_shards_and_merged_is_the_class_graded_in_one_run() {
    let class = Class::new();
    let submissions = add_random(&class, 6);
    let parts: Vec<String> = (1..=3).map(|k| class.named(&format!("{k}.json"))).collect();
    for (number, part) in (1..).zip(&parts) {
        let shard = format!("{number}/3");
        let ran = graded(
            strs(&submissions).chain(["--shard", &shard, "--format", "json", "--output", part]),
        );
        assert_eq!(ran.status, Some(0), "{ran:?}");
        assert!(!ran.stderr.contains("--fresh"), "graded twice: {ran:?}");
    }
    // From the cache: what a check saw differs from run to run.
    let whole = class.named("whole.json");
    let ran = graded(strs(&submissions).chain(["--format", "json", "--output", &whole]));
    assert!(ran.stderr.contains("6 of 6 had been graded"), "{ran:?}");

    let ran = run(["merge"]
        .into_iter()
        .chain(strs(&parts))
        .chain(["--format", "json"]));
    assert_eq!((ran.status, &*ran.stderr), (Some(0), ""), "{ran:?}");
    let whole = fs::read_to_string(whole).expect("a report");
    assert!(ran.stdout == whole, "{}\n{whole}", ran.stdout);
    let json: Value = serde_json::from_str(&whole).expect("JSON");
    assert_eq!(
        json["checks"][0]["required"].as_array().map(Vec::len),
        Some(28)
    );
    assert_eq!(json["class"].as_array().map(Vec::len), Some(6));

    // A part that is lost, one that comes twice, and one that is cut off.
    let cut = class.named("cut.json");
    fs::write(&cut, &whole[..whole.len() / 2]).expect("a file");
    let ran = run(["merge", &parts[0], &parts[1], &parts[0], &cut]);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    for message in [
        "cut.json: it ends in the middle",
        "graded twice, with the same verdict: student-000 is in ",
        "2 of 6 submissions are missing: student-002, student-005",
    ] {
        assert!(ran.stderr.contains(message), "{message}: {ran:?}");
    }
    assert!(ran.stdout.contains("4 submissions: "), "{ran:?}");
    run(["merge", &cut]).expect_error("ends in the middle");
    run(["merge", &class.named("none.json")]).expect_error("none.json");

    // Another version of the checks.
    let other = class.named("other.json");
    let version = json["checks"][0]["version"].as_str().expect("a version");
    fs::write(&other, whole.replace(version, "0123")).expect("a file");
    run(["merge", &parts[0], &other]).expect_error("different checks of 0-databaseconnection");
}

#[test]
fn a_wrong_shard_is_a_wrong_command_line() {
    let ran = run(["grade", "a", "--shard", "5/4"]);
    assert_eq!(ran.status, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("--shard"), "{ran:?}");
}

#[test]
fn grading_again_shows_what_changed_and_counts_points() {
    let class = Class::new();
    let bob = class.add("bob", &wrong("a_list_of_open_connections"));
    let alice = class.add("alice", &solution());
    let old = class.named("old.json");
    let ran = graded([&*alice, &bob, "--format", "json", "--output", &old]);
    assert_eq!(ran.status, Some(0), "{ran:?}");

    class.add("bob", &solution());
    let ran = graded([&*alice, &bob, "--compare", &old]);
    let line = "  bob, 0-databaseconnection: 24 of 28 → passed (the submission changed)\n";
    assert!(ran.stdout.contains(line), "{ran:?}");
    assert!(!ran.stdout.contains("  alice, "), "{ran:?}");
    // The other formats are read by programs.
    let ran = graded([&*alice, &bob, "--compare", &old, "--format", "csv"]);
    assert!(ran.stderr.contains(line), "{ran:?}");
    assert!(!ran.stdout.contains('→'), "{ran:?}");

    let points = class.named("points.toml");
    fs::write(&points, "0-databaseconnection = 14\n").expect("a file");
    let gradescope = ["--format", "gradescope", "--points", &points];
    let ran = graded([&*bob].into_iter().chain(gradescope));
    assert!(ran.stdout.contains("\"score\": 14,"), "{ran:?}");
    let ran = run(["merge", &old, "--points", &points, "--format", "csv"]);
    assert!(ran.stdout.contains(",passed,"), "{ran:?}");
    assert!(
        ran.stdout.lines().any(|line| line.ends_with(",0.5,0.5")),
        "{ran:?}"
    );

    // The example in the documentation: 6 + 2 + 4 points.
    let manual = include_str!("../../../docs/instructors.md");
    let example = manual.split_once("```toml\n").expect("an example").1;
    let example = example.split_once("```").expect("its end").0;
    fs::write(&points, example).expect("a file");
    let ran = graded([&*bob].into_iter().chain(gradescope));
    assert!(ran.stdout.contains("\"score\": 12,"), "{ran:?}");

    // Before anything is graded.
    fs::write(&points, "[0-databaseconnection]\n\nopened = -1\n").expect("a file");
    let ran = graded([&*bob].into_iter().chain(gradescope));
    ran.expect_error("points.toml, line 3: points cannot be negative");
    fs::write(&points, "[0-databaseconnection]\n\nopened = 1\n").expect("a file");
    let message =
        "points.toml, line 3: 0-databaseconnection has no required check or group `opened`";
    graded([&*bob].into_iter().chain(gradescope)).expect_error(message);
    run(["merge", &old, "--points", &points]).expect_error(message);
    graded([&*bob, "--compare", &points]).expect_error("cannot read the results");
}

#[test]
fn submissions_that_cannot_be_checked_are_one_line_each_and_the_rest_is_graded() {
    let class = Class::new();
    let alice = class.add("alice", &solution());
    let other = class.add("Alice", &wrong("a_list_of_open_connections"));
    let empty = class.named("empty");
    fs::create_dir(&empty).expect("a folder");
    let two = class.add("two", &solution());
    let copy = class.add("two/copy", &solution());
    assert!(copy.ends_with("two/copy"));
    let folder = class.path().join("two");
    fs::rename(folder.join("0-databaseconnection"), folder.join("draft")).expect("a folder");

    let ran = graded([&*alice, &other, &empty, &two, &alice]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    for line in [
        "alice       passed\n",
        "Alice       24 of 28\n",
        "it has no Cargo.toml with a package\n",
        "two, 0-databaseconnection: the submission has 2 copies of 0-databaseconnection: ",
        "4 submissions: 1 passed, 3 failed, 0 could not be checked in full\n",
    ] {
        assert!(ran.stdout.contains(line), "{line:?}: {ran:?}");
    }
    let ran = graded([&*alice, &other, &empty, &two, "--format", "csv"]);
    let rows = |start: &str| {
        ran.stdout
            .lines()
            .filter(|line| line.starts_with(start))
            .count()
    };
    assert_eq!(
        [rows("alice,"), rows("Alice,"), rows("empty,"), rows("two,")],
        [28, 28, 1, 1]
    );
}

/// In a terminal and in a file of results, names are one clean line.
#[test]
fn submissions_whose_names_look_the_same_stay_apart() {
    let class = Class::new();
    let names: [&[u8]; 7] = [
        b"a  b",
        b"a b",
        b"x",
        b"x\x1b[31m",
        b"n\xfe",
        b"n\xff",
        b"\x1b[2J",
    ];
    let folders = names.map(|name| class.path().join(OsStr::from_bytes(name)));
    for folder in &folders {
        fs::create_dir(folder).expect("a folder");
    }
    let run = |options: &[&str]| {
        let mut command = grade(options.iter().copied());
        Ran::new(command.args(&folders).output().expect("it starts"))
    };
    let parts = ["1/2", "2/2"].map(|shard| {
        let part = class.named(&format!("{}.json", &shard[..1]));
        let ran = run(&["--shard", shard, "--format", "json", "--output", &part]);
        assert_eq!(ran.status, Some(0), "{ran:?}");
        part
    });
    let merged = super::program::run(["merge", &parts[0], &parts[1], "--format", "json"]);
    assert_eq!(
        (merged.status, &*merged.stderr),
        (Some(0), ""),
        "{merged:?}"
    );
    let json: Value = serde_json::from_str(&merged.stdout).expect("JSON");
    let names = json["submissions"].as_array().expect("a list").iter();
    let names: HashSet<&str> = names.filter_map(|one| one["name"].as_str()).collect();
    assert_eq!(names.len(), 7, "{names:?}");
    assert!(names.contains("x") && !names.contains(""), "{names:?}");

    let whole = class.named("whole.json");
    fs::write(&whole, &merged.stdout).expect("a file");
    let again = run(&["--compare", &whole]);
    assert!(again.stdout.contains("no verdict changed"), "{again:?}");
}

#[test]
fn a_pipe_is_no_submission_and_is_not_waited_for() {
    let class = Class::new();
    let pipe = class.named("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.is_ok_and(|status| status.success()));
    let ran = graded([&*pipe]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(
        ran.stdout.contains("it is a pipe, a socket or a device"),
        "{ran:?}"
    );
}

/// Before anything is graded, because grading takes long.
#[test]
fn a_report_that_could_not_be_written_is_an_error_before_the_work() {
    let class = Class::new();
    let alice = class.named("alice");
    fs::create_dir(&alice).expect("a folder");
    let long = class.named(&"x".repeat(300));
    let (none, folder) = (class.named("none/report"), class.named("report/"));
    for path in [&*long, &none, &folder, &alice, "/dev/null", "/dev/stdout"] {
        // The points are read before the work, and after the report is begun.
        let ran = graded([&*alice, "--output", path, "--points", "none.toml"]);
        ran.expect_error("the report cannot be written to ");
    }
    assert_eq!(fs::read_dir(class.path()).expect("a folder").count(), 1);
}

#[test]
fn a_reader_that_closes_a_report_ends_it_quietly_in_every_format() {
    let class = Class::new();
    let bob = class.add("bob", &wrong("a_list_of_open_connections"));
    let results = class.named("results.json");
    let ran = graded([&*bob, "--format", "json", "--output", &results]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    // More than one buffer of each format, and one submission for Gradescope.
    let text = fs::read_to_string(&results).expect("a report");
    let mut json: Value = serde_json::from_str(&text).expect("JSON");
    let bob = json["submissions"][0].clone();
    for number in 0..20 {
        let mut one = bob.clone();
        one["name"] = format!("bob {number}").into();
        json["submissions"]
            .as_array_mut()
            .expect("a list")
            .push(one);
    }
    let several = class.named("several.json");
    fs::write(&several, json.to_string()).expect("a file");
    for format in ["text", "html", "json", "csv", "junit", "gradescope"] {
        let results = if format == "gradescope" {
            &results
        } else {
            &several
        };
        let mut child = checker(["merge", results, "--format", format])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        // Closed before the program writes, or while it does.
        drop(child.stdout.take());
        let ran = Ran::new(child.wait_with_output().expect("its end"));
        assert_eq!(
            (ran.status, &*ran.stderr),
            (Some(0), ""),
            "{format}: {ran:?}"
        );
    }
}

#[test]
fn ten_thousand_tiny_submissions_are_graded() {
    let class = Class::new();
    let names: Vec<String> = (0..10_000)
        .map(|number| class.named(&number.to_string()))
        .collect();
    for name in &names {
        fs::create_dir(name).expect("a folder");
    }
    let ran = graded(strs(&names).chain(["--shard", "1/2", "--format", "json"]));
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    let json: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(json["submissions"].as_array().map(Vec::len), Some(5000));
    assert_eq!(json["class"].as_array().map(Vec::len), Some(10_000));
}

/// On a terminal it says how many are done, how long the rest takes, and what it works on.
#[test]
fn progress_is_shown_on_a_terminal_and_leaves_no_trace_in_a_pipe() {
    let class = Class::new();
    let alice = class.add("alice", &solution());
    let bob = class.add("bob", &solution());
    let command = grade([&*alice, &bob, "--jobs", "1"]);
    let program = [command.get_program()]
        .into_iter()
        .chain(command.get_args());
    let words: Vec<&str> = program.map(|word| word.to_str().expect("UTF-8")).collect();
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let script = Command::new("script")
        .args(["--quiet", "--return", "--command"])
        .arg(format!("stty cols 150; {}", quoted.join(" ")))
        .arg("/dev/null")
        .env("TERM", "xterm")
        .output();
    match script {
        Ok(output) if output.status.success() => {
            let ran = Ran::new(output);
            for words in ["0 of 2", "1 of 2", " left: bob", ": alice"] {
                assert!(ran.stdout.contains(words), "{words}: {ran:?}");
            }
        }
        _ => println!("not tried on a terminal: `script` does not work here"),
    }
    let ran = graded([&*alice, &bob, "--fresh"]);
    assert_eq!((ran.status, &*ran.stderr), (Some(0), ""), "{ran:?}");
    assert!(!ran.stdout.contains(['\x1b', '\r']), "{ran:?}");
}

/// Runs a script of `docs/machines` as a machine would, and returns its result.
fn script(name: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
    let root = checker::task::workspace();
    let ran = Command::new(root.join("docs/machines").join(name))
        .args(arguments)
        .current_dir(root)
        .env("CHECKER", env!("CARGO_BIN_EXE_checker"))
        .envs(environment.iter().copied())
        .output();
    Ran::new(ran.expect("the script starts"))
}

/// Adds a class of three to a folder whose name needs quotes, and returns the folder.
fn class_in_a_folder(class: &Class) -> String {
    class.add("it's a class/alice o'hara", &solution());
    class.add("it's a class/bob", &wrong("a_list_of_open_connections"));
    fs::create_dir(class.named("it's a class/empty")).expect("a folder");
    class.named("it's a class")
}

#[test]
fn the_script_for_gnu_parallel_grades_a_class() {
    if !Command::new("parallel")
        .arg("--version")
        .output()
        .is_ok_and(|ran| ran.status.success())
    {
        return println!("not tried: there is no GNU parallel");
    }
    if checker::bubblewrap::find().is_err() {
        return println!("not tried: bubblewrap does not work here");
    }
    let class = Class::new();
    let (submissions, results) = (class_in_a_folder(&class), class.named("re'sults"));
    // This machine stands for all.
    let ran = script("grade-over-ssh", &[":", &submissions, &results], &[]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let page = fs::read_to_string(format!("{results}/class.html")).expect("a page");
    assert!(
        page.contains("<h1 dir=\"auto\">3 submissions</h1>"),
        "{page}"
    );
    assert!(page.contains("alice o&#39;hara"), "{page}");
    assert_eq!(fs::read_dir(&results).expect("a folder").count(), 5);
}

#[test]
fn the_script_for_slurm_grades_a_shard_in_each_job() {
    if checker::bubblewrap::find().is_err() {
        return println!("not tried: bubblewrap does not work here");
    }
    let class = Class::new();
    let (submissions, results) = (class_in_a_folder(&class), class.named("results"));
    fs::create_dir(&results).expect("a folder");
    let files = ["1", "2"].map(|task| {
        let environment = [
            ("SLURM_ARRAY_TASK_ID", task),
            ("SLURM_ARRAY_TASK_COUNT", "2"),
            ("SLURM_CPUS_PER_TASK", "1"),
        ];
        let ran = script("grade.sbatch", &[&submissions, &results], &environment);
        assert_eq!(ran.status, Some(0), "{ran:?}");
        format!("{results}/{task}.json")
    });
    let ran = run(["merge", &files[0], &files[1]]);
    assert_eq!((ran.status, &*ran.stderr), (Some(0), ""), "{ran:?}");
    assert!(
        ran.stdout.contains("3 submissions: 1 passed, 2 failed"),
        "{ran:?}"
    );
}

#[test]
fn the_page_is_written_for_a_class_and_for_ones_own_code() {
    let class = Class::new();
    let bob = class.add("bob", &wrong("a_list_of_open_connections"));
    let page = class.named("page.html");
    let ran = graded([&*bob, "--format", "html", "--output", &page]);
    assert_eq!((ran.status, &*ran.stdout), (Some(0), ""), "{ran:?}");
    let page = fs::read_to_string(page).expect("a page");
    // A check's timeline comes all the way from its process.
    assert!(
        page.contains("class=\"tl\"") && page.contains("24 of 28"),
        "{page}"
    );

    let ran = run(["check", &bob, "--required-only", "--format", "html"]);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(ran.stdout.starts_with("<!doctype html>\n"), "{ran:?}");
    assert!(
        ran.stdout.ends_with("</html>\n") && ran.stdout.contains("class=\"tl\""),
        "{ran:?}"
    );
}
