//! What a program and all that it started use, as `/proc` tells it; where there is none, nothing is seen.

use std::collections::HashSet;
use std::fs;

use rustix::param::page_size;
use rustix::process::Pid;

/// Of a program and all that it started: its process group, and the children of any of them. Only what left the group and
/// whose parent has ended is missed; in a namespace for processes not even that, for there the first of them is its
/// parent then.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// How many processes there are.
    pub processes: usize,
    /// How much memory they use that is each one's own, in bytes.
    pub memory: u64,
}

impl Usage {
    pub(crate) fn of(group: Pid) -> Usage {
        let group = group.as_raw_nonzero().get();
        let folders = fs::read_dir("/proc").into_iter().flatten().flatten();
        let processes = folders.filter_map(|folder| folder.file_name().to_str()?.parse().ok());
        let mut strangers: Vec<Process> = processes.filter_map(Process::read).collect();
        let mut ours = HashSet::from([group]);
        let mut usage = Usage::default();
        // Until there is none any more that is a child of one of them.
        loop {
            let (found, others): (Vec<_>, Vec<_>) = strangers.into_iter().partition(|process| {
                process.group == group
                    || ours.contains(&process.id)
                    || ours.contains(&process.parent)
            });
            if found.is_empty() {
                return usage;
            }
            for process in found {
                usage.processes += 1;
                usage.memory += process.memory();
                ours.insert(process.id);
            }
            strangers = others;
        }
    }
}

struct Process {
    id: i32,
    parent: i32,
    group: i32,
}

impl Process {
    /// `None` when it has ended meanwhile.
    fn read(id: i32) -> Option<Process> {
        let stat = fs::read(format!("/proc/{id}/stat")).ok()?;
        let stat = String::from_utf8_lossy(&stat);
        // The second field is the program's name in parentheses, and that may hold any character.
        let mut fields = stat.rsplit(')').next()?.split_ascii_whitespace().skip(1);
        let (parent, group) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        Some(Process { id, parent, group })
    }

    fn memory(&self) -> u64 {
        let statm = fs::read_to_string(format!("/proc/{}/statm", self.id)).unwrap_or_default();
        let mut pages = statm
            .split(' ')
            .skip(1)
            .map(|field| field.parse().unwrap_or(0));
        let (resident, shared): (u64, u64) = (pages.next().unwrap_or(0), pages.next().unwrap_or(0));
        resident.saturating_sub(shared) * page_size() as u64
    }
}
