//! Lists the sandboxes that this machine supports.

use checker::bubblewrap;
use checker::sandbox::Sandbox;

/// Returns the sandboxes. If bubblewrap does not work, it prints why and returns only `Sandbox::None`.
pub fn sandboxes() -> Vec<Sandbox> {
    let Ok(bwrap) = bubblewrap::find() else {
        eprintln!("skipped, in a sandbox: bwrap is missing, or may not make namespaces here");
        return vec![Sandbox::None];
    };
    let inner = bwrap.clone();
    vec![
        Sandbox::None,
        Sandbox::PidNamespace { bwrap: inner },
        Sandbox::Full { bwrap },
    ]
}
