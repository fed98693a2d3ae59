//! Submissions that misbehave: the reference solution of task 0 with hostile code. The verdict says what happened, in time,
//! and no process or file is left. Runs in each sandbox that this machine has.

#[path = "support/processes.rs"]
mod processes;
#[path = "support/sandboxes.rs"]
mod sandboxes;
#[path = "support/submission.rs"]
mod submission;

use std::fs;
use std::num::NonZero;
use std::path::Path;
use std::time::Duration;

use checker::compile::Compiled;
use checker::judge::{Extras, Judge};
use checker::outcome::Verdict;
use checker::process::{self, End, Limits, MOST_OUTPUT};
use checker::sandbox::{Mounts, Sandbox};

use processes::expect_none_left;
use sandboxes::sandboxes;
use submission::{CHECK, checks, reference, with_twist};

/// The time that a check waits. A check that waits for nothing takes two or three times that long.
const DEADLINE: Duration = Duration::from_secs(2);

/// Functions of C that a twist may call.
const C: &str = "unsafe extern \"C\" {
    fn _exit(status: i32) -> !;
    fn close(file: i32) -> i32;
    fn fork() -> i32;
    fn pause() -> i32;
    fn raise(signal: i32) -> i32;
    fn setsid() -> i32;
}";

#[test]
fn a_check_that_hangs_fails() {
    for verdict in verdicts("fn twist() { loop { std::thread::park(); } }", CHECK) {
        let Verdict::Failed { message, .. } = verdict else {
            panic!("{verdict:?}")
        };
        assert_eq!(message, "expected: the check ends\nfound: it still runs");
    }
}

#[test]
fn a_process_that_stops_itself_times_out() {
    for verdict in verdicts("fn twist() { unsafe { raise(19) }; }", CHECK) {
        assert!(matches!(verdict, Verdict::TimedOut { .. }), "{verdict:?}");
    }
}

#[test]
fn thousands_of_programs_are_killed() {
    let twist = "fn twist() {
        let sleep = || std::process::Command::new(\"sleep\").arg(\"86400.MARK\").spawn();
        let children: Vec<_> = (0..50_000).map(|_| sleep()).collect();
        drop(children);
        loop { std::thread::park(); }
    }";
    for verdict in patient_verdicts(twist, CHECK) {
        expect_crash(&verdict, "too many processes");
    }
}

/// Limited to 4096, to protect the machine that runs the tests.
#[test]
fn a_fork_bomb_is_killed() {
    let twist = "fn twist() {
        for _ in 0..12 { unsafe { fork() }; }
        loop { unsafe { pause() }; }
    }";
    for verdict in patient_verdicts(twist, CHECK) {
        expect_crash(&verdict, "too many processes");
    }
}

#[test]
fn an_allocation_of_10_gib_is_killed() {
    let at_once = "fn twist() { std::hint::black_box(vec![1_u8; 10 << 30]); }";
    for verdict in verdicts(at_once, CHECK) {
        expect_crash(&verdict, "too much memory");
    }
    let by_and_by = "fn twist() {
        let pieces: Vec<_> = (0..3000).map(|_| vec![1_u8; 1 << 20]).collect();
        loop { std::hint::black_box(&pieces); std::thread::park(); }
    }";
    for verdict in patient_verdicts(by_and_by, CHECK) {
        expect_crash(&verdict, "too much memory");
    }
    let in_many_processes = "fn twist() {
        for _ in 0..12 { if unsafe { fork() } == 0 { break; } }
        let piece = vec![1_u8; 100 << 20];
        loop { std::hint::black_box(&piece); unsafe { pause() }; }
    }";
    for verdict in patient_verdicts(in_many_processes, CHECK) {
        expect_crash(&verdict, "too much memory");
    }
}

