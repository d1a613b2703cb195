//! One row of a database of packages, with all that it says.

use crate::rpm_file::{Installed, InstalledRecord, PublicKey, read_installed};

/// What a row of a database holds.
#[derive(Clone, Debug)]
pub enum Row {
    /// An installed package.
    Package(Box<InstalledRecord>),
    /// A public key.
    Key(PublicKey),
    /// Neither, and why: a sentence with the row's number.
    Fault(String),
}

impl Row {
    /// Reads a header as databases have it: a tag store without its first eight bytes. `name` is what a fault calls it.
    #[must_use]
    pub fn read(blob: &[u8], name: &str) -> Self {
        match read_installed(blob) {
            Ok(Installed::Package(package)) => Self::Package(package),
            Ok(Installed::Key(key)) => Self::Key(key),
            Err(problem) => Self::Fault(format!("{name}: {problem}")),
        }
    }
}
