//! Rules for the lessons, which are each task's README.md: what they link to is there, they name every check, all their
//! Rust runs, and `flashcards.md` holds their questions. And what they say of Rust that no doc test can show.

use std::collections::HashSet;
use std::fs;
use std::panic::{catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const TASKS: [&str; 4] = [
    "0-databaseconnection",
    "1-execute",
    "2-concurrent",
    "3-mysql-pool",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn lesson(task: &str) -> String {
    read(&root().join(task).join("README.md"))
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The one source is the lessons. `UPDATE=1 cargo test -p shared --test lessons` writes the file anew.
#[test]
fn the_flashcards_are_the_questions_of_the_lessons() {
    let mut cards = "#flashcards\n\n# Flashcards\n\n\
        The questions of the four lessons, for Obsidian's spaced repetition plugin: question, `?`, answer. Made of the \
        lessons by\n`UPDATE=1 cargo test -p shared --test lessons`.\n"
        .to_owned();
    for task in TASKS {
        let text = lesson(task);
        let title = text.lines().next().unwrap().strip_prefix("# ").unwrap();
        cards += &format!("\n## {title}\n");
        let questions = questions(&text);
        assert!(questions.len() >= 5, "{task}");
        for (question, answer) in questions {
            cards += &format!("\n{question}\n?\n{}\n", links_from_the_root(&answer, task));
        }
    }
    let file = root().join("flashcards.md");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, &cards).unwrap();
    }
    assert!(
        read(&file) == cards,
        "flashcards.md is not what the lessons give: UPDATE=1 cargo test -p shared --test lessons"
    );
}

/// Each `<details>` is a question and its answer. In a flashcard neither may hold an empty line, which ends the card.
fn questions(lesson: &str) -> Vec<(String, String)> {
    let details = lesson.split("<details><summary>").skip(1);
    details
        .map(|part| {
            let (question, rest) = part.split_once("</summary>\n\n").unwrap();
            let (answer, _) = rest.split_once("\n\n</details>").unwrap();
            assert!(
                !answer.contains("\n\n"),
                "an empty line in the answer to: {question}"
            );
            (markdown(question), answer.lines().collect::<Vec<_>>().join(" "))
        })
        .collect()
}

/// Inside a `<summary>` there is no Markdown.
fn markdown(html: &str) -> String {
    let text = html.replace("<code>", "`").replace("</code>", "`");
    assert!(!text.contains(['<', '>']), "{html}");
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

fn links_from_the_root(answer: &str, task: &str) -> String {
    let mut parts = answer.split("](");
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        let link = match part.strip_prefix("../") {
            _ if part.starts_with("https:") => part.to_owned(),
            _ if part.starts_with('#') => format!("{task}/README.md{part}"),
            Some(above) => above.to_owned(),
            None => format!("{task}/{part}"),
        };
        text += &format!("]({link}");
    }
    text
}

#[test]
fn every_link_of_a_markdown_file_leads_somewhere() {
    let mut files = Vec::new();
    find_markdown(&root(), &mut files);
    assert!(files.len() > TASKS.len(), "{files:?}");
    let mut broken = Vec::new();
    for file in &files {
        for link in links(&without_code(&read(file))) {
            if !leads_somewhere(file, &link) {
                broken.push(format!(
                    "{}: {link}",
                    file.strip_prefix(root()).unwrap().display()
                ));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

fn find_markdown(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy();
        if name.starts_with('.') || name == "target" {
            continue;
        }
        if path.is_dir() {
            find_markdown(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

/// What stands in blocks of code, or between backticks, is no link.
fn without_code(text: &str) -> String {
    let mut in_block = false;
    let mut rest = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            rest += line;
            rest.push('\n');
        }
    }
    // The text of a link may be code: the brackets around it stay.
    rest.split('`').step_by(2).collect()
}

/// `[text](link)`, `[name]: link`, and the `src` of an image.
fn links(text: &str) -> Vec<String> {
    let inline = text.split("](").skip(1).map(|part| part.split(')').next());
    let images = text.split("src=\"").skip(1).map(|part| part.split('"').next());
    let named = text
        .lines()
        .filter_map(|line| line.strip_prefix('[')?.split_once("]: "))
        .map(|(_, link)| Some(link));
    inline
        .chain(images)
        .chain(named)
        .map(|link| link.unwrap().to_owned())
        .collect()
}

fn leads_somewhere(file: &Path, link: &str) -> bool {
    if link.starts_with("https://") {
        return true; // the network is no affair of a test
    }
    let (path, heading) = link.split_once('#').unwrap_or((link, ""));
    let target = match path {
        "" => file.to_owned(),
        _ => file.parent().unwrap().join(path),
    };
    target.exists() && (heading.is_empty() || headings(&read(&target)).contains(heading))
}

/// As GitHub names them in a link.
fn headings(text: &str) -> HashSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let words = line.trim_start_matches('#').trim().to_lowercase();
            let kept = words
                .chars()
                .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

#[test]
fn each_lesson_leads_to_each_file_of_its_checks() {
    for task in TASKS {
        let links = links(&without_code(&lesson(task)));
        for entry in fs::read_dir(root().join(task).join("tests/checks")).unwrap() {
            let path = entry.unwrap().path();
            let link = format!("tests/checks/{}", path.file_name().unwrap().to_string_lossy());
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
        let library = read(&root().join(task).join("src/lib.rs"));
        assert!(
            library.contains("#[cfg(doctest)]\n#[doc = include_str!(\"../README.md\")]\nstruct"),
            "{task}"
        );
        for (language, block) in blocks(&lesson(task)) {
            let known = ["console", "python", "python aiosqlite", "python aiomysql", "rust"];
            let fails = language.starts_with("rust,compile_fail");
            assert!(known.contains(&language.as_str()) || fails, "{task}: {language}");
            // GitHub shows the lines that rustdoc hides.
            let hides = block.lines().any(|line| line.trim_start().starts_with("# "));
            assert!(!language.starts_with("rust") || !hides, "{task}: {block}");
        }
    }
}

#[test]
fn the_python_and_rust_of_the_readme_stand_in_a_lesson_word_for_word() {
    let lessons: Vec<_> = TASKS.iter().flat_map(|task| blocks(&lesson(task))).collect();
    let snippets = blocks(&read(&root().join("README.md")));
    for snippet in snippets
        .into_iter()
        .filter(|(language, _)| language != "console" && language != "text")
    {
        assert!(lessons.contains(&snippet), "{}", snippet.1);
    }
}

/// Each block of code: what stands behind its opening backticks, and its lines.
fn blocks(text: &str) -> Vec<(String, String)> {
    let fenced = text.split("\n```").skip(1).step_by(2);
    fenced
        .map(|block| block.split_once('\n').unwrap())
        .map(|(language, lines)| (language.to_owned(), lines.to_owned()))
        .collect()
}

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
        let output = in_a_process_of_its_own(way);
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(printed.contains("begun"), "{way}: {output:?}");
        assert_eq!(printed.contains("dropped"), is_dropped, "{way}: {output:?}");
    }
}

#[test]
fn a_panic_in_a_drop_during_a_panic_aborts() {
    let output = in_a_process_of_its_own("panic twice");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        printed.contains("begun") && !printed.contains("went on"),
        "{output:?}"
    );
    assert!(!output.status.success(), "{output:?}");
}

fn in_a_process_of_its_own(way: &str) -> Output {
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
        return; // somebody runs all tests
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

/// What the lesson of task 2 says of `try_zip` and `try_join!`.
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
