#![no_main]
//! The comparison of two packages that differ in one file's content. The first byte chooses the file's name;
//! the rest is both contents, split where the last two bytes say. Halves of which one is empty are one
//! content, compared with the same but for one byte.

use heirloom_compare::{Options, Stored, compare_stored};
use heirloom_model::{Digest, Verdict};

#[path = "support/halves.rs"]
mod halves;
#[path = "support/package.rs"]
mod package;

const NAMES: [&str; 8] = [
    "/usr/lib64/liba.so",
    "/usr/share/a",
    "/usr/lib/python3.9/a.pyc",
    "/usr/lib/modules/symvers",
    "/usr/share/man/man1/a.1.gz",
    "/usr/share/a.html",
    "/usr/include/a.h",
    "/usr/lib64/libz.chk",
];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((choice, rest)) = bytes.split_first() else { return };
    let Some((left, right)) = halves::of(rest) else { return };
    let name = NAMES[usize::from(*choice) % NAMES.len()];
    let mut changed = left.to_vec();
    let right = match right {
        [] => {
            let at = changed.len() / 2;
            changed.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1);
            &changed
        }
        right => right,
    };
    if left == right {
        return;
    }
    let files = [package::Scratch::new("reference"), package::Scratch::new("rebuilt")];
    for (file, content) in files.iter().zip([left, right]) {
        // The checksum's library is there too, and the same in both.
        let digest = Digest::of(content).to_string();
        let digests = [digest, Digest::of(b"library").to_string()];
        let all = [(name, content), ("/usr/lib64/libz.so", &b"library"[..])];
        let listed: Vec<_> = all
            .iter()
            .zip(&digests)
            .map(|((path, data), digest)| package::File { path, size: data.len() as u32, digest })
            .collect();
        let names: Vec<_> = all.iter().map(|(path, data)| (format!(".{path}"), *data)).collect();
        let named: Vec<_> = names.iter().map(|(path, data)| (path.as_str(), *data)).collect();
        file.write(&package::whole(&listed, &package::payload(&named)));
    }
    let stored = |index: usize| Stored { path: files[index].path(), digest: Digest::of(&[index as u8]) };
    let compared = compare_stored(stored(0), stored(1), &Options::default()).expect("both packages are whole");
    assert_ne!(compared.verdict, Verdict::BitIdentical);
});
