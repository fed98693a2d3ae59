//! Captures the output of an example for a test.
//!
//! An example prints with `println!`, like any program. A test target that includes it as a module declares another
//! `println!` before it, which prints here:
//!
//! ```
//! use testkit::examples::printed;
//!
//! macro_rules! println {
//!     ($($text:tt)*) => { testkit::examples::print(format_args!($($text)*)) };
//! }
//!
//! mod greet {
//!     pub fn lesson() {
//!         println!("Hello {}", "Alice");
//!     }
//! }
//!
//! assert_eq!(printed(greet::lesson), "Hello Alice\n");
//! ```

use std::fmt;
use std::fs;
use std::mem;
use std::path::Path;
use std::sync::Mutex;

use crate::lock;

/// The text that all threads have printed: examples start threads.
static PRINTED: Mutex<String> = Mutex::new(String::new());

/// Adds a line to the captured output.
pub fn print(line: fmt::Arguments<'_>) {
    *lock(&PRINTED) += &format!("{line}\n");
}

/// Returns everything that is printed while `run` runs. Examples run one at a time.
pub fn printed(run: impl FnOnce()) -> String {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = lock(&TURN);
    lock(&PRINTED).clear();
    run();
    mem::take(&mut *lock(&PRINTED))
}

/// Returns the text with values that differ in each run, such as a port or a path, replaced by a word.
pub fn replaced(text: &str, replacements: &[(&str, &str)]) -> String {
    let replace = |text: String, (from, to): &(&str, &str)| text.replace(from, to);
    replacements.iter().fold(text.to_owned(), replace)
}

/// Returns the names of a package's examples that these tests do not run: no test includes the file as a module and
/// calls a function in it.
///
/// # Panics
///
/// When the package's folder `examples` cannot be read, or has none in it.
pub fn without_a_test(package: impl AsRef<Path>, tests: &str) -> Vec<String> {
    let files = fs::read_dir(package.as_ref().join("examples")).expect("a folder with examples");
    let names = files.filter_map(|file| {
        let path = file.expect("an example").path();
        let is_example = path.extension().is_some_and(|extension| extension == "rs");
        is_example.then(|| {
            path.file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned()
        })
    });
    let names: Vec<String> = names.collect();
    assert!(!names.is_empty(), "no examples");
    let is_tested = |name: &String| {
        tests.contains(&format!("/examples/{name}.rs\"]")) && tests.contains(&format!("{name}::"))
    };
    names.into_iter().filter(|name| !is_tested(name)).collect()
}