/// The check that collects the output reaches the limit of memory; the others discard it.
#[test]
fn a_gigabyte_of_output_fills_nothing() {
    let twist = "fn twist() {
        use std::io::Write;
        let line = [b'x'; 1 << 16];
        for _ in 0..1 << 14 { std::io::stdout().write_all(&line).unwrap(); }
    }";
    for verdict in patient_verdicts(twist, "quiet::the_library_prints_nothing") {
        let (Verdict::Failed { message: text, .. } | Verdict::Crashed { output: text, .. }) =
            verdict
        else {
            panic!("{verdict:?}")
        };
        assert!(text.len() <= 1 << 20, "{} bytes are kept", text.len());
    }
}

#[test]
fn a_gigabyte_of_output_keeps_its_beginning_and_end() {
    let limits = Limits {
        time: Duration::from_secs(60),
        memory: 1 << 30,
        processes: 10,
        output: 1 << 16,
    };
    let script = "echo begun; head -c 1000000000 /dev/zero; echo ended";
    let ended = process::run(
        &Sandbox::None,
        &Mounts::default(),
        Path::new("/bin/sh"),
        limits,
        |command| {
            command.args(["-c", script]);
        },
    );
    let ended = ended.expect("it starts");
    assert!(
        matches!(ended.end, End::Exited(status) if status.success()),
        "{}",
        ended.how()
    );
    let note = format!(
        "\n[{} bytes of output were cut here]\n",
        1_000_000_012 - limits.output
    );
    assert_eq!(ended.stdout.len(), limits.output + note.len());
    assert!(ended.stdout.starts_with(b"begun\n") && ended.stdout.ends_with(b"ended\n"));
    assert!(String::from_utf8_lossy(&ended.stdout).contains(&note));
}

#[test]
fn megabytes_of_compiler_errors_keep_their_beginning_and_end_with_a_note() {
    let text = "long ".repeat(20_000);
    let calls = "error!();\n".repeat(50);
    let twist = format!(
        "fn twist() {{}}\nmacro_rules! error {{ () => {{ compile_error!({text:?}); }} }}\n{calls}"
    );
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(folder.path().join("src")).expect("a folder");
    let root = folder.path().join("src/lib.rs");
    fs::write(&root, with_twist(&twist)).expect("room for a file");
    let manifest = reference().task.path().join("Cargo.toml");
    fs::copy(manifest, folder.path().join("Cargo.toml")).expect("room for a file");

    let problem = reference()
        .compile(&root, &["checks"], &Sandbox::None)
        .expect_err("an error");
    assert!(
        problem.details.len() < MOST_OUTPUT + 1000,
        "{} bytes",
        problem.details.len()
    );
    assert!(problem.details.contains("bytes of output were cut here"));
    assert!(
        problem.details.starts_with("error: long") && problem.details.contains("aborting due to")
    );

    // The part that stays in memory until the class is graded, and in the cache.
    let judge = Judge {
        sandbox: Sandbox::None,
        extras: Extras::Never,
        at_once: NonZero::<usize>::MIN,
        is_quick: false,
        stays: None,
    };
    let judged = judge.judge(reference(), folder.path(), &|_, _| {});
    let details = judged.problem.expect("it does not compile").details;
    assert!(details.len() < 66_000, "{} bytes", details.len());
    assert!(details.contains("[cut here: it was"));
}

#[test]
fn a_stack_overflow_crashes() {
    let twist = "fn twist() { descend(&mut [0; 100]); }
        #[allow(unconditional_recursion)]
        fn descend(above: &mut [u64; 100]) { let mut here = *above; descend(std::hint::black_box(&mut here)); above[0] += here[0]; }";
    for verdict in verdicts(twist, CHECK) {
        expect_crash(&verdict, "overflowed its stack");
    }
}

#[test]
fn a_bad_memory_access_crashes() {
    let twist =
        "fn twist() { unsafe { std::ptr::without_provenance_mut::<u8>(8).write_volatile(1); } }";
    for verdict in verdicts(twist, CHECK) {
        expect_crash(&verdict, "SIGSEGV");
    }
}

