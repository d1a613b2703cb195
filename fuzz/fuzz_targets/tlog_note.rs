#![no_main]
//! Signed checkpoints and keys, of a log and of witnesses.

use heirloom_tlog::{Policy, Vkey};

const LOG: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

libfuzzer_sys::fuzz_target!(|text: &str| {
    for key in [Vkey::log(text), Vkey::witness(text)].into_iter().flatten() {
        let again = key.to_string();
        assert!(Vkey::log(&again).is_ok() != Vkey::witness(&again).is_ok());
    }
    let policy = Policy::of_log(Vkey::log(LOG).expect("a key"));
    if let Ok(signed) = policy.open(text.as_bytes()) {
        assert_eq!(signed.note(), text.as_bytes());
        assert_eq!(signed.checkpoint().origin(), "PeterNeumann");
    }
});
