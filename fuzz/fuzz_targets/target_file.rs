//! Target files, from anyone.
#![no_main]

use heirloom_migrate::target::Target;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(target) = Target::read("target.toml", text) else { return };
    let again = target.to_text().expect("what was read can be written");
    assert_eq!(Target::read("again", &again).expect("and read again"), target);
});
