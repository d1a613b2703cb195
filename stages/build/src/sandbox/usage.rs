//! Limits on memory and processes where there are no control groups: pid 1 looks at all processes inside,
//! which are exactly those in its own /proc.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::sleep;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::init::kill_everything;
use super::order::Stop;

/// How often it looks.
const TICK: Duration = Duration::from_millis(20);

/// Limits to be watched.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Bounds {
    /// Bytes of memory for all processes together, without files.
    pub(crate) memory: u64,
    /// Processes and threads.
    pub(crate) processes: u64,
}

impl Bounds {
    /// The kernel's own limit for one user, which slows down what multiplies faster than one can look.
    pub(crate) fn backstop(self) -> u64 {
        self.processes.saturating_mul(2).saturating_add(64)
    }
}

/// What was seen.
#[derive(Default)]
pub(super) struct Watch {
    stop: Mutex<Option<Stop>>,
    peak: AtomicU64,
}

impl Watch {
    /// Looks from now on, in a thread of its own; ends everything at a limit.
    pub(super) fn start(bounds: Option<Bounds>) -> Arc<Self> {
        let watch = Arc::new(Self::default());
        if let Some(bounds) = bounds {
            let watch = Arc::clone(&watch);
            std::thread::spawn(move || {
                loop {
                    watch.look(bounds);
                    sleep(TICK);
                }
            });
        }
        watch
    }

    /// The limit that was exceeded.
    pub(super) fn stop(&self) -> Option<Stop> {
        *self.stop.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Highest use of memory in bytes.
    pub(super) fn peak(&self) -> u64 {
        self.peak.load(Ordering::Relaxed)
    }

    fn look(&self, bounds: Bounds) {
        let Usage { tasks, mut memory } = usage(own_memory);
        if memory > bounds.memory {
            // What processes share after a fork was counted for each.
            memory = usage(share_of_memory).memory;
        }
        self.peak.fetch_max(memory, Ordering::Relaxed);
        let exceeded = match () {
            () if tasks > bounds.processes => Some(Stop::Processes),
            () if memory > bounds.memory => Some(Stop::Memory),
            () => None,
        };
        let mut stop = self.stop.lock().unwrap_or_else(PoisonError::into_inner);
        *stop = stop.or(exceeded);
        if stop.is_some() {
            kill_everything();
        }
    }
}

struct Usage {
    tasks: u64,
    memory: u64,
}

/// All processes together, but pid 1.
fn usage(memory_of: impl Fn(&Path) -> u64) -> Usage {
    let mut usage = Usage { tasks: 0, memory: 0 };
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let number = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
        if number.is_some_and(|number| number > 1) {
            usage.tasks += threads(&fs::read_to_string(entry.path().join("stat")).unwrap_or_default());
            usage.memory += memory_of(&entry.path());
        }
    }
    usage
}

/// Field 20 of a stat line, counted after the name, which may have anything in it.
fn threads(stat: &str) -> u64 {
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    after_name.split_whitespace().nth(17).and_then(|field| field.parse().ok()).unwrap_or(0)
}

/// Resident memory without files, in bytes; cheap to ask for.
fn own_memory(process: &Path) -> u64 {
    let text = fs::read_to_string(process.join("statm")).unwrap_or_default();
    let mut fields = text.split_whitespace().skip(1).map(|field| field.parse::<u64>().unwrap_or(0));
    let (resident, shared) = (fields.next().unwrap_or(0), fields.next().unwrap_or(0));
    resident.saturating_sub(shared) * rustix::param::page_size() as u64
}

/// The same, with memory that several processes share divided among them.
fn share_of_memory(process: &Path) -> u64 {
    let text = fs::read_to_string(process.join("smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss_Anon:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.map_or_else(|| own_memory(process), |kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_kernel_s_lines() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 42 0 9 10 11";
        assert_eq!(threads(stat), 42);
        assert_eq!(threads(""), 0);
        let own = Path::new("/proc/self");
        assert!(own_memory(own) > 0 && share_of_memory(own) > 0);
    }
}
