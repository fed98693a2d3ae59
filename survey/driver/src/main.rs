//! Asks every library every question, each in a separate process, and writes `docs/dropped-futures.md`.
//!
//! `driver ROOT PROGRAMS [OPTION]...`: the repository's folder, the folder with the compiled programs, and the options of
//! `survey/run`.

#![forbid(unsafe_code)]

mod libraries;
mod page;
mod questions;
mod run;

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let (Some(root), Some(programs)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: driver ROOT PROGRAMS [OPTION]...");
        return ExitCode::from(2);
    };
    let (mut quick, mut check, mut page, mut only) = (false, false, false, None);
    while let Some(option) = arguments.next() {
        match (option.as_str(), &mut only) {
            ("--quick", _) => quick = true,
            ("--check", _) => check = true,
            ("--page", _) => page = true,
            ("--only", only) => *only = arguments.next(),
            _ => {
                eprintln!("error: unknown option: `{option}`");
                eprintln!("help: run `survey/run --help` for a list");
                return ExitCode::from(2);
            }
        }
    }
    let root = Path::new(&root);
    let answers_file = Path::new(&programs).join("answers.json");
    let answers = if page {
        run::saved(&answers_file)
    } else {
        run::all(Path::new(&programs), quick, only.as_deref())
    };
    let file = root.join("docs/dropped-futures.md");
    if only.is_some() {
        return ExitCode::SUCCESS;
    }
    if quick {
        let page = fs::read_to_string(&file).expect("the page can be read");
        let differences = page::differences(root, &page, &answers);
        differences
            .iter()
            .for_each(|table| eprintln!("not on the page:\n{table}"));
        return verdict(differences.is_empty());
    }
    run::save(&answers_file, &answers);
    let page = page::write(root, &answers);
    if !check {
        fs::write(&file, page).expect("the page can be written");
        return ExitCode::SUCCESS;
    }
    let before = fs::read_to_string(&file).expect("the page can be read");
    for (number, (old, new)) in before.lines().zip(page.lines()).enumerate() {
        if old != new {
            eprintln!("line {}:\n- {old}\n+ {new}", number + 1);
        }
    }
    verdict(before == page)
}

fn verdict(agrees: bool) -> ExitCode {
    if agrees {
        return ExitCode::SUCCESS;
    }
    eprintln!("error: the answers differ from the page");
    eprintln!("help: run `survey/run` to write the page again");
    ExitCode::FAILURE
}
