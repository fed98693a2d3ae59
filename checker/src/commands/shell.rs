//! Command lines for the user to type next, valid in the current folder.

use std::env;
use std::path::Path;

use checker::task::workspace;

/// Returns the command that runs this program: Cargo's, inside or outside the workspace, or its own name.
pub fn program() -> String {
    if env::var_os("CARGO").is_none() {
        return env::args_os()
            .next()
            .map_or_else(|| "checker".to_owned(), |name| quoted(Path::new(&name)));
    }
    let release = if cfg!(debug_assertions) {
        ""
    } else {
        " --release"
    };
    let is_inside = env::current_dir().is_ok_and(|here| here.starts_with(workspace()));
    let manifest = if is_inside {
        String::new()
    } else {
        format!(
            " --manifest-path {}",
            quoted(&workspace().join("Cargo.toml"))
        )
    };
    format!("cargo run{release}{manifest} --bin checker --")
}

/// Quotes a path so that a shell reads it as one word.
pub fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "-_./+,@%:=".contains(c);
    if !path.is_empty() && path.chars().all(is_plain) {
        return path;
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_a_shell_would_split_is_quoted() {
        assert_eq!(quoted(Path::new("../my/Übung-1")), "../my/Übung-1");
        assert_eq!(quoted(Path::new("my work/a")), "'my work/a'");
        assert_eq!(quoted(Path::new("it's")), r"'it'\''s'");
    }
}
