//! Tests `checker grade`.

use std::collections::HashSet;
use std::env;
use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use rustix::process::{Pid, Signal, getuid, kill_process};
use serde_json::Value;

use super::program::{Class, Ran, checker, run, solution, task_0, text, wrong};

/// Returns a `grade` command, in the sandbox if this machine has bubblewrap.
pub fn grade<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = checker(["grade"]);
    if checker::bubblewrap::find().is_err() {
        command.arg("--unsandboxed");
    }
    command.args(arguments);
    command
}

pub fn graded<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Ran {
    Ran::new(grade(arguments).output().expect("the program starts"))
}

/// Packs these files in a folder.
fn tar_gz(files: &[(&str, String)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, contents) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(contents.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, format!("work/{name}"), contents.as_bytes())
            .expect("memory");
    }
    tar.into_inner()
        .and_then(GzEncoder::finish)
        .expect("memory")
}

fn manifest() -> String {
    fs::read_to_string(task_0().path().join("Cargo.toml")).expect("a manifest")
}

#[test]
fn a_class_is_graded_and_each_submission_gets_its_verdict() {
    let class = Class::new();
    let alice = class.add("alice", &solution());
    let bob = class.add("bob", &wrong("a_list_of_open_connections"));
    let carol = class.add("carol", "pub fn");
    let dave = class.path().join("dave.tar.gz");
    let files = [
        ("name", text(class.path())),
        ("Cargo.toml", manifest()),
        ("src/lib.rs", solution()),
    ];
    fs::write(&dave, tar_gz(&files)).expect("an archive");
    let erin = class.path().join("erin.zip");
    fs::write(&erin, "PK\x03\x04, and no more").expect("an archive that is broken");
    let frank = class.named("frank");
    fs::create_dir(&frank).expect("a folder");

    let (dave, erin) = (text(&dave), text(&erin));
    let all = [&*alice, &bob, &carol, &dave, &erin, &frank];
    let ran = graded(all.into_iter().chain(["--format", "json"]));
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    let json: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let submissions = json["submissions"].as_array().expect("a list");
    let of = |index: usize| {
        (
            submissions[index]["name"].as_str(),
            submissions[index]["passed"].as_bool(),
        )
    };
    assert_eq!(of(0), (Some("alice"), Some(true)));
    assert_eq!(of(1), (Some("bob"), Some(false)));
    assert_eq!(of(2), (Some("carol"), Some(false)));
    assert_eq!(of(3), (Some("dave"), Some(true)));
    assert_eq!(of(4), (Some("erin"), Some(false)));
    assert_eq!(of(5), (Some("frank"), Some(false)));
    let problem = |index: usize| submissions[index]["problem"]["whose"].as_str();
    assert_eq!([problem(4), problem(5)], [Some("your_code"); 2]);
    assert_eq!(submissions[2]["tasks"][0]["problem"]["whose"], "your_code");
    let passed = submissions[1]["tasks"][0]["checks"]
        .as_array()
        .expect("a list")
        .iter();
    assert_eq!(
        passed.filter(|check| check["verdict"] == "passed").count(),
        24
    );

    // The other formats, from the cache.
    let output = class.named("grades.xml");
    let ran = graded(
        all.into_iter()
            .chain(["--format", "junit", "--output", &output]),
    );
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(0), ""), "{ran:?}");
    assert!(fs::read_to_string(&output).is_ok_and(|xml| xml.starts_with("<?xml")));
    let table = graded(all);
    assert!(
        table.stdout.contains("6 submissions: 2 passed"),
        "{}",
        table.stdout
    );
    let one = graded([&*bob, "--format", "gradescope"]);
    let results: Value = serde_json::from_str(&one.stdout).expect("JSON");
    assert_eq!(results["score"], 24);
}

#[test]
fn a_submissions_name_does_not_control_the_terminal() {
    let class = Class::new();
    let names = ["ada\x1b[2J", "\u{202e}bob", "carol\u{9b}1A\nfake"].map(|name| class.named(name));
    for name in &names {
        fs::create_dir(name).expect("a folder");
    }
    for several in [&names[..], &names[..1]] {
        let ran = graded(several.iter().map(String::as_str));
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains("ada"), "{said:?}");
        assert!(!said.contains(['\x1b', '\u{202e}', '\u{9b}']), "{said:?}");
        assert!(
            !said.lines().any(|line| line.starts_with("fake")),
            "{said:?}"
        );
    }
}

