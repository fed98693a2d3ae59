//! The protocol between the driver and a candidate.
//!
//! A candidate is a program that is started as `PROGRAM JOB PEER [key=value]...`. It prints `ready` when it is set up.
//! Then each line on standard input asks for one round, and the candidate answers with the round's figures, as one line of
//! JSON. So the driver can alternate between candidates. The candidate ends at the end of its standard input.
//!
//! The candidate in Python speaks the same protocol.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, BufRead, Write};
use std::str::FromStr;

pub type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The figures of a round, by name: times in seconds, and counts. `None`: not reached within the limit.
pub type Figures = BTreeMap<String, Option<f64>>;

/// The job, the candidate and the settings from the command line.
pub struct Job {
    pub name: String,
    pub peer: String,
    settings: BTreeMap<String, String>,
}

impl Job {
    /// Reads the command line.
    ///
    /// # Errors
    ///
    /// If it does not have the form `JOB PEER [key=value]...`.
    pub fn from_command_line() -> Result<Job> {
        let mut words = std::env::args().skip(1);
        let (Some(name), Some(peer)) = (words.next(), words.next()) else {
            return Err("usage: JOB PEER [key=value]...; use bench/run".into());
        };
        let settings = words
            .map(|word| match word.split_once('=') {
                Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
                None => Err(format!("`{word}` does not have the form key=value")),
            })
            .collect::<std::result::Result<_, _>>()?;
        Ok(Job {
            name,
            peer,
            settings,
        })
    }

    /// Returns the value of a setting.
    ///
    /// # Errors
    ///
    /// If it is missing or cannot be parsed.
    pub fn get<T: FromStr<Err: Error + Send + Sync + 'static>>(&self, key: &str) -> Result<T> {
        let value = self
            .settings
            .get(key)
            .ok_or_else(|| format!("{key}=... is missing"))?;
        Ok(value.parse()?)
    }

    /// Does a round for each request, until standard input ends.
    ///
    /// # Errors
    ///
    /// If a round fails.
    pub fn serve(&self, mut round: impl FnMut() -> Result<Figures>) -> Result<()> {
        println!("ready");
        for line in io::stdin().lock().lines() {
            line?;
            answer(&round()?)?;
        }
        Ok(())
    }

    /// Does the same with asynchronous rounds. Between the rounds it blocks its thread.
    ///
    /// # Errors
    ///
    /// As [`serve`](Job::serve).
    pub async fn serve_async(&self, mut round: impl AsyncFnMut() -> Result<Figures>) -> Result<()> {
        println!("ready");
        for line in io::stdin().lines() {
            line?;
            answer(&round().await?)?;
        }
        Ok(())
    }

    /// Returns the error of a candidate that does not know this job or this peer.
    pub fn unknown(&self) -> Box<dyn Error + Send + Sync> {
        format!("unknown job `{}` for `{}`", self.name, self.peer).into()
    }
}

/// Makes figures from pairs of a name and a value.
pub fn figures<const N: usize>(pairs: [(&str, f64); N]) -> Figures {
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Some(value)))
        .collect()
}

fn answer(figures: &Figures) -> Result<()> {
    let mut line = serde_json::to_vec(figures)?;
    line.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&line)?;
    Ok(out.flush()?)
}
