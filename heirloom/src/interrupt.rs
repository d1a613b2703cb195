//! Ctrl-C and SIGTERM: the first one ends the work in an orderly way, the second at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{SIGINT, SIGTERM};

/// Set when somebody wants the work to end.
static WANTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// The exit code that shells give for a program that SIGINT ended.
pub(crate) const EXIT: i32 = 130;

/// Listens from now on; what is returned becomes true when the work is to end.
pub(crate) fn listen() -> Arc<AtomicBool> {
    WANTED
        .get_or_init(|| {
            let wanted = Arc::new(AtomicBool::new(false));
            for signal in [SIGINT, SIGTERM] {
                // The order counts: the first signal finds the flag unset and sets it. A signal that can't be
                // listened to ends the program, as it does by default.
                let _ = signal_hook::flag::register_conditional_shutdown(signal, EXIT, wanted.clone());
                let _ = signal_hook::flag::register(signal, wanted.clone());
            }
            wanted
        })
        .clone()
}

/// Whether the work is to end.
pub(crate) fn wanted() -> bool {
    WANTED.get().is_some_and(|wanted| wanted.load(Ordering::Relaxed))
}
