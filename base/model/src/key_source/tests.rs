use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::{InvalidKeySource, KeySource, Pkcs11Uri};

fn wrong(text: &str) -> InvalidKeySource {
    text.parse::<KeySource>().unwrap_err()
}

#[test]
fn each_kind_is_told_by_its_scheme() {
    let fingerprint = "0123456789abcdef0123456789ABCDEF01234567";
    assert_eq!("keys/own.key".parse(), Ok(KeySource::File("keys/own.key".into())));
    assert_eq!("signer:/run/s".parse(), Ok(KeySource::Signer("/run/s".into())));
    let agent = |socket| KeySource::GpgAgent { fingerprint: fingerprint.to_ascii_uppercase(), socket };
    assert_eq!(format!("gpg-agent:{fingerprint}").parse(), Ok(agent(None)));
    assert_eq!(format!("gpg-agent:{fingerprint}?socket=S").parse(), Ok(agent(Some("S".into()))));
    let text = "pkcs11:token=My%20token;object=release;id=%01%ff;type=private?module-path=/usr/lib/m.so&\
                pin-source=file:pin";
    let uri = Pkcs11Uri {
        module: "/usr/lib/m.so".into(),
        token: Some("My token".to_owned()),
        object: Some("release".to_owned()),
        id: Some(vec![1, 255]),
        pin_source: Some("pin".into()),
        ..Pkcs11Uri::default()
    };
    assert_eq!(text.parse(), Ok(KeySource::Pkcs11(Box::new(uri))));
}

#[test]
fn what_is_wrong_is_named() {
    assert_eq!(wrong("signer:"), InvalidKeySource::Empty("signer:".to_owned()));
    assert_eq!(wrong("gpg-agent:ABCD"), InvalidKeySource::Fingerprint("ABCD".to_owned()));
    assert_eq!(wrong("pkcs11:token=a"), InvalidKeySource::NoModule);
    assert_eq!(wrong("pkcs11:token=a;token=b?module-path=/m"), InvalidKeySource::Value("token".to_owned()));
    assert_eq!(wrong("pkcs11:colour=a?module-path=/m"), InvalidKeySource::Attribute("colour".to_owned()));
    assert_eq!(wrong("pkcs11:token=a?module-path=/m&pin-value=1234"), InvalidKeySource::Pin);
    for text in
        ["pkcs11:type=cert?module-path=/m", "pkcs11:?module-path=m", "pkcs11:?module-path=/m&pin-source=|cat"]
    {
        assert!(matches!(wrong(text), InvalidKeySource::Wrong { .. }), "{text}");
    }
}

#[test]
fn relative_paths_are_seen_from_a_directory() {
    let seen = |text: &str| text.parse::<KeySource>().unwrap().seen_from(Path::new("/etc/d")).to_string();
    assert_eq!(seen("own.key"), "/etc/d/own.key");
    assert_eq!(seen("/own.key"), "/own.key");
    assert_eq!(seen("signer:run/s"), "signer:/etc/d/run/s");
    assert_eq!(seen("pkcs11:?module-path=/m&pin-source=pin"), "pkcs11:?module-path=/m&pin-source=/etc/d/pin");
}

proptest! {
    #[test]
    fn a_uri_comes_back_from_its_text(
        token in "[ -~äß]{1,20}",
        object in proptest::option::of("[ -~]{1,20}"),
        id in proptest::option::of(proptest::collection::vec(any::<u8>(), 1..9)),
        pin in proptest::option::of("[a-z/ &;%]{1,9}"),
    ) {
        let uri = Pkcs11Uri {
            module: PathBuf::from("/usr/lib/a module.so"),
            token: Some(token),
            object,
            id,
            pin_source: pin.filter(|pin| !pin.starts_with("//")).map(PathBuf::from),
            ..Pkcs11Uri::default()
        };
        let source = KeySource::Pkcs11(Box::new(uri));
        prop_assert_eq!(source.to_string().parse(), Ok(source));
    }

    #[test]
    fn no_text_is_too_strange(text in "(pkcs11:|gpg-agent:|signer:)?[ -~]{0,60}") {
        if let Ok(source) = text.parse::<KeySource>() {
            prop_assert_eq!(source.to_string().parse::<KeySource>(), Ok(source));
        }
    }
}
