//! The fences that there are on this machine.

use checker::fence::Fence;

/// Open always; where bubblewrap is missing, or may not make namespaces, it says so, and there are no others.
pub fn fences() -> Vec<Fence> {
    let Some(bwrap) = Fence::bubblewrap() else {
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
