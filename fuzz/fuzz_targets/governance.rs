//! Charters, proposals, votes and histories of others.
#![no_main]

use heirloom_govern::{Charter, History, Proposal, Vote};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(charter) = Charter::parse(text) {
        let again = charter.to_toml().expect("what was read can be written");
        assert_eq!(Charter::parse(&again).expect("and read again"), charter);
    }
    if let Ok(proposal) = Proposal::from_json(text) {
        let again = proposal.to_json().expect("what was read can be written");
        assert_eq!(Proposal::from_json(&again).expect("and read again"), proposal);
    }
    let _ = Vote::from_json(text);
    if let Ok(history) = History::parse(text) {
        let keys = heirloom_govern::Keys { inspect: &|_| Err(String::new()), verify: &|_, _, _, _| Err(String::new()) };
        let _ = history.replay(&keys, None);
    }
});
