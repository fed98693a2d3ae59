//! Starts a server with a table, and stops it at the next line of input. In a new project: add `temp-mariadb` to
//! `Cargo.toml`, and put this into `src/main.rs`.

use std::io::stdin;

use temp_mariadb::{Error, TempServer};

fn main() -> Result<(), Error> {
    let server = TempServer::with([
        "CREATE TABLE users (name VARCHAR(255), age INT)".to_owned(),
        "INSERT INTO users VALUES ('Alice', 40), ('Kwame', 73)".to_owned(),
    ])?;
    println!("A server listens at {}", server.url());
    println!("Press Enter to stop it.");
    let _ = stdin().read_line(&mut String::new());
    Ok(()) // dropping the server stops it and removes its folder
}
