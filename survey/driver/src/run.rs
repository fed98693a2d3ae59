//! Runs the programs.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::libraries::{Database, LIBRARIES, Library, Program};
use crate::questions::{MYSQL, Question, SQLITE};

/// The answer of one library to one question: the columns of a table.
pub struct Answer {
    pub library: &'static Library,
    pub question: &'static Question,
    pub columns: Vec<(String, String)>,
}

/// Most of an answer's time is waiting, so several run at the same time.
const AT_ONCE: usize = 6;

/// Only a program that hangs takes this long.
const LIMIT: Duration = Duration::from_secs(900);

/// The questions of a quick run.
const QUICK: [&str; 2] = ["statement", "transaction"];

/// Returns what is asked, in the order of the page.
fn jobs(quick: bool, only: Option<&str>) -> Vec<(&'static Library, &'static Question)> {
    let mut jobs = Vec::new();
    for library in LIBRARIES {
        if only.is_some_and(|only| only != library.name) {
            continue;
        }
        let questions = match library.database {
            Database::Sqlite => SQLITE,
            Database::Mysql => MYSQL,
        };
        let asked = |question: &&Question| {
            library.is_asked(question) && (!quick || QUICK.contains(&question.name))
        };
        jobs.extend(
            questions
                .iter()
                .filter(asked)
                .map(|question| (library, question)),
        );
    }
    jobs
}

/// Asks every library every question, or some. The answers are in the order of the page.
pub fn all(programs: &Path, quick: bool, only: Option<&str>) -> Vec<Answer> {
    let jobs = jobs(quick, only);
    let count = jobs.len();
    let answers = Mutex::new((0..count).map(|_| None).collect::<Vec<_>>());
    let jobs = Mutex::new(jobs.into_iter().enumerate());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let job = jobs.lock().expect("no panic").next();
                    let Some((index, (library, question))) = job else {
                        break;
                    };
                    let columns = ask(programs, library, question);
                    eprintln!("{}, {}: {columns:?}", library.name, question.name);
                    let answer = Answer {
                        library,
                        question,
                        columns,
                    };
                    answers.lock().expect("no panic")[index] = Some(answer);
                }
            });
        }
    });
    let answers = answers.into_inner().expect("no panic");
    answers
        .into_iter()
        .map(|answer| answer.expect("every job ran"))
        .collect()
}

/// Saves the answers of a run, so that the page can be written again without asking.
pub fn save(file: &Path, answers: &[Answer]) {
    let answers: Vec<_> = answers.iter().map(|answer| &answer.columns).collect();
    let text = serde_json::to_string(&answers).expect("text");
    fs::write(file, text).expect("the answers can be saved");
}

/// Returns the answers of the last run.
pub fn saved(file: &Path) -> Vec<Answer> {
    let text = fs::read_to_string(file).expect("the answers of a run");
    let answers: Vec<Vec<(String, String)>> = serde_json::from_str(&text).expect("answers");
    let jobs = jobs(false, None);
    assert_eq!(jobs.len(), answers.len(), "the questions have changed");
    let answers = jobs.into_iter().zip(answers);
    answers
        .map(|((library, question), columns)| Answer {
            library,
            question,
            columns,
        })
        .collect()
}

fn ask(programs: &Path, library: &Library, question: &Question) -> Vec<(String, String)> {
    let mut command = Command::new(programs.join(library.program.file()));
    if library.program == Program::Python {
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("python/sqlite.py"));
    }
    command
        .env("SURVEY_PYTHON", programs.join(Program::Python.file()))
        .args([library.name, question.name])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut stderr = child.stderr.take().expect("a pipe");
    let errors = thread::spawn(move || {
        let mut text = String::new();
        let _ = stderr.read_to_string(&mut text);
        text
    });
    let begun = Instant::now();
    let status = loop {
        match child.try_wait().expect("it is our child") {
            Some(status) => break status,
            None if begun.elapsed() > LIMIT => {
                let _ = child.kill();
                let _ = child.wait();
                return vec![("the statement".into(), "**the program hangs**".into())];
            }
            None => thread::sleep(Duration::from_millis(20)),
        }
    };
    let mut output = String::new();
    let mut stdout = child.stdout.take().expect("a pipe");
    stdout.read_to_string(&mut output).expect("text");
    let errors = errors.join().expect("no panic");
    assert!(
        status.success(),
        "{}, {}: {status}\n{errors}",
        library.name,
        question.name
    );
    let line = output.lines().last().unwrap_or_default();
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {output:?}\n{errors}"))
}
