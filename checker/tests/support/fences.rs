//! The fences that there are on this machine.

use checker::bubblewrap;
use checker::fence::Fence;

/// Open always; where bubblewrap is missing, or may not make namespaces, it says so, and there are no others.
pub fn fences() -> Vec<Fence> {
    let Ok(bwrap) = bubblewrap::find() else {
        eprintln!("skipped, behind a fence: bwrap is missing, or may not make namespaces here");
        return vec![Fence::Open];
    };
    let inner = bwrap.clone();
    vec![
        Fence::Open,
        Fence::Processes { bwrap: inner },
        Fence::Closed { bwrap },
    ]
}
