#![no_main]
//! Proofs: what is read is written as it was, and none holds without its key.

use heirloom_tlog::{Policy, Proof, Vkey};

const LOG: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(proof) = Proof::parse(text) {
        assert_eq!(proof.to_text(), text);
        let _ = proof.verify(&Policy::of_log(Vkey::log(LOG).expect("a key")));
    }
});
