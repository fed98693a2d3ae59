//! What a contender says to the driver, and hears from it.
//!
//! A contender is a program that is started as `PROGRAM JOB PEER [key=value]...`. It prints `ready` when it is set up.
//! Then each line on standard input asks for one round, and one line of JSON, the figures of that round, answers it. So
//! the driver can have the rounds of many contenders take turns. The contender ends when its standard input does.
//!
//! The contender in Python does the same.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, BufRead, Write};
use std::str::FromStr;

pub type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The figures of a round, by name: times in seconds, and counts. `None` is what did not happen within the limit.
pub type Figures = BTreeMap<String, Option<f64>>;

/// What was asked for on the command line.
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
    /// When it is not of the form `JOB PEER [key=value]...`.
    pub fn from_command_line() -> Result<Job> {
        let mut words = std::env::args().skip(1);
        let (Some(name), Some(peer)) = (words.next(), words.next()) else {
            return Err("usage: JOB PEER [key=value]...; bench/run knows how".into());
        };
        let settings = words
            .map(|word| match word.split_once('=') {
                Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
                None => Err(format!("`{word}` is not of the form key=value")),
            })
            .collect::<std::result::Result<_, _>>()?;
        Ok(Job {
            name,
            peer,
            settings,
        })
    }

    /// The value of a setting.
    ///
    /// # Errors
    ///
    /// When it is missing or cannot be read.
    pub fn get<T: FromStr<Err: Error + Send + Sync + 'static>>(&self, key: &str) -> Result<T> {
        let value = self
            .settings
            .get(key)
            .ok_or_else(|| format!("{key}=... is missing"))?;
        Ok(value.parse()?)
    }

    /// Does a round whenever it is asked to, until nobody can ask any more.
    ///
    /// # Errors
    ///
    /// When a round fails.
    pub fn serve(&self, mut round: impl FnMut() -> Result<Figures>) -> Result<()> {
        println!("ready");
        for line in io::stdin().lock().lines() {
            line?;
            answer(&round()?)?;
        }
        Ok(())
    }

    /// The same for rounds that await. It blocks its thread between the rounds, while there is nothing else to do.
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

    /// The error of a contender that does not know this job or this peer.
    pub fn unknown(&self) -> Box<dyn Error + Send + Sync> {
        format!("there is no {} for {}", self.name, self.peer).into()
    }
}

/// Figures from pairs of a name and a value.
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
