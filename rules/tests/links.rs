//! Every link of a Markdown file leads to a file and a heading that exist: a broken link is the first thing that a
//! newcomer notices. Links to the network are not tried.

use std::path::Path;

use rules::{TASKS, find_markdown, headings, links, read, root, without_code};

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

fn leads_somewhere(file: &Path, link: &str) -> bool {
    if link.starts_with("https://") {
        return true; // the network is no affair of a test
    }
    let (path, heading) = link.split_once('#').unwrap_or((link, ""));
    let target = match path {
        "" => file.to_owned(),
        _ => file.parent().unwrap().join(path),
    };
    let is_in = |text: &str| lines_exist(text, heading) || headings(text).contains(heading);
    target.exists() && (heading.is_empty() || is_in(&read(&target)))
}

/// Returns whether a link such as `file.rs#L10-L20` leads to lines of the file.
fn lines_exist(text: &str, lines: &str) -> bool {
    let (first, last) = lines.split_once('-').unwrap_or((lines, lines));
    let number = |line: &str| line.strip_prefix('L')?.parse::<usize>().ok();
    match (number(first), number(last)) {
        (Some(first), Some(last)) => 0 < first && first <= last && last <= text.lines().count(),
        _ => false,
    }
}
