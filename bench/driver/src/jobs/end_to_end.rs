//! Programs from start to end: `seed`, a student's first build, and `checker`.

use std::fs;

use crate::benchmark::Benchmark;
use crate::candidate::{Candidate, How, Role, Words};
use crate::places::{Places, Result, candidate, run, words};

use super::{SECONDS, at_most, grouped, times_as_fast};

pub fn seed(places: &Places, quick: bool) -> Result<Vec<Benchmark>> {
    let number = if quick { 100_000 } else { 1_000_000 };
    let csv = places.file("users.csv");
    let source = places.users(number)?;
    let export = [
        ".mode csv",
        &format!(".once '{}'", csv.display()),
        "SELECT id, name, email, age FROM users ORDER BY id",
    ];
    run(places.sqlite_shell(&source, &export))?;

    let size = |number: u32| format!("{} users", grouped(number.into()));
    let mut benchmarks = vec![
        Benchmark {
            title: "seeding a SQLite file",
            size: size(number),
            number: number.into(),
            figures: vec![SECONDS],
            candidates: vec![
                ours_into_a_file(places, number),
                shell(places),
                python(places),
            ],
            targets: vec![
                times_as_fast("ours", SECONDS, 3.0, "Python's executemany"),
                times_as_fast("ours", SECONDS, 1.4, "the sqlite3 shell"),
            ],
            rounds: if quick { 1 } else { 5 },
        },
        Benchmark {
            title: "seeding a MySQL table",
            size: size(number),
            number: number.into(),
            figures: vec![SECONDS],
            candidates: vec![ours_into_a_table(places, number), load_data(places)],
            targets: vec![times_as_fast("ours", SECONDS, 1.0, "LOAD DATA")],
            rounds: if quick { 1 } else { 3 },
        },
    ];
    if !quick {
        // For the memory, which should be that of a million users.
        benchmarks.push(Benchmark {
            title: "seeding a SQLite file",
            size: size(10_000_000),
            number: 1e7,
            figures: vec![SECONDS],
            candidates: vec![ours_into_a_file(places, 10_000_000)],
            targets: Vec::new(),
            rounds: 1,
        });
    }
    Ok(benchmarks)
}

fn csv(places: &Places) -> String {
    places.file("users.csv").display().to_string()
}

fn removing(places: &Places, file: &str) -> Words {
    words(["rm".as_ref(), "-rf".as_ref(), places.file(file).as_os_str()])
}

fn ours_into_a_file(places: &Places, number: u32) -> Candidate {
    Candidate {
        name: "ours",
        role: Role::Ours,
        how: How::Runs {
            before: vec![removing(places, "seed.db")],
            timed: words([
                places.program("seed").as_os_str(),
                "--database".as_ref(),
                places.file("seed.db").as_os_str(),
                "--users".as_ref(),
                number.to_string().as_ref(),
            ]),
            amount: None,
        },
    }
}

/// Creates the same table and index with the same durability: unsafe until the end, then written to the disk.
fn shell(places: &Places) -> Candidate {
    let (table, index) = (shared::schema::SQLITE_TABLE, shared::schema::SQLITE_INDEX);
    let commands = [
        "PRAGMA journal_mode = OFF",
        "PRAGMA locking_mode = EXCLUSIVE",
        "BEGIN",
        table,
        &format!(".import --csv '{}' users", csv(places)),
        index,
        "COMMIT",
    ];
    Candidate {
        name: "the sqlite3 shell",
        role: Role::Peer,
        how: How::Runs {
            before: vec![removing(places, "shell.db")],
            timed: places.sqlite_shell(&places.file("shell.db"), &commands),
            amount: None,
        },
    }
}

fn python(places: &Places) -> Candidate {
    Candidate {
        name: "Python's executemany",
        role: Role::Peer,
        how: How::Runs {
            before: vec![removing(places, "python.db")],
            timed: words([
                places.python().as_os_str(),
                places.bench.join("python/fill.py").as_os_str(),
                csv(places).as_ref(),
                places.file("python.db").as_os_str(),
            ]),
            amount: None,
        },
    }
}

const NEW: &str = "DROP VIEW IF EXISTS users; DROP TABLE IF EXISTS users, people, loaded";

fn ours_into_a_table(places: &Places, number: u32) -> Candidate {
    let url = places.server.url();
    Candidate {
        name: "ours",
        role: Role::Ours,
        how: How::Runs {
            before: vec![places.mariadb("mariadb", &["temp", "--execute", NEW])],
            timed: words([
                places.program("seed").as_os_str(),
                "--database".as_ref(),
                url.as_ref(),
                "--users".as_ref(),
                number.to_string().as_ref(),
            ]),
            amount: None,
        },
    }
}

