//! How cores and memory are shared out among builds. Pure.

use heirloom_model::record::Resources;

/// What all builds together may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Budget {
    /// Processes at a time.
    pub(crate) cores: usize,
    /// Bytes of memory.
    pub(crate) memory: u64,
}

/// What one build is expected to use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Estimate {
    /// Processes that it can make use of at a time.
    pub(crate) cores: usize,
    /// Processes that must be free for it; more than there are counts as all.
    pub(crate) least: usize,
    /// Bytes of memory.
    pub(crate) memory: u64,
}

/// Bytes that a build of which nothing is known is expected to use.
const UNKNOWN: u64 = 1 << 30;

/// Bytes beside what its processes have for themselves.
const AROUND: u64 = 256 << 20;

impl Estimate {
    /// From what it used the last time. Without that, it can use all cores.
    pub(crate) fn from_history(used: Option<&Resources>, budget: Budget) -> Self {
        let Some(used) = used else {
            return Self { cores: budget.cores, least: 1, memory: UNKNOWN };
        };
        // It may have had fewer cores than it could have used: twice as many are tried the next time.
        let busy = if used.seconds > 0.0 { used.cpu_seconds / used.seconds } else { 1.0 };
        let cores = (1..=budget.cores).find(|cores| *cores as f64 >= busy * 2.0).unwrap_or(budget.cores);
        let memory = match used.peak_memory {
            0 => UNKNOWN,
            peak => peak + peak / 4 + AROUND,
        };
        Self { cores, least: 1, memory }
    }
}

/// What a running build was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    /// Processes at a time.
    pub(crate) cores: usize,
    /// Bytes of memory.
    pub(crate) memory: u64,
}

impl Budget {
    /// What a build gets while these are running and so many others are ready to run; none: it has to wait.
    /// When nothing runs, it never waits: more than there is can't become free.
    pub(crate) fn share(&self, running: &[Share], wants: Estimate, others: usize) -> Option<Share> {
        let used: usize = running.iter().map(|share| share.cores).sum();
        let memory: u64 = running.iter().map(|share| share.memory).sum();
        let free = self.cores.saturating_sub(used);
        let least = wants.least.clamp(1, self.cores);
        let fits = free >= least && memory.saturating_add(wants.memory) <= self.memory;
        if !running.is_empty() && !fits {
            return None;
        }
        let cores = (free / (others + 1)).min(wants.cores).max(least);
        Some(Share { cores, memory: wants.memory })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: Budget = Budget { cores: 8, memory: 100 };

    fn wants(cores: usize, least: usize, memory: u64) -> Estimate {
        Estimate { cores, least, memory }
    }

    #[test]
    fn cores_are_shared_among_what_is_ready() {
        let share = |running: &[Share], others| {
            BUDGET.share(running, wants(8, 1, 10), others).map(|share| share.cores)
        };
        assert_eq!(share(&[], 0), Some(8));
        assert_eq!(share(&[], 3), Some(2));
        assert_eq!(share(&[], 100), Some(1));
        assert_eq!(share(&[Share { cores: 6, memory: 1 }], 0), Some(2));
        assert_eq!(share(&[Share { cores: 8, memory: 1 }], 0), None);
    }

    #[test]
    fn what_does_not_fit_waits_but_never_for_nothing() {
        let busy = [Share { cores: 2, memory: 60 }];
        assert_eq!(BUDGET.share(&busy, wants(8, 1, 50), 0), None);
        assert_eq!(BUDGET.share(&[], wants(8, 1, 500), 0).unwrap().memory, 500);
        // A heavy one waits for what it declares.
        assert_eq!(BUDGET.share(&busy, wants(8, 7, 10), 9), None);
        assert_eq!(BUDGET.share(&busy, wants(8, 6, 10), 9).unwrap().cores, 6);
        assert_eq!(BUDGET.share(&[], wants(8, 99, 10), 9).unwrap().cores, 8);
    }

    #[test]
    fn history_is_believed_with_some_room() {
        let used = Resources { seconds: 10.0, cpu_seconds: 11.0, peak_memory: 40, ..Resources::default() };
        assert_eq!(Estimate::from_history(Some(&used), BUDGET), wants(3, 1, 50 + AROUND));
        assert_eq!(Estimate::from_history(None, BUDGET), wants(8, 1, UNKNOWN));
    }
}
