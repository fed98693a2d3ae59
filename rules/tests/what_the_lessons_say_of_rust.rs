//! The lessons' claims about Rust that no doc test can show: when a drop runs, and when it does not.

use std::panic::{catch_unwind, resume_unwind};
use std::process::{Command, Output};

/// Says so when it is dropped.
struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        println!("dropped");
    }
}

#[test]
fn a_drop_runs_on_a_return_and_on_a_panic_but_not_on_exit_abort_or_forget() {
    for (way, is_dropped) in [
        ("return", true),
        ("panic", true),
        ("exit", false),
        ("abort", false),
        ("forget", false),
    ] {
        let output = in_a_separate_process(way);
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(printed.contains("begun"), "{way}: {output:?}");
        assert_eq!(printed.contains("dropped"), is_dropped, "{way}: {output:?}");
    }
}

#[test]
fn a_panic_in_a_drop_during_a_panic_aborts() {
    let output = in_a_separate_process("panic twice");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        printed.contains("begun") && !printed.contains("went on"),
        "{output:?}"
    );
    assert!(!output.status.success(), "{output:?}");
}

fn in_a_separate_process(way: &str) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "ends_as_it_is_told", "--ignored", "--nocapture"])
        .env("WAY_TO_END", way)
        .output()
        .unwrap()
}

#[test]
#[ignore = "the other half of the two tests above, which run it"]
fn ends_as_it_is_told() {
    struct Panics;

    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("in a drop");
        }
    }

    let Ok(way) = std::env::var("WAY_TO_END") else {
        return; // it runs with all other tests
    };
    println!("begun");
    if way == "panic twice" {
        let _ = catch_unwind(|| {
            let _guard = Panics;
            resume_unwind(Box::new("the first"));
        });
        println!("went on");
        return;
    }
    let guard = Guard;
    match way.as_str() {
        "return" => {}
        "panic" => resume_unwind(Box::new("on purpose")),
        "exit" => std::process::exit(0),
        "abort" => std::process::abort(),
        "forget" => std::mem::forget(guard),
        _ => panic!("{way}?"),
    }
}

/// A claim of the lesson of task 2 about `try_zip` and `try_join!`.
#[test]
fn when_one_of_two_joined_futures_fails_the_other_is_dropped() {
    use std::cell::Cell;
    use std::future::pending;

    struct SetOnDrop<'a>(&'a Cell<bool>);

    impl Drop for SetOnDrop<'_> {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }

    async fn waits(dropped: &Cell<bool>) -> Result<(), ()> {
        let _guard = SetOnDrop(dropped);
        pending().await
    }

    smol::block_on(async {
        let dropped = Cell::new(false);
        let failed = smol::future::try_zip(waits(&dropped), async { Err::<(), _>(()) }).await;
        assert!(failed.is_err() && dropped.get());

        let dropped = Cell::new(false);
        let failed: Result<((), ()), ()> =
            async { tokio::try_join!(waits(&dropped), async { Err(()) }) }.await;
        assert!(failed.is_err() && dropped.get());
    });
}
