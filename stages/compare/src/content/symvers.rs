//! A kernel's list of exported symbols with the checksums of their types (`Module.symvers`, `symvers.gz`).

use std::collections::BTreeMap;

use heirloom_model::Severity;

use crate::check::content::KERNEL_SYMBOLS;
use crate::look::{Look, Place};

/// Symbols that are told one by one; a kernel has some ten thousand.
const MOST: usize = 100_000;

pub(super) fn compare(look: &mut Look, place: &Place, both: (&[u8], &[u8])) -> bool {
    let (reference, rebuilt) = (symbols(both.0), symbols(both.1));
    let differing: Vec<_> =
        reference.iter().filter(|(symbol, crc)| rebuilt.get(*symbol) != Some(*crc)).collect();
    for (symbol, expected) in differing.iter().take(MOST) {
        let values = ((**expected).to_owned(), rebuilt.get(*symbol).copied().unwrap_or_default().to_owned());
        // The stable list is what the package provides as `kernel(symbol)`; that rule weighs it.
        look.findings.push(KERNEL_SYMBOLS.finding(
            Severity::Different,
            &format!("{}!{symbol}", place.shown),
            values,
        ));
    }
    if differing.len() > MOST {
        look.unreadable(place, "not told", format!("{} symbols differ, more than {MOST}", differing.len()));
    }
    if look.findings.iter().all(|finding| !finding.subject.starts_with(&place.shown)) {
        super::differs(look, place, both);
    }
    false
}

/// Checksum by symbol: the first two columns.
fn symbols(bytes: &[u8]) -> BTreeMap<&str, &str> {
    let lines = bytes.split(|byte| *byte == b'\n').filter_map(|line| str::from_utf8(line).ok());
    lines
        .filter_map(|line| {
            let mut columns = line.split_ascii_whitespace();
            let checksum = columns.next()?;
            Some((columns.next()?, checksum))
        })
        .collect()
}