/// If a folder were made private after it was created, another user could enter it first and change a submission.
#[test]
fn temporary_folders_are_private_from_the_moment_they_exist() {
    let can_trace = Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .output();
    if !can_trace.is_ok_and(|output| output.status.success()) {
        return println!("not tried: `strace` does not work here");
    }
    let class = Class::new();
    let (archive, trace, temporary) = (
        class.named("a.tar.gz"),
        class.named("trace"),
        class.named("temporary"),
    );
    fs::write(&archive, tar_gz(&[("notes.txt", "no task".to_owned())])).expect("an archive");
    fs::create_dir(&temporary).expect("a folder");
    let grade = grade([&*archive]);
    let status = Command::new("/bin/sh")
        .args([
            "-c",
            "umask 000 && exec strace -f -e trace=mkdir,mkdirat -o \"$@\"",
            "sh",
            &trace,
        ])
        .arg(grade.get_program())
        .args(grade.get_args())
        .env("TMPDIR", &temporary)
        .output();
    assert!(status.is_ok_and(|output| output.status.success()));
    let trace = fs::read_to_string(trace).expect("a trace");
    let made: Vec<&str> = trace
        .lines()
        .filter(|call| {
            let name = call
                .split('"')
                .nth(1)
                .and_then(|path| path.strip_prefix(&temporary));
            // The folders directly in it; unpacked files are inside them.
            name.is_some_and(|name| {
                name.matches('/').count() == 1
                    || name.contains("/.unpacking-") && name.matches('/').count() == 2
            })
        })
        .collect();
    assert!(made.len() >= 2, "{trace}");
    assert!(made.iter().all(|call| call.contains(", 0700")), "{made:#?}");
}

#[test]
fn a_verdict_stays_in_the_cache_until_the_submission_changes() {
    let class = Class::new();
    let bob = class.add("bob", &wrong("a_list_of_open_connections"));
    let note = "--fresh";
    assert!(!graded([&*bob]).stderr.contains(note));
    assert!(graded([&*bob]).stderr.contains(note));
    assert!(!graded([&*bob, "--fresh"]).stderr.contains(note));
    class.add("bob", &solution());
    let ran = graded([&*bob, "--format", "csv"]);
    assert!(!ran.stderr.contains(note), "{ran:?}");
    assert!(!ran.stdout.contains("failed"), "{ran:?}");
}

#[test]
fn ctrl_c_ends_what_runs_and_loses_nothing() {
    let class = Class::new();
    let first = class.add("a", &solution());
    // It signals that it runs, and never ends.
    let marker = format!("sleeper-{}", std::process::id());
    let hangs = solution().replace(
        "pub fn fetch_users(",
        &format!("pub fn fetch_users(c: &Connection) -> Result<Vec<User>> {{ let _ = std::process::Command::new(\"sleep\").args([\"1000\"]).env(\"WHO\", \"{marker}\").status(); fetch(c) }}\nfn fetch("),
    );
    let second = class.add("b", &hangs);
    let report = class.named("report.json");
    let child = grade([
        &*first, &second, "--jobs", "1", "--format", "json", "--output", &report,
    ])
    .stdout(Stdio::null())
    .stderr(Stdio::piped())
    .spawn()
    .expect("the program starts");
    let begun = Instant::now();
    while !runs(&marker) {
        assert!(begun.elapsed().as_secs() < 300, "the second one never ran");
        // Leaves time for the build.
        sleep(Duration::from_millis(10));
    }
    kill_process(Pid::from_child(&child), Signal::INT).expect("it runs");
    let ran = Ran::new(child.wait_with_output().expect("its end"));
    assert_eq!(ran.status, Some(130), "{ran:?}");
    assert!(ran.stderr.contains("goes on from here"), "{ran:?}");
    assert!(
        !Path::new(&report).exists(),
        "a report that is not whole is not written"
    );
    while runs(&marker) {
        assert!(begun.elapsed().as_secs() < 300, "what it ran still runs");
        sleep(Duration::from_millis(10));
    }
    assert!(graded([&*first]).stderr.contains("--fresh"));
}

/// Returns whether a process has this text in its environment.
fn runs(marker: &str) -> bool {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|process| fs::read(process.path().join("environ")).ok())
        .any(|environment| {
            environment
                .windows(marker.len())
                .any(|part| part == marker.as_bytes())
        })
}

