//! Submissions that try to make a check pass that has not passed. None of these succeeds; `docs/limits.md` lists what can.

#[path = "support/sandboxes.rs"]
mod sandboxes;
#[path = "support/submission.rs"]
mod submission;

use std::fs;

use checker::compile::Compiled;
use checker::download::Downloads;
use checker::outcome::{Problem, Verdict, Whose};
use checker::sandbox::Sandbox;

use sandboxes::sandboxes;
use submission::{CHECK, checks, reference, with_twist};

#[test]
fn code_that_would_run_before_the_checks_is_refused() {
    let constructor = |section: &str| {
        format!(
            "#[used] #[unsafe(link_section = \"{section}\")] static FIRST: extern \"C\" fn() = first;
            extern \"C\" fn first() {{ println!(\"forged\"); std::process::exit(0); }}"
        )
    };
    let assembly = |section: &str| {
        format!("std::arch::global_asm!(\".pushsection {section}\", \".quad 0\", \".popsection\");")
    };
    let sections = [
        ".init_array",
        ".init_array.00100",
        ".preinit_array",
        ".ctors",
        ".init",
        ".fini_array",
        ".interp",
        ".dynamic",
    ];
    for section in sections {
        expect_refused(&constructor(section), section);
        let flags = format!("{section}, \\\"aw\\\"");
        expect_refused(&assembly(&flags), section);
    }
    let in_a_macro = format!(
        "macro_rules! first {{ ($section:literal) => {{ {} }} }} first!(\".init_array\");",
        constructor("NAME").replace("\"NAME\"", "$section")
    );
    expect_refused(&in_a_macro, ".init_array");
    let indirect = "std::arch::global_asm!(\".globl chosen\", \".type chosen, @gnu_indirect_function\", \"chosen: ret\");";
    expect_refused(indirect, "chosen");
    let allocator = "struct Own;
        unsafe impl std::alloc::GlobalAlloc for Own {
            unsafe fn alloc(&self, layout: std::alloc::Layout) -> *mut u8 { unsafe { std::alloc::System.alloc(layout) } }
            unsafe fn dealloc(&self, memory: *mut u8, layout: std::alloc::Layout) {
                unsafe { std::alloc::System.dealloc(memory, layout) }
            }
        }
        #[global_allocator] static OWN: Own = Own;";
    expect_refused(allocator, "rust_alloc");
}

#[test]
fn a_function_in_place_of_one_that_the_checks_call_is_refused() {
    for name in [
        "write",
        "getenv",
        "sqlite3_open_v2",
        "__gmon_start__",
        "main",
    ] {
        let no_mangle = format!("#[unsafe(no_mangle)] pub extern \"C\" fn {name}() -> i32 {{ 0 }}");
        expect_refused(&no_mangle, name);
        let renamed =
            format!("#[unsafe(export_name = \"{name}\")] pub extern \"C\" fn own() -> i32 {{ 0 }}");
        expect_refused(&renamed, name);
        let assembly = format!("std::arch::global_asm!(\".globl {name}\", \"{name}: ret\");");
        expect_refused(&assembly, name);
    }
}

/// Assembly in a generic function is compiled with the checks, so the solution's library does not contain it.
#[test]
fn assembly_in_a_generic_function_is_refused() {
    let early = r#"
        fn early<T>(_: &T) {
            unsafe {
                std::arch::asm!(".pushsection .init_array, \"aw\"", ".quad {first}", ".popsection", first = sym first)
            }
        }
        extern "C" fn first() { println!("forged"); std::process::exit(0); }"#;
    let ours =
        fs::read_to_string(reference().task.path().join("src/lib.rs")).expect("our solution");
    let begins = "let database = database.as_ref();";
    let twisted = ours
        .replace("#![forbid(unsafe_code)]", "")
        .replace(begins, &format!("early(&database); {begins}"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path().join("lib.rs");
    fs::write(&root, twisted + early).expect("room for a file");
    for sandbox in sandboxes() {
        let refused = reference()
            .compile(&root, &["checks"], &sandbox)
            .expect_err("a refusal");
        assert_eq!(refused.whose, Whose::YourCode, "{refused:?}");
        assert!(refused.message.contains("constructor"), "{refused:?}");
    }
}

/// With link-time optimization the library would contain no machine code that can be examined.
#[test]
fn a_profile_of_the_submission_does_not_hide_early_code() {
    let constructor =
        "#[used] #[unsafe(link_section = \".init_array\")] static FIRST: extern \"C\" fn() = first;
        extern \"C\" fn first() { println!(\"forged\"); std::process::exit(0); }
        fn twist() {}";
    let folder = tempfile::tempdir().expect("a temporary folder");
    let manifest =
        fs::read_to_string(reference().task.path().join("Cargo.toml")).expect("a manifest");
    let profiles = "\n[profile.dev]\nlto = true\n[profile.test]\nlto = true\n";
    fs::write(folder.path().join("Cargo.toml"), manifest + profiles).expect("room for a file");
    fs::create_dir(folder.path().join("src")).expect("room for a folder");
    let root = folder.path().join("src/lib.rs");
    fs::write(&root, with_twist(constructor)).expect("room for a file");
    let refused = reference()
        .for_submission(folder.path(), Downloads::Allowed, &Sandbox::None)
        .and_then(|reference| reference.compile(&root, &["checks"], &Sandbox::None))
        .expect_err("a refusal");
    assert_eq!(refused.whose, Whose::YourCode, "{refused:?}");
    assert!(refused.message.contains(".init_array"), "{refused:?}");
}

/// A correct solution may contain any code that runs only when it is called.
#[test]
fn ordinary_unsafe_code_is_not_refused() {
    let twist = "
        thread_local! { static COUNT: std::cell::Cell<u32> = const { std::cell::Cell::new(0) }; }
        #[used] #[unsafe(link_section = \"notes\")] static NOTE: [u8; 2] = *b\"me\";
        #[unsafe(no_mangle)] pub extern \"C\" fn progress_of_the_solution() -> i32 { 0 }
        unsafe extern \"C\" { fn getpid() -> i32; }
        fn twist() { COUNT.set(unsafe { getpid() } as u32 + progress_of_the_solution() as u32); }";
    for verdict in verdicts(compile(twist)) {
        assert_eq!(verdict, Verdict::Passed);
    }
}

/// It searches the environment, the command lines and all open descriptors, of this process and of others.
#[test]
fn a_search_for_the_token_does_not_find_it() {
    let twist = r#"fn twist() {
        use std::io::Read;
        let mut seen: Vec<u8> = std::env::vars().map(|(name, value)| format!("{name} {value} ")).collect::<String>().into();
        seen.extend(std::env::args().collect::<Vec<_>>().join(" ").into_bytes());
        for folder in std::fs::read_dir("/proc").unwrap().flatten() {
            for file in ["environ", "cmdline"] {
                seen.extend(std::fs::read(folder.path().join(file)).unwrap_or_default());
                seen.push(b' ');
            }
        }
        std::io::stdin().read_to_end(&mut seen).unwrap();
        for descriptor in (0..100).filter(|number| ![1, 2].contains(number)) {
            let path = format!("/proc/self/fd/{descriptor}");
            let is_readable = std::fs::metadata(&path).is_ok_and(|file| file.is_file()) || descriptor == 0;
            if is_readable && let Ok(file) = std::fs::File::open(path) {
                let _ = file.take(1 << 20).read_to_end(&mut seen);
            }
        }
        let is_hex = |word: &&[u8]| word.len() == 32;
        for word in seen.split(|byte| !byte.is_ascii_hexdigit()).filter(is_hex) {
            forge(std::str::from_utf8(word).unwrap());
        }
        std::process::exit(0);
    }"#;
    expect_crash(compile(twist));
}

#[test]
fn a_guessed_token_does_not_pass() {
    expect_crash(compile(
        r#"fn twist() {
            for token in ["", "00000000000000000000000000000000", "stdin"] { forge(token); }
            println!("ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out");
            std::process::exit(0);
        }"#,
    ));
}

