#![no_main]
//! TUF metadata of all four roles: what is read can be written, and is then the same; and no signature holds by chance.

use heirloom_formats::tuf::{Body, Received, Root, Snapshot, Targets, Timestamp, Trusted, Unsigned, verify};

fn read<B: Body + PartialEq + std::fmt::Debug>(bytes: &[u8]) -> Option<Received<B>> {
    let received: Received<B> = Received::parse("fuzz", bytes).ok()?;
    let unsigned = Unsigned::of(&received.metadata).expect("what was read can be written");
    let again = Received::parse("again", &unsigned.attach(received.signatures())).expect("and read again");
    assert_eq!(again.metadata, received.metadata);
    assert_eq!(again.canonical(), unsigned.bytes);
    assert_eq!(again.signatures().len(), received.signatures().len());
    Some(received)
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let root = read::<Root>(bytes);
    let _ = (read::<Targets>(bytes), read::<Snapshot>(bytes), read::<Timestamp>(bytes));
    if let Some(root) = root {
        assert!(root.signers(&root.metadata.body).len() <= root.signatures().len());
    }
    // The same bytes under every name: nothing of it may be believed, and it must end.
    let fetch = |_: &str, _: u64| Ok(Some(bytes.to_vec()));
    assert!(verify(bytes, &mut Trusted::default(), None, &fetch).is_err());
});