#[test]
fn without_bubblewrap_it_says_so_and_needs_an_option() {
    let class = Class::new();
    let alice = class.add("alice", &solution());
    // A bubblewrap that fails, as in many containers.
    let folder = class.path().join("bin");
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("bwrap"), "#!/bin/sh\nexit 1\n").expect("a file");
    let mut chmod = Command::new("chmod");
    assert!(
        chmod
            .arg("+x")
            .arg(folder.join("bwrap"))
            .status()
            .is_ok_and(|status| status.success())
    );
    let path = format!(
        "{}:{}",
        folder.display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let run = |arguments: &[&str]| {
        let mut command = checker(arguments.iter().copied());
        Ran::new(
            command
                .env("PATH", &path)
                .output()
                .expect("the program starts"),
        )
    };
    let ran = run(&["grade", &alice]);
    ran.expect_error("bubblewrap");
    assert!(ran.stderr.contains("--unsandboxed"), "{ran:?}");
    let ran = run(&["grade", &alice, "--unsandboxed"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(ran.stdout.contains("28 of 28"), "{ran:?}");
}

/// Returns a PATH with a `bwrap` that prints `reason` and exits with 1 if an argument contains `argument`, and otherwise runs bubblewrap.
fn path_with_bwrap(class: &Class, argument: &str, reason: &str) -> OsString {
    let folder = class.path().join("programs");
    fs::create_dir(&folder).expect("a folder");
    let bwrap = folder.join("bwrap");
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in {argument}) echo {reason:?} >&2; exit 1;; esac\n\
         PATH=${{PATH#*:}}; exec bwrap \"$@\"\n"
    );
    fs::write(&bwrap, script).expect("a script");
    fs::set_permissions(&bwrap, Permissions::from_mode(0o755)).expect("a script of ours");
    let path = env::var_os("PATH").expect("a PATH");
    env::join_paths([folder].into_iter().chain(env::split_paths(&path))).expect("a PATH")
}

#[test]
fn bubblewraps_error_is_shown_with_advice() {
    let class = Class::new();
    let alice = class.add("alice", &solution());
    let reason = "bwrap: setting up uid map: Permission denied";
    let path = path_with_bwrap(&class, "*", reason);
    let run = |arguments: &[&str]| {
        let mut command = checker(arguments.iter().copied());
        Ran::new(
            command
                .env("PATH", &path)
                .output()
                .expect("the program starts"),
        )
    };
    let ran = run(&["grade", &alice]);
    ran.expect_error(reason);
    assert!(
        ran.stderr.contains("namespaces") && !ran.stderr.contains("install it"),
        "{ran:?}"
    );
    let ran = run(&["grade", &alice, "--unsandboxed=if-needed"]);
    assert!(
        ran.status == Some(0) && ran.stdout.contains("28 of 28"),
        "{ran:?}"
    );
    assert!(
        ran.stderr.starts_with("not sandboxed: ") && ran.stderr.contains(reason),
        "{ran:?}"
    );
}

#[test]
fn gradescopes_script_writes_its_results_with_a_sandbox_or_without() {
    // Many containers allow namespaces but no /proc in them.
    for broken in ["NONE", "*--proc*"] {
        let class = Class::new();
        let root = class.path().join("autograder");
        fs::create_dir_all(root.join("results")).expect("a folder");
        class.add("autograder/submission", &solution());
        let script = checker::task::workspace().join("docs/gradescope/run_autograder");
        let ran = Command::new(script)
            .env("AUTOGRADER", &root)
            .env("CHECKER", env!("CARGO_BIN_EXE_checker"))
            .env(
                "PATH",
                path_with_bwrap(&class, broken, "bwrap: Can't mount proc"),
            )
            .output();
        let ran = Ran::new(ran.expect("the script starts"));
        assert_eq!(ran.status, Some(0), "{ran:?}");
        let results = fs::read(root.join("results/results.json")).expect("results");
        let results: Value = serde_json::from_slice(&results).expect("JSON");
        assert_eq!(results["score"], 28);
    }
}

/// 8 GiB of zeros below `target/`, in a few megabytes: skipping them takes a minute or more.
#[test]
fn ctrl_c_ends_the_unpacking_of_a_large_archive() {
    let class = Class::new();
    let mut header = tar::Header::new_gnu();
    header.set_path("target/zeros").expect("a short name");
    header.set_size(8 << 30);
    header.set_cksum();
    let gzip = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder
            .write_all(bytes)
            .and_then(|()| encoder.finish())
            .expect("memory")
    };
    let zeros = gzip(&vec![0; 64 << 20]);
    let archive = class.path().join("alice.tar.gz");
    fs::write(
        &archive,
        [gzip(header.as_bytes()), zeros.repeat(128)].concat(),
    )
    .expect("an archive");
    let temporary = class.path().join("temporary");
    fs::create_dir(&temporary).expect("a folder");

    let mut child = grade([&*text(&archive)])
        .env("TMPDIR", &temporary)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let is_unpacking = || {
        let folders = fs::read_dir(&temporary).expect("a folder").flatten();
        folders
            .flat_map(|folder| fs::read_dir(folder.path()))
            .flatten()
            .count()
            > 0
    };
    wait_until(is_unpacking);
    kill_process(Pid::from_child(&child), Signal::INT).expect("it runs");
    wait_until(|| child.try_wait().expect("its status").is_some());
    let ran = Ran::new(child.wait_with_output().expect("its output"));
    assert_eq!(ran.status, Some(130), "{ran:?}");
    assert_eq!(fs::read_dir(&temporary).expect("a folder").count(), 0);
}

/// Generous, but shorter than the work that is interrupted.
const DEADLINE: Duration = Duration::from_secs(30);

#[track_caller]
fn wait_until(mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < DEADLINE, "gave up waiting");
        sleep(Duration::from_millis(10));
    }
}

