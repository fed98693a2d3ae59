//! The variants of task 2's program take the same options and print the same as the program.

use robustness::program::{command, run};

const EXPECTED: &str = include_str!("../../2-concurrent/expected.txt");

#[test]
fn on_sqlx_and_on_every_runtime_print_what_the_task_prints() {
    let on_every_runtime = env!("CARGO_BIN_EXE_robust-2-on-every-runtime");
    let variants: [(&str, &[&str]); 5] = [
        (env!("CARGO_BIN_EXE_robust-2"), &[]),
        (env!("CARGO_BIN_EXE_robust-2-on-sqlx"), &[]),
        (on_every_runtime, &["--runtime", "tokio"]),
        (on_every_runtime, &["--runtime", "async-std"]),
        (on_every_runtime, &["--runtime", "smol"]),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let mut others = Vec::new();
    for (program, options) in variants {
        let print = |more: &[&str]| {
            let mut command = command(program, folder.path());
            let outcome = run(command.args(options).args(more)).expect("it ends");
            assert_eq!(outcome.status, Some(0), "{program} {more:?}: {outcome:?}");
            outcome
        };
        assert_eq!(print(&[]).stdout, EXPECTED, "{program} {options:?}");
        others.push(print(&["--format", "csv", "--older-than", "24"]).stdout);
        let timeline = print(&["--database", "users.db", "--timeline"]);
        assert_eq!(timeline.stdout, EXPECTED, "{program} {options:?}");
        assert!(timeline.stderr.contains("SELECT"), "{timeline:?}");
    }
    assert!(others.iter().all(|csv| csv == &others[0]), "{others:#?}");
}
