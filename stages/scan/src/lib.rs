//! Scan: looks for another company's marks in source packages and built packages: names, addresses, pictures, keys, in
//! headers, texts, programs and archives.
//!
//! It finds and says where; it must not change anything, and it judges nothing beyond the allowances of the brand
//! file. It runs no foreign code and reads no more than its bounds. What it can't look into is a finding, too.
//!
//! Start reading at [`Scanner`]; `walk.rs` is the way through archives, `leaf.rs` what is done with a file.

mod altered;
mod around;
mod content;
mod header;
mod keys;
mod leaf;
mod meter;
mod pattern;
mod picture;
mod report;
mod scanner;
mod walk;

use heirloom_formats::rpm_file::RpmError;

pub use picture::look;
pub use scanner::Scanner;

/// A failure to look.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The marks of the brand file can't be searched for.
    #[error("the brand file's marks can't be searched for: {0}; take some out")]
    Brand(String),
    /// The package can't be read.
    #[error(transparent)]
    Package(#[from] RpmError),
}
