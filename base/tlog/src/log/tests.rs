//! The tree against RFC 6962, written down as it stands there.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use super::*;

/// MTH of RFC 6962, 2.1; what is known of a range is kept.
#[derive(Default)]
struct Naive {
    leaves: Vec<Vec<u8>>,
    known: HashMap<(usize, usize), [u8; 32]>,
}

impl Naive {
    fn mth(&mut self, begin: usize, end: usize) -> [u8; 32] {
        if let Some(known) = self.known.get(&(begin, end)) {
            return *known;
        }
        let hash: [u8; 32] = match end - begin {
            0 => Sha256::digest(b"").into(),
            1 => Sha256::new().chain_update([0]).chain_update(&self.leaves[begin]).finalize().into(),
            count => {
                let mut half = 1;
                while half * 2 < count {
                    half *= 2;
                }
                let (left, right) = (self.mth(begin, begin + half), self.mth(begin + half, end));
                Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
            }
        };
        self.known.insert((begin, end), hash);
        hash
    }
}

#[test]
fn all_roots_up_to_ten_thousand_entries_are_those_of_the_rfc() {
    let mut naive = Naive {
        leaves: (0..10_000).map(|one| format!("entry {one}").into_bytes()).collect(),
        ..Naive::default()
    };
    let mut hashes = Hashes(Vec::new());
    assert_eq!(tlog::tree_hash(0, &hashes).unwrap().0, naive.mth(0, 0));
    for index in 0..naive.leaves.len() {
        hashes.push(index as u64, tlog::record_hash(&naive.leaves[index])).unwrap();
        assert_eq!(tlog::tree_hash(index as u64 + 1, &hashes).unwrap().0, naive.mth(0, index + 1), "{index}");
    }
}
