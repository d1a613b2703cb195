//! Two states with packages, and what changes between them.

use std::collections::BTreeMap;

use serde_json::Value;
use testkit::rpm_builder::RpmBuilder;
use testkit::tool::Tool;

use crate::support::{Place, named};

/// Puts a package into both states: version 1 and version 2.
pub(crate) fn update(
    place: &Place,
    name: &str,
    old: impl Fn(RpmBuilder) -> RpmBuilder,
    new: impl Fn(RpmBuilder) -> RpmBuilder,
) {
    place.package("old", &old(named(name, "1")));
    place.package("new", &new(named(name, "2")));
}

/// The changes of each package as `kind subject: effect`, but for those that break nobody.
pub(crate) fn told(json: &Value) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::new();
    for package in json["packages"].as_array().unwrap() {
        let changes = package["changes"].as_array().unwrap().iter();
        let told = changes.filter(|change| change["effect"] != "fine").map(|change| {
            let text = |key: &str| change[key].as_str().unwrap().to_owned();
            format!("{} {}: {}", text("kind"), text("subject"), text("effect"))
        });
        all.insert(package["name"].as_str().unwrap().to_owned(), told.collect());
    }
    all
}

/// A gzip file of these bytes.
pub(crate) fn gzip(place: &Place, bytes: &[u8]) -> Vec<u8> {
    let path = place.path("plain");
    std::fs::write(&path, bytes).unwrap();
    let packed = place.path("packed");
    let script = format!("gzip -nc {} > {}", path.display(), packed.display());
    Tool::new("sh").args(["-c", &script]).run().unwrap();
    std::fs::read(packed).unwrap()
}

/// A library in a file of its whole version, and the link of its SONAME.
pub(crate) fn library(package: RpmBuilder, version: &str, library: &[u8]) -> RpmBuilder {
    let file = format!("libsample.so.{version}");
    let link = format!("ln -s {file} $RPM_BUILD_ROOT/usr/lib64/libsample.so.1");
    package
        .arch("x86_64")
        .file_as("\"/usr/lib64/libsample.so.1\"\n", &format!("/usr/lib64/{file}"), library)
        .scriptlet(&link, "")
}