/// With any umask and from the moment they exist: each folder is examined as soon as it appears.
#[test]
fn no_other_user_can_look_into_its_temporary_folders() {
    let class = Class::new();
    let archive = class.path().join("alice.tar.gz");
    let files = [
        ("name", text(class.path())),
        ("Cargo.toml", manifest()),
        ("src/lib.rs", solution()),
    ];
    fs::write(&archive, tar_gz(&files)).expect("an archive");
    let temporary = class.path().join("temporary");
    fs::create_dir(&temporary).expect("a folder");
    for folder in [class.path(), &temporary] {
        fs::set_permissions(folder, Permissions::from_mode(0o755)).expect("a folder of ours");
    }

    let program = grade([&*text(&archive)]);
    let mut child = Command::new("sh")
        .args(["-c", "umask 0; exec \"$0\" \"$@\""])
        .arg(program.get_program())
        .args(program.get_args())
        .env("TMPDIR", &temporary)
        .stdout(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut seen = HashSet::new();
    let begun = Instant::now();
    while child.try_wait().expect("its status").is_none() {
        for entry in fs::read_dir(&temporary).expect("a folder").flatten() {
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            assert_eq!(metadata.permissions().mode() & 0o077, 0, "{entry:?}");
            // Tries as another user, if this test may. Cargo's linker makes files here, whose names are no secret.
            let is_new = seen.insert(entry.file_name());
            if is_new && metadata.is_dir() && getuid().is_root() {
                let mut list = Command::new("ls");
                list.arg(entry.path()).uid(65534).gid(65534);
                let listed = list.output().expect("ls starts");
                assert!(
                    !listed.status.success() && listed.stdout.is_empty(),
                    "{listed:?}"
                );
            }
        }
        assert!(begun.elapsed() < 10 * DEADLINE, "it does not end");
    }
    assert!(child.wait().expect("its status").success());
    assert!(
        seen.len() >= 3,
        "an archive, the programs, a check's folder: {seen:?}"
    );
}

#[test]
fn an_archive_in_a_folder_as_moodle_makes_them_is_graded() {
    let class = Class::new();
    let folder = class.path().join("Alice Doe_123_assignsubmission_file");
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("onlinetext.html"), "<p>here it is</p>").expect("a file");
    let files = [
        ("name", text(class.path())),
        ("Cargo.toml", manifest()),
        ("src/lib.rs", solution()),
    ];
    fs::write(folder.join("Work.TGZ"), tar_gz(&files)).expect("an archive");
    let ran = graded([&*text(&folder), "--format", "json"]);
    let json: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let submission = &json["submissions"][0];
    assert_eq!(submission["name"], "Alice Doe_123_assignsubmission_file");
    assert_eq!(submission["passed"], true, "{ran:?}");

    // It does not choose one of two archives.
    fs::write(folder.join("work.zip"), "PK\x03\x04").expect("an archive");
    let ran = graded([&*text(&folder)]);
    for name in ["`Work.TGZ`", "`work.zip`", "unpack the one that counts"] {
        assert!(ran.stdout.contains(name), "{ran:?}");
    }
    run(["check", &text(&folder)]).expect_error("work.zip");
}

/// A link at the report's name, which another user may have made in a shared folder, is replaced and not followed.
#[test]
fn a_report_is_not_written_through_a_link() {
    let class = Class::new();
    let (victim, report) = (class.path().join("victim"), class.path().join("report.csv"));
    fs::write(&victim, "mine").expect("a file");
    symlink(&victim, &report).expect("a link");
    fs::create_dir(class.path().join("empty")).expect("a folder");
    let ran = graded([
        &*class.named("empty"),
        "--format",
        "csv",
        "--output",
        &text(&report),
    ]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert_eq!(fs::read_to_string(&victim).expect("a file"), "mine");
    assert!(fs::symlink_metadata(&report).expect("a report").is_file());
    assert!(
        fs::read_to_string(&report)
            .expect("a report")
            .contains("empty")
    );
}