#[test]
fn exit_with_0_does_not_pass() {
    for verdict in verdicts("fn twist() { std::process::exit(0); }", CHECK) {
        expect_crash(&verdict, "exit status 0 before the check did");
    }
}

#[test]
fn closed_output_does_not_pass() {
    for verdict in verdicts("fn twist() { unsafe { close(1); close(2); } }", CHECK) {
        expect_crash(&verdict, "close standard output");
    }
}

/// Deletes its current folder, its folder for temporary files, and the folder of its program.
#[test]
fn deleting_its_folders_harms_only_itself() {
    let twist = "fn twist() {
        let program = std::env::current_exe().unwrap();
        for folder in [std::env::current_dir().unwrap(), std::env::temp_dir(), program.parent().unwrap().into()] {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let _ = std::fs::remove_dir_all(entry.path());
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }";
    let neighbour = tempfile::NamedTempFile::new().expect("room for a file");
    for verdict in verdicts(twist, CHECK) {
        assert_ne!(verdict, Verdict::Passed);
    }
    assert!(neighbour.path().exists());
}

/// Only in a PID namespace: without one, processes in a new session are not found.
#[test]
fn a_background_process_is_killed() {
    let twist = "fn twist() {
        unsafe {
            if fork() == 0 {
                setsid();
                if fork() == 0 { loop { pause(); } }
                _exit(0);
            }
        }
        std::process::Command::new(\"setsid\").args([\"sleep\", \"86400.MARK\"]).spawn().unwrap();
    }";
    let submission = Submission::compile(twist);
    for sandbox in sandboxes()
        .iter()
        .filter(|sandbox| **sandbox != Sandbox::None)
    {
        assert_eq!(submission.run(CHECK, sandbox), Verdict::Passed);
        submission.expect_gone();
    }
}

#[track_caller]
fn expect_crash(verdict: &Verdict, expected: &str) {
    match verdict {
        Verdict::Crashed { how, .. } if how.contains(expected) => {}
        other => panic!("expected: a crash, and that {expected}\nfound: {other:#?}"),
    }
}

/// Returns the verdict in each sandbox. Nothing may be left.
fn verdicts(twist: &str, check: &str) -> Vec<Verdict> {
    Submission::compile(twist).verdicts(check)
}

/// The same, with a long deadline for a twist that takes an unknown time.
fn patient_verdicts(twist: &str, check: &str) -> Vec<Verdict> {
    let mut submission = Submission::compile(twist);
    submission.compiled.deadline = 10 * DEADLINE;
    submission.verdicts(check)
}

struct Submission {
    compiled: Compiled,
    mark: String,
}

impl Submission {
    fn compile(twist: &str) -> Submission {
        let mark = fastrand::u64(..).to_string();
        let text = format!("{}\n{C}\n", with_twist(&twist.replace("MARK", &mark)));
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().join("lib.rs");
        fs::write(&root, text).expect("room for a file");
        let compiled = reference().compile(&root, &["checks"], &Sandbox::None);
        let mut compiled = compiled.unwrap_or_else(|problem| panic!("{}", problem.details));
        compiled.deadline = DEADLINE;
        Submission { compiled, mark }
    }

    fn verdicts(&self, check: &str) -> Vec<Verdict> {
        let verdict = |sandbox: &Sandbox| {
            let verdict = self.run(check, sandbox);
            self.expect_gone();
            verdict
        };
        sandboxes().iter().map(verdict).collect()
    }

    fn run(&self, check: &str, sandbox: &Sandbox) -> Verdict {
        let ran = self
            .compiled
            .run(checks(), check, sandbox)
            .expect("a check that starts");
        ran.verdict
    }

    /// Neither the program of the checks nor what it started.
    #[track_caller]
    fn expect_gone(&self) {
        expect_none_left(&self.mark);
        expect_none_left(&self.compiled.folder().to_string_lossy());
    }
}
