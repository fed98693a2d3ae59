//! The lessons stay true: each links to every file of its checks, all their Rust runs as doc tests, and the README quotes
//! them word for word.

use std::fs;

use rules::{TASKS, blocks, lesson, links, read, root, without_code};

#[test]
fn each_lesson_leads_to_each_file_of_its_checks() {
    for task in TASKS {
        let links = links(&without_code(&lesson(task)));
        for entry in fs::read_dir(root().join(task).join("tests/checks")).unwrap() {
            let path = entry.unwrap().path();
            let link = format!(
                "tests/checks/{}",
                path.file_name().unwrap().to_string_lossy()
            );
            if read(&path).contains("#[test]") {
                assert!(links.contains(&link), "{task}: {link}");
            }
        }
    }
}

/// A lesson is part of the documentation when the doc tests are collected, and none of its blocks is left out.
#[test]
fn all_rust_of_the_lessons_runs_as_doc_tests() {
    for task in TASKS {
        let library = read(root().join(task).join("src/lib.rs"));
        assert!(
            library.contains("#[cfg(doctest)]\n#[doc = include_str!(\"../README.md\")]\nstruct"),
            "{task}"
        );
        for (language, block) in blocks(&lesson(task)) {
            let known = [
                "console",
                "python",
                "python aiosqlite",
                "python aiomysql",
                "rust",
            ];
            let fails = language.starts_with("rust,compile_fail");
            assert!(
                known.contains(&language.as_str()) || fails,
                "{task}: {language}"
            );
            // GitHub shows the lines that rustdoc hides.
            let hides = block
                .lines()
                .any(|line| line.trim_start().starts_with("# "));
            assert!(!language.starts_with("rust") || !hides, "{task}: {block}");
        }
    }
}

#[test]
fn the_python_and_rust_of_the_readme_stand_in_a_lesson_word_for_word() {
    let lessons: Vec<_> = TASKS
        .iter()
        .flat_map(|task| blocks(&lesson(task)))
        .collect();
    let snippets = blocks(&read(root().join("README.md")));
    for snippet in snippets
        .into_iter()
        .filter(|(language, _)| language != "console" && language != "text")
    {
        assert!(lessons.contains(&snippet), "{}", snippet.1);
    }
}
