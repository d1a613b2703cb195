//! Ctrl-C and SIGTERM: while somebody listens, the first one ends the work in an orderly way and the second at once;
//! else the first one does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use signal_hook::consts::{SIGINT, SIGTERM};

/// The exit code that shells give for a program that SIGINT ended.
const EXIT: i32 = 130;

struct Flags {
    /// The work is to end.
    wanted: Arc<AtomicBool>,
    /// The next signal ends the program.
    at_once: Arc<AtomicBool>,
}

static FLAGS: LazyLock<Flags> = LazyLock::new(|| {
    let flags = Flags { wanted: Arc::default(), at_once: Arc::new(AtomicBool::new(true)) };
    for signal in [SIGINT, SIGTERM] {
        // In this order: a signal must not find what it sets itself. One that can't be listened to ends the program,
        // as it does by default.
        let _ = signal_hook::flag::register_conditional_shutdown(signal, EXIT, flags.at_once.clone());
        let _ = signal_hook::flag::register(signal, flags.at_once.clone());
        let _ = signal_hook::flag::register(signal, flags.wanted.clone());
    }
    flags
});

/// Set when the work is to end.
pub(crate) fn flag() -> Arc<AtomicBool> {
    FLAGS.wanted.clone()
}

/// Whether the work is to end.
pub(crate) fn wanted() -> bool {
    FLAGS.wanted.load(Ordering::Relaxed)
}

/// While this lives, the first signal only sets the flag.
pub(crate) struct Listening(());

pub(crate) fn listen() -> Listening {
    FLAGS.at_once.store(false, Ordering::Relaxed);
    Listening(())
}

impl Drop for Listening {
    fn drop(&mut self) {
        FLAGS.at_once.store(true, Ordering::Relaxed);
    }
}
