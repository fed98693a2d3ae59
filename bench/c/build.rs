//! Compiles `two_queries.c`, a separate program, and links it with the SQLite that libsqlite3-sys has compiled.

use std::env;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    println!("cargo:rerun-if-changed=two_queries.c");
    let variable = |name: &str| env::var(name).unwrap_or_else(|_| panic!("Cargo sets {name}"));
    let program = Path::new(&variable("OUT_DIR")).join("two_queries");
    let status = cc::Build::new()
        .include(variable("DEP_SQLITE3_INCLUDE"))
        .get_compiler()
        .to_command()
        .arg("two_queries.c")
        .arg(Path::new(&variable("DEP_SQLITE3_LIB_DIR")).join("libsqlite3.a"))
        .args(["-lpthread", "-lm", "-ldl", "-o"])
        .arg(&program)
        .status();
    println!("cargo:rustc-env=TWO_QUERIES={}", program.display());
    match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        failed => {
            println!("cargo:warning=two_queries.c was not compiled: {failed:?}");
            ExitCode::FAILURE
        }
    }
}
