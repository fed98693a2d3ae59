//! The sandboxes that there are on this machine.

use checker::bubblewrap;
use checker::sandbox::Sandbox;

/// Open always; where bubblewrap is missing, or may not make namespaces, it says so, and there are no others.
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
