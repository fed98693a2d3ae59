//! Finds bubblewrap, and explains why it does not work.

use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::outcome::{Problem, Whose};
use crate::process::{self, End, Limits};
use crate::report::clean;
use crate::sandbox::{Mounts, Sandbox};

/// The reason why submissions cannot run in a sandbox here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unusable {
    /// There is no `bwrap` on the PATH.
    NotInstalled,
    /// It is installed but fails.
    Fails {
        /// The path of bubblewrap.
        bwrap: PathBuf,
        /// Its error message.
        said: String,
    },
}

/// Setting up a sandbox takes milliseconds.
const LIMITS: Limits = Limits {
    time: Duration::from_secs(30),
    memory: 1 << 30,
    processes: 20,
    output: 64 << 10,
};

/// Finds bubblewrap on the PATH, and tests whether it can make the sandbox for submissions.
///
/// # Errors
///
/// If it is not installed or fails. Many containers do not allow it to make namespaces.
pub fn find() -> Result<PathBuf, Unusable> {
    let path = env::var_os("PATH").unwrap_or_default();
    let bwrap = env::split_paths(&path)
        .map(|folder| folder.join("bwrap"))
        .find(|path| path.is_file())
        .ok_or(Unusable::NotInstalled)?;
    let sandbox = Sandbox::Full {
        bwrap: bwrap.clone(),
    };
    let said = match process::run(
        &sandbox,
        &Mounts::default(),
        Path::new("/bin/true"),
        LIMITS,
        |_| {},
    ) {
        Ok(ended) if matches!(ended.end, End::Exited(status) if status.success()) => {
            return Ok(bwrap);
        }
        Ok(ended) => {
            let said = String::from_utf8_lossy(&ended.stderr);
            let said = clean::line(&said, clean::LINE);
            if said.is_empty() { ended.how() } else { said }
        }
        Err(error) => error.to_string(),
    };
    Err(Unusable::Fails { bwrap, said })
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unusable::NotInstalled => write!(
                f,
                "bubblewrap is not installed, and submissions need it for their sandbox"
            ),
            Unusable::Fails { bwrap, said } => write!(
                f,
                "bubblewrap ({}) cannot make a sandbox for submissions: {said}",
                bwrap.display()
            ),
        }
    }
}

impl std::error::Error for Unusable {}

impl From<Unusable> for Problem {
    fn from(unusable: Unusable) -> Problem {
        let remedy = match &unusable {
            Unusable::NotInstalled => "install it (`apt install bubblewrap`)",
            Unusable::Fails { said, .. } => {
                let setting = |name: &str| {
                    let value = fs::read_to_string(Path::new("/proc/sys").join(name)).ok()?;
                    value.trim().parse().ok()
                };
                remedy(said, setting)
            }
        };
        Problem {
            whose: Whose::YourMachine,
            message: unusable.to_string(),
            details: String::new(),
            help: format!(
                "{remedy}; or add --unsandboxed if you trust every submission with your files and your network"
            ),
        }
    }
}

/// Returns advice on how to make bubblewrap work, based on its error message and the kernel's settings.
fn remedy(said: &str, setting: impl Fn(&str) -> Option<u64>) -> &'static str {
    let is_refused = [
        "Permission denied",
        "Operation not permitted",
        "No permissions",
        "No space left",
    ]
    .iter()
    .any(|words| said.contains(words));
    if !is_refused {
        "run `bwrap --unshare-all --ro-bind / / --proc /proc true` to see the error"
    } else if setting("kernel/apparmor_restrict_unprivileged_userns") == Some(1) {
        "allow user namespaces, which AppArmor restricts on Ubuntu 24.04 and later: \
         `sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0` (docs/instructors.md shows how to allow only bubblewrap)"
    } else if setting("kernel/unprivileged_userns_clone") == Some(0) {
        "allow user namespaces: `sudo sysctl kernel.unprivileged_userns_clone=1`"
    } else if setting("user/max_user_namespaces") == Some(0) {
        "allow user namespaces: `sudo sysctl user.max_user_namespaces=10000`"
    } else {
        "run this outside the container, or allow the container to make namespaces (Docker: `--security-opt \
         seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined`)"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_fits_the_setting_that_forbids_namespaces() {
        let refused = "bwrap: setting up uid map: Permission denied";
        for (name, value, expected) in [
            (
                "kernel/apparmor_restrict_unprivileged_userns",
                1,
                "AppArmor",
            ),
            (
                "kernel/unprivileged_userns_clone",
                0,
                "unprivileged_userns_clone=1",
            ),
            ("user/max_user_namespaces", 0, "max_user_namespaces="),
            ("user/max_user_namespaces", 1000, "Docker"),
        ] {
            let help = remedy(refused, |asked| (asked == name).then_some(value));
            assert!(help.contains(expected), "{name}: {help}");
        }
        let help = remedy("bwrap: Unknown option --size", |_| None);
        assert!(help.starts_with("run `bwrap"), "{help}");
    }
}
