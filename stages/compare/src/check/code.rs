//! Code and data of ELF files, apart from what is normalised away.

use super::Check;
use super::Weight::Compatible;

pub(crate) const CODE: Check =
    Check::tags("code", "Executable sections have the same bytes.", Compatible, &[]).content();

pub(crate) const DATA: Check =
    Check::tags("data", "All other sections have the same bytes.", Compatible, &[]).content();

pub(crate) const DEBUG_DATA: Check =
    Check::tags("debug-data", "Debugging data is the same.", Compatible, &[]).content();