fn load_data(places: &Places) -> Candidate {
    let new = format!("{NEW}; {}", shared::schema::mysql_table("loaded"));
    let load = format!(
        "LOAD DATA LOCAL INFILE '{}' INTO TABLE loaded CHARACTER SET utf8mb4 \
         FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' LINES TERMINATED BY '\\r\\n'",
        csv(places)
    );
    Candidate {
        name: "LOAD DATA",
        role: Role::Peer,
        how: How::Runs {
            before: vec![places.mariadb("mariadb", &["temp", "--execute", &new])],
            timed: places.mariadb("mariadb", &["--local-infile=1", "temp", "--execute", &load]),
            amount: None,
        },
    }
}

/// The crates are downloaded, but not compiled.
pub fn build(places: &Places, quick: bool) -> Result<Vec<Benchmark>> {
    if quick {
        return Ok(Vec::new());
    }
    let builds: [(&str, &[&str], f64); 2] = [
        ("of task 0", &["--bin", "0-databaseconnection"], 15.0),
        ("of everything", &[], 60.0),
    ];
    let benchmark = |(size, what, most): (&str, &[&str], f64)| Benchmark {
        title: "a student's first build",
        size: size.to_owned(),
        number: 1.0,
        figures: vec![SECONDS],
        candidates: vec![Candidate {
            name: "ours",
            role: Role::Ours,
            how: How::Runs {
                before: vec![removing(places, "build")],
                timed: places.build(what),
                amount: None,
            },
        }],
        targets: vec![at_most("ours", SECONDS, most)],
        rounds: 1,
    };
    Ok(builds.into_iter().map(benchmark).collect())
}

/// With rustlings, a command runs the exercise; with `checker`, `watch` runs the checks after each save.
pub fn verdict(places: &Places, quick: bool) -> Result<Vec<Benchmark>> {
    if quick {
        return Ok(Vec::new());
    }
    let folder = places.file("rustlings");
    fs::create_dir_all(&folder)?;
    let rustlings = places.bench.join("target/rustlings/bin/rustlings");
    let in_folder = |folder: &std::path::Path, command: String| {
        let command = format!("cd '{}' && {command}", folder.display());
        words(["sh".to_owned(), "-c".to_owned(), command])
    };
    run(in_folder(
        &folder,
        format!("echo | '{}' init", rustlings.display()),
    ))?;
    let exercises = folder.join("rustlings");
    let save = "echo '// saved' >> exercises/00_intro/intro1.rs".to_owned();
    let rustlings = Candidate {
        name: "rustlings",
        role: Role::Peer,
        how: How::Runs {
            before: vec![in_folder(&exercises, save)],
            timed: in_folder(
                &exercises,
                format!("exec '{}' run intro1", rustlings.display()),
            ),
            amount: None,
        },
    };
    let checker = places.checker()?;
    let benchmark = |task: &'static str| {
        let settings = [
            format!("checker={}", checker.display()),
            format!("task={task}"),
        ];
        let program = vec![places.program("verdict").into()];
        Benchmark {
            title: "from a save to the verdict",
            size: task.to_owned(),
            number: 1.0,
            figures: vec![SECONDS],
            candidates: vec![
                candidate("ours", Role::Ours, program, "verdict", &settings),
                rustlings.clone(),
            ],
            targets: vec![at_most("ours", SECONDS, 1.0)],
            rounds: 9,
        }
    };
    Ok(["0-databaseconnection", "2-concurrent"]
        .map(benchmark)
        .into())
}

/// Grades a class of submissions of task 0, all of them right and all of them different.
pub fn submissions(places: &Places, quick: bool) -> Result<Vec<Benchmark>> {
    if quick {
        return Ok(Vec::new());
    }
    let checker = places.checker()?;
    let mut benchmarks = Vec::new();
    for number in [1, 4, 16, 32] {
        let class = places.file(&format!("class-of-{number}"));
        for student in 0..number {
            let folder = class.join(format!("{student:02}"));
            fs::create_dir_all(folder.join("src"))?;
            let task = places.root.join("0-databaseconnection");
            fs::copy(task.join("Cargo.toml"), folder.join("Cargo.toml"))?;
            let solution = places
                .root
                .join("solutions/0-databaseconnection/right/option_and_drop.rs");
            let solution = fs::read_to_string(solution)?;
            fs::write(
                folder.join("src/lib.rs"),
                format!("{solution}\n// {number}, {student}\n"),
            )?;
        }
        let mut timed = words([
            checker.as_os_str(),
            "grade".as_ref(),
            "--fresh".as_ref(),
            "--format".as_ref(),
            "csv".as_ref(),
        ]);
        timed.extend((0..number).map(|student| class.join(format!("{student:02}")).into()));
        benchmarks.push(Benchmark {
            title: "grading a class",
            size: match number {
                1 => "1 submission".to_owned(),
                more => format!("{more} submissions"),
            },
            number: number.into(),
            figures: vec![SECONDS],
            candidates: vec![Candidate {
                name: "ours",
                role: Role::Ours,
                how: How::Runs {
                    before: Vec::new(),
                    timed,
                    amount: None,
                },
            }],
            targets: Vec::new(),
            rounds: if number == 32 { 1 } else { 2 },
        });
    }
    Ok(benchmarks)
}
