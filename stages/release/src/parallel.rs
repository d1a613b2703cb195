//! The same look at many things, on a few threads.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Looks at each item, `jobs` at a time; what was seen, in the items' order.
pub(crate) fn look<T: Sync, R: Send>(items: &[T], jobs: usize, look: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut seen = Vec::new();
        while let Some((index, item)) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            items.get(index).map(|item| (index, item))
        } {
            seen.push((index, look(item)));
        }
        seen
    };
    let mut seen: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.clamp(1, 64)).map(|_| scope.spawn(worker)).collect();
        let joined = workers.into_iter().map(std::thread::ScopedJoinHandle::join);
        joined.flat_map(|seen| seen.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    seen.sort_by_key(|(index, _)| *index);
    seen.into_iter().map(|(_, seen)| seen).collect()
}
