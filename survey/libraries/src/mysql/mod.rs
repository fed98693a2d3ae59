//! The libraries for MySQL.

mod diesel;
mod diesel_token;
mod mysql_async;
mod python;
mod sea_orm;
mod sqlx;
mod task3;

use questions::Candidate;
use questions::mysql::ask;

pub const CANDIDATES: &[Candidate] = &[
    Candidate {
        name: "task 3",
        ask: ask::<task3::Task3>,
    },
    Candidate {
        name: "mysql_async",
        ask: ask::<mysql_async::MysqlAsync>,
    },
    Candidate {
        name: "sqlx (MySQL)",
        ask: ask::<sqlx::Sqlx>,
    },
    Candidate {
        name: "sea-orm (MySQL)",
        ask: ask::<sea_orm::SeaOrm>,
    },
    Candidate {
        name: "diesel-async (MySQL)",
        ask: ask::<diesel::Diesel>,
    },
    Candidate {
        name: "diesel-async, cancel token",
        ask: ask::<diesel_token::WithToken>,
    },
    Candidate {
        name: "aiomysql",
        ask: ask::<python::Aiomysql>,
    },
    Candidate {
        name: "asyncmy",
        ask: ask::<python::Asyncmy>,
    },
];