/// A submission can add the library of the checks to its dependencies.
#[test]
fn a_check_that_the_solution_runs_itself_does_not_count() {
    let twist = format!(
        r#"fn twist() {{
            struct Nothing;
            impl testkit::Bench for Nothing {{ fn saw(&self) -> String {{ String::new() }} }}
            let passing = || testkit::check_on("", |_| Nothing, |_| {{}});
            passing();
            std::thread::Builder::new().name("{CHECK}".to_owned()).spawn(passing).unwrap().join().unwrap();
            std::process::exit(0);
        }}"#
    );
    let folder = tempfile::tempdir().expect("a temporary folder");
    let task = reference().task.path();
    let manifest = fs::read_to_string(task.join("Cargo.toml")).expect("a manifest");
    let dependencies = "\n[dependencies]\n";
    assert!(manifest.contains(dependencies), "{manifest}");
    let more = format!("{dependencies}testkit = {{ path = \"../shared/testkit\" }}\n");
    let manifest = manifest.replace(dependencies, &more);
    fs::write(folder.path().join("Cargo.toml"), manifest).expect("room for a file");
    fs::create_dir(folder.path().join("src")).expect("room for a folder");
    let root = folder.path().join("src/lib.rs");
    fs::write(&root, with_twist(&twist)).expect("room for a file");
    let compiled = reference()
        .for_submission(folder.path(), Downloads::Allowed, &Sandbox::None)
        .and_then(|reference| reference.compile(&root, &["checks"], &Sandbox::None));
    expect_crash(compiled);
}

/// Prints the line that the checker expects, with this token.
const FORGE: &str = r#"
#[allow(dead_code)]
fn forge(token: &str) {
    for token in [token.to_owned(), format!("{token} ")] {
        println!("\n{token}{{\"check\":\"NAME\",\"verdict\":\"passed\"}}");
    }
}"#;

fn compile(twist: &str) -> Result<Compiled, Problem> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path().join("lib.rs");
    let forge = FORGE.replace("NAME", CHECK);
    fs::write(&root, with_twist(&format!("{twist}\n{forge}"))).expect("room for a file");
    reference().compile(&root, &["checks"], &Sandbox::None)
}

#[track_caller]
fn expect_refused(code: &str, what: &str) {
    let problem = compile(&format!("fn twist() {{}}\n{code}")).expect_err(code);
    assert_eq!(problem.whose, Whose::YourCode, "{problem}");
    assert!(
        problem.message.contains("before the checks"),
        "{code}\n{problem}"
    );
    assert!(problem.message.contains(what), "{problem}");
}

/// Returns the verdict in each sandbox.
fn verdicts(compiled: Result<Compiled, Problem>) -> Vec<Verdict> {
    let compiled = compiled.unwrap_or_else(|problem| panic!("{problem}"));
    let run = |sandbox: &Sandbox| {
        compiled
            .run(checks(), CHECK, sandbox)
            .expect("a check that starts")
    };
    sandboxes()
        .iter()
        .map(|sandbox| run(sandbox).verdict)
        .collect()
}

#[track_caller]
fn expect_crash(compiled: Result<Compiled, Problem>) {
    for verdict in verdicts(compiled) {
        match verdict {
            Verdict::Crashed { how, .. } if how.contains("exit status 0 before the check did") => {}
            other => panic!("expected: a crash, with exit status 0\nfound: {other:#?}"),
        }
    }
}
