//! The flashcards hold the questions of the lessons. They are generated, so that a question is written once.

use std::fs;

use rules::{TASKS, lesson, read, root};

/// The one source is the lessons. `UPDATE=1 cargo test -p rules --test flashcards` writes the file again.
#[test]
fn the_flashcards_are_the_questions_of_the_lessons() {
    let mut cards = "#flashcards\n\n# Flashcards\n\n\
        The questions of the four lessons, for Obsidian's spaced repetition plugin: question, `?`, answer. Made of the \
        lessons by\n`UPDATE=1 cargo test -p rules --test flashcards`.\n"
        .to_owned();
    for task in TASKS {
        let text = lesson(task);
        let title = text.lines().next().unwrap().strip_prefix("# ").unwrap();
        cards += &format!("\n## {title}\n");
        let questions = questions(&text);
        assert!(questions.len() >= 5, "{task}");
        for (question, answer) in questions {
            cards += &format!("\n{question}\n?\n{}\n", links_from_docs(&answer, task));
        }
    }
    let file = root().join("docs/flashcards.md");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, &cards).unwrap();
    }
    assert!(
        read(&file) == cards,
        "docs/flashcards.md differs from the lessons: run UPDATE=1 cargo test -p rules --test flashcards"
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
            (
                markdown(question),
                answer.lines().collect::<Vec<_>>().join(" "),
            )
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

/// Rewrites the links of a lesson for a file in `docs/`.
fn links_from_docs(answer: &str, task: &str) -> String {
    let mut parts = answer.split("](");
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        let link = match part.strip_prefix("../") {
            _ if part.starts_with("https:") => part.to_owned(),
            _ if part.starts_with('#') => format!("../{task}/README.md{part}"),
            Some(above) => format!("../{above}"),
            None => format!("../{task}/{part}"),
        };
        text += &format!("]({link}");
    }
    text
}
