//! What a client says to a signer.
#![no_main]

use heirloom_sign::Request;

libfuzzer_sys::fuzz_target!(|line: &[u8]| {
    if let Ok(request) = Request::parse(line) {
        let again = request.to_line().expect("a line");
        assert_eq!(Request::parse(again.as_bytes()).expect("a request"), request);
    }
});
