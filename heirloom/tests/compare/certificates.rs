//! Certificates: made, checked, made again, and refused.

use serde_json::Value;
use testkit::corrupt;

use crate::support::{Place, Ran, matches_schema, sample, with_library};

/// A place with two keys of the program's own, and a pair that differs; gives the pair.
fn certified(place: &Place) -> String {
    for name in ["mine", "other"] {
        place.run(&format!("init {name}")).expect(0);
    }
    let of = |text: &str, value: u32| {
        let library = place.library(&format!("int answer(void) {{ return {value}; }}"));
        with_library(&library).file("/usr/share/sample/text", text)
    };
    let pair = [place.package("a", &of("a\n", 1)), place.package("b", &of("b\n", 2))].join(" ");
    place.write(
        "allowances.toml",
        "[[allowance]]\nrule = \"file-content\"\nreason = \"debranding\"\nexpires = \"2999-12-31\"\n",
    );
    let secret = key_file(place, "mine", "secret");
    place
        .run(&format!(
            "compare {pair} --allowances allowances.toml --certify {secret} --certificates certificates"
        ))
        .expect(10);
    pair
}

/// The key file of a distribution that `init` made.
fn key_file(place: &Place, dir: &str, kind: &str) -> String {
    let keys = std::fs::read_dir(place.path(&format!("{dir}/keys"))).unwrap();
    let names = keys.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let is_public = |name: &str| place.read(&format!("{dir}/keys/{name}")).contains("PUBLIC KEY");
    let name = names.into_iter().find(|name| is_public(name) == (kind == "public")).unwrap();
    format!("{dir}/keys/{name}")
}

const CERTIFICATE: &str = "certificates/libsample-1.0-1.x86_64.rpm.intoto.json";

fn verify(place: &Place, more: &str) -> Ran {
    let key = key_file(place, "mine", "public");
    place.run(&format!("verify-certificate {CERTIFICATE} --key {key} {more}"))
}

#[test]
fn a_certificate_is_checked_and_made_again() {
    let place = Place::new();
    let pair = certified(&place);
    verify(&place, "").expect(0).says(&["libsample-1.0-1.x86_64.rpm: abi-compatible", "the signature holds"]);
    verify(&place, &pair).expect(0).says(&["the certificate holds", "verdict        as stated"]);
    let key = key_file(&place, "mine", "public");
    let json = place.json(&format!("verify-certificate {CERTIFICATE} --key {key} {pair}"), 0);
    assert_eq!(json["holds"], true);
    let statement = &json["statement"];
    matches_schema("certificate.schema.json", statement);
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(statement["predicate"]["allowances"][0]["reason"], "debranding");
    let envelope: Value = serde_json::from_str(&place.read(CERTIFICATE)).unwrap();
    assert_eq!(envelope["payloadType"], "application/vnd.in-toto+json");
}

#[test]
fn one_changed_byte_is_noticed_wherever_it_is() {
    let place = Place::new();
    let pair = certified(&place);
    let good = place.read(CERTIFICATE);
    let envelope: Value = serde_json::from_str(&good).unwrap();
    for text in [envelope["payload"].as_str().unwrap(), envelope["signatures"][0]["sig"].as_str().unwrap()] {
        let middle = text.len() / 2;
        let other = if text.as_bytes()[middle] == b'A' { "B" } else { "A" };
        let changed = [&text[..middle], other, &text[middle + 1..]].concat();
        place.write(CERTIFICATE, good.replace(text, &changed));
        verify(&place, "").expect(5).says(&[CERTIFICATE]);
    }
    place.write(CERTIFICATE, &good);
    verify(&place, &pair).expect(0);
    for file in pair.split(' ') {
        corrupt::flip_byte(&place.path(file), -20).unwrap();
        let ran = verify(&place, &pair).expect(5);
        ran.says(&["stated", "found", "the certificate does not hold"]);
        corrupt::flip_byte(&place.path(file), -20).unwrap();
    }
    verify(&place, &pair).expect(0);
}

#[test]
fn another_key_another_pair_and_no_certificate_are_refused() {
    let place = Place::new();
    let pair = certified(&place);
    let other = key_file(&place, "other", "public");
    let ran = place.run(&format!("verify-certificate {CERTIFICATE} --key {other}")).expect(5);
    ran.says(&[CERTIFICATE]);
    let (a, b) = pair.split_once(' ').unwrap();
    verify(&place, &format!("{b} {a}")).expect(5).says(&["reference      stated"]);
    place.write("none.json", "{}");
    let key = key_file(&place, "mine", "public");
    place.run(&format!("verify-certificate none.json --key {key}")).expect(5).says(&["none.json"]);
    place
        .run(&format!("verify-certificate absent.json --key {key}"))
        .expect(1)
        .says(&["can't read absent.json"]);
    place.run(&format!("verify-certificate {CERTIFICATE} --key {CERTIFICATE}")).expect(1).says(&["key"]);
    place.run(&format!("verify-certificate {CERTIFICATE}")).expect(2).says(&["--key"]);
}

#[test]
fn every_pair_of_two_sets_gets_a_certificate_and_the_same_bytes_each_time() {
    let place = Place::new();
    place.run("init mine").expect(0);
    for dir in ["a", "b"] {
        place.package(dir, &sample("text"));
    }
    let secret = key_file(&place, "mine", "secret");
    let sets = format!("compare --reference a --rebuild b --certify {secret} --certificates certificates");
    place.run(&sets).expect(0);
    let file = "certificates/sample-1.0-1.noarch.rpm.intoto.json";
    let payload = |text: String| serde_json::from_str::<Value>(&text).unwrap()["payload"].clone();
    let first = payload(place.read(file));
    place.run(&sets).expect(0);
    assert_eq!(payload(place.read(file)), first);
}
