//! A progress bar.

use indicatif::{ProgressBar, ProgressStyle};
use shared::User;

/// A bar on standard error. Nothing is drawn if that is not a terminal, and the bar is removed when the work is done.
#[derive(Clone)]
pub struct Progress {
    bar: ProgressBar,
}

/// Updating the bar for every user would take longer than creating the user.
const STEP: u64 = 4096;

impl Progress {
    pub fn new(users: u32) -> Progress {
        let bar = ProgressBar::new(users.into());
        bar.set_style(
            ProgressStyle::with_template(
                "{msg} {wide_bar} {human_pos} of {human_len} users, {eta} left",
            )
            .expect("the template is a constant"),
        );
        bar.set_message("filling");
        Progress { bar }
    }

    /// Moves the bar along as the users go by.
    pub fn follow(self, users: impl Iterator<Item = User>) -> impl Iterator<Item = User> {
        let all = self.bar.length();
        users.inspect(move |user| {
            let done = user.id as u64;
            if done.is_multiple_of(STEP) {
                self.bar.set_position(done);
            }
            if all == Some(done) {
                self.finishing();
            }
        })
    }

    /// Shows that the users are inserted. The rest (the index, the disk) has no measurable progress.
    fn finishing(&self) {
        // No animation: it needs a thread, and indicatif panics if none can be started.
        self.bar
            .set_style(ProgressStyle::with_template("{msg}").expect("the template is a constant"));
        self.bar.set_message("all users are inserted; finishing");
    }

    /// Takes the bar off the terminal.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
