//! The libraries that are asked.

use crate::questions::Question;

/// A library.
pub struct Library {
    /// Its name on the page, and on the command line of its program.
    pub name: &'static str,
    /// The packages whose versions the page shows. None for this project's tasks.
    pub packages: &'static [&'static str],
    pub program: Program,
    /// The file that asks it, in the folder `survey`.
    pub source: &'static str,
    pub database: Database,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Mysql,
}

/// A group of libraries in one program.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Program {
    Libraries,
    Rusqlite040,
    Rusqlite041,
    /// The script `python/sqlite.py`.
    Python,
}

use Database::{Mysql, Sqlite};

/// In the order of the page.
pub const LIBRARIES: &[Library] = &[
    Library {
        name: "task 2",
        packages: &[],
        program: Program::Libraries,
        source: "libraries/src/sqlite/task2.rs",
        database: Sqlite,
    },
    Library {
        name: "rusqlite",
        packages: &["rusqlite"],
        program: Program::Libraries,
        source: "libraries/src/sqlite/rusqlite.rs",
        database: Sqlite,
    },
    Library {
        name: "rusqlite, interrupted",
        packages: &["rusqlite"],
        program: Program::Libraries,
        source: "libraries/src/sqlite/rusqlite_interrupt.rs",
        database: Sqlite,
    },
    Library {
        name: "tokio-rusqlite",
        packages: &["tokio-rusqlite"],
        program: Program::Rusqlite040,
        source: "rusqlite-0-40/src/tokio_rusqlite.rs",
        database: Sqlite,
    },
    Library {
        name: "async-sqlite",
        packages: &["async-sqlite"],
        program: Program::Rusqlite041,
        source: "rusqlite-0-41/src/async_sqlite.rs",
        database: Sqlite,
    },
    Library {
        name: "deadpool-sqlite",
        packages: &["deadpool-sqlite"],
        program: Program::Rusqlite040,
        source: "rusqlite-0-40/src/deadpool_sqlite.rs",
        database: Sqlite,
    },
    Library {
        name: "r2d2_sqlite",
        packages: &["r2d2_sqlite"],
        program: Program::Rusqlite040,
        source: "rusqlite-0-40/src/r2d2_sqlite.rs",
        database: Sqlite,
    },
    Library {
        name: "sqlx (SQLite)",
        packages: &["sqlx"],
        program: Program::Libraries,
        source: "libraries/src/sqlite/sqlx.rs",
        database: Sqlite,
    },
    Library {
        name: "sea-orm (SQLite)",
        packages: &["sea-orm"],
        program: Program::Libraries,
        source: "libraries/src/sqlite/sea_orm.rs",
        database: Sqlite,
    },
    Library {
        name: "diesel-async (SQLite)",
        packages: &["diesel-async"],
        program: Program::Libraries,
        source: "libraries/src/sqlite/diesel.rs",
        database: Sqlite,
    },
    Library {
        name: "aiosqlite",
        packages: &["aiosqlite"],
        program: Program::Python,
        source: "python/on_aiosqlite.py",
        database: Sqlite,
    },
    Library {
        name: "aiosqlite, autocommit",
        packages: &["aiosqlite"],
        program: Program::Python,
        source: "python/on_aiosqlite_autocommit.py",
        database: Sqlite,
    },
    Library {
        name: "SQLAlchemy",
        packages: &["SQLAlchemy"],
        program: Program::Python,
        source: "python/on_sqlalchemy.py",
        database: Sqlite,
    },
    Library {
        name: "task 3",
        packages: &[],
        program: Program::Libraries,
        source: "libraries/src/mysql/task3.rs",
        database: Mysql,
    },
    Library {
        name: "mysql_async",
        packages: &["mysql_async"],
        program: Program::Libraries,
        source: "libraries/src/mysql/mysql_async.rs",
        database: Mysql,
    },
    Library {
        name: "sqlx (MySQL)",
        packages: &["sqlx"],
        program: Program::Libraries,
        source: "libraries/src/mysql/sqlx.rs",
        database: Mysql,
    },
    Library {
        name: "sea-orm (MySQL)",
        packages: &["sea-orm"],
        program: Program::Libraries,
        source: "libraries/src/mysql/sea_orm.rs",
        database: Mysql,
    },
    Library {
        name: "diesel-async (MySQL)",
        packages: &["diesel-async"],
        program: Program::Libraries,
        source: "libraries/src/mysql/diesel.rs",
        database: Mysql,
    },
    Library {
        name: "diesel-async, cancel token",
        packages: &["diesel-async"],
        program: Program::Libraries,
        source: "libraries/src/mysql/diesel_token.rs",
        database: Mysql,
    },
    Library {
        name: "aiomysql",
        packages: &["aiomysql"],
        program: Program::Libraries,
        source: "python/serve.py",
        database: Mysql,
    },
    Library {
        name: "asyncmy",
        packages: &["asyncmy"],
        program: Program::Libraries,
        source: "python/serve.py",
        database: Mysql,
    },
];

impl Library {
    /// Returns whether it is asked this question.
    pub fn is_asked(&self, question: &Question) -> bool {
        match question.name {
            // Its other calls are those of diesel-async.
            name if self.name == "diesel-async, cancel token" => {
                ["statement", "runtime"].contains(&name)
            }
            // A loop of asyncio always has one thread.
            "current" => !self.is_python(),
            // Tokio's.
            "background" => !self.is_python(),
            _ => true,
        }
    }

    /// Returns the function of its file that a question runs.
    pub fn method(&self, question: &Question) -> &'static str {
        match (self.program, question.name) {
            // A change, because Python's sqlite3 begins a transaction only before a change.
            (Program::Python, "statement" | "runtime") => "execute",
            _ => question.method,
        }
    }

    pub fn is_python(&self) -> bool {
        self.source.ends_with(".py")
    }
}

impl Program {
    /// The program's file, in the folder of the compiled programs.
    pub fn file(self) -> &'static str {
        match self {
            Program::Libraries => "debug/libraries",
            Program::Rusqlite040 => "debug/rusqlite-0-40",
            Program::Rusqlite041 => "debug/rusqlite-0-41",
            Program::Python => "python/bin/python",
        }
    }

    /// The lock file with the versions, in the folder `survey`.
    pub fn lock_file(self) -> &'static str {
        match self {
            Program::Libraries => "Cargo.lock",
            Program::Rusqlite040 => "rusqlite-0-40/Cargo.lock",
            Program::Rusqlite041 => "rusqlite-0-41/Cargo.lock",
            Program::Python => unreachable!("its versions are in python/requirements.txt"),
        }
    }
}
