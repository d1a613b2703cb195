#![no_main]
//! The payload of an RPM: whole packages, and any payload behind a header with a few files.

use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;

use heirloom_formats::rpm_file::{self, Header};

#[path = "support/package.rs"]
#[expect(dead_code, reason = "the other targets use the rest")]
mod package;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let file = package::Scratch::new("payload");
    if bytes.starts_with(&package::LEAD) {
        file.write(bytes);
    } else {
        let files = [("/a", 4), ("/b", 4), ("/dir/c", 70_000)];
        file.write(&package::whole(&files.map(|(path, size)| package::File { path, size, digest: "" }), bytes));
    }
    read(file.path());
});

fn read(path: &Path) {
    let Ok(header) = Header::open(path) else { return };
    let _ = rpm_file::verify_digests(path);
    let take = |_: usize, reader: &mut dyn Read| -> std::io::Result<ControlFlow<()>> {
        let _ = std::io::copy(&mut reader.take(1 << 20), &mut std::io::sink())?;
        Ok(ControlFlow::Continue(()))
    };
    let _ = rpm_file::each_file(path, &header, |index| index % 2 == 0, take);
    let _ = rpm_file::each_file(path, &header, |_| true, take);
}
