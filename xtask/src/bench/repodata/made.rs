//! Many packages with headers as real ones are: some hundred lists of files, dependencies and changelogs, each used by
//! many packages under their own names and with their own content.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use rpm::{BuildConfig, CompressionType, Dependency, FileOptions, PackageBuilder};

use crate::bench::Result;

/// Distinct lists of files, dependencies and changelogs.
const KINDS: usize = 300;
/// When everything was built, in seconds since 1970.
const BUILT: u32 = 1_700_000_000;
const WORDS: [&str; 24] = [
    "kernel", "config", "manual", "locale", "module", "system", "network", "package", "driver", "font",
    "image", "python", "perl", "server", "client", "common", "devel", "static", "theme", "plugin", "tools",
    "data", "core", "extra",
];

/// Where a package is below the repository's root.
pub(super) fn location(number: usize) -> String {
    let name = name(number);
    format!("Packages/{}/{name}-{}-{}.el9.x86_64.rpm", &name[..1], version(number), number % 9 + 1)
}

fn name(number: usize) -> String {
    let (first, second) = (WORDS[number % WORDS.len()], WORDS[number / WORDS.len() % WORDS.len()]);
    format!("{first}-{second}-{number:05}")
}

fn version(number: usize) -> String {
    format!("{}.{}.{}", number % 7 + 1, number % 23, number % 11)
}

/// Makes so many; bytes of all of them.
pub(super) fn packages(dir: &Path, count: usize) -> Result<u64> {
    let (next, bytes) = (AtomicUsize::new(0), AtomicU64::new(0));
    let work = || -> std::result::Result<(), String> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return Ok(());
            }
            let path = dir.join(location(number));
            write(&path, number).map_err(|error| format!("{}: {error}", path.display()))?;
            let size = path.metadata().map_err(|error| error.to_string())?.len();
            bytes.fetch_add(size, Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().unwrap_or_else(|_| Err("a worker panicked".into())))
    })?;
    Ok(bytes.into_inner())
}

fn write(path: &Path, number: usize) -> std::result::Result<(), Box<dyn Error>> {
    let mut kind = Random::new(number % KINDS);
    let mut own = Random::new(KINDS + number);
    let (name, version) = (name(number), version(number));
    let mut builder = PackageBuilder::new(&name, &version, "GPL-2.0-or-later", "x86_64", &kind.sentence(8));
    builder
        .using_config(BuildConfig::default().compression(CompressionType::None).source_date(BUILT))
        .release(format!("{}.el9", number % 9 + 1))
        .url(format!("https://www.example.org/{name}"))
        .vendor("Kestrel Foundation")
        .packager("Kestrel <packager@kestrel.example>")
        .group("Unspecified")
        .build_host("builder.kestrel.example")
        .description(kind.sentence(60));
    for _ in 0..kind.below(12) {
        builder.provides(Dependency::any(format!("lib{}.so.{}()(64bit)", kind.word(), kind.below(9))));
    }
    builder.requires(Dependency::any("rtld(GNU_HASH)"));
    for _ in 0..kind.below(25) {
        builder.requires(Dependency::any(format!(
            "lib{}.so.6(V_{}.{})(64bit)",
            kind.word(),
            kind.below(3),
            kind.below(40)
        )));
    }
    for _ in 0..kind.below(4) {
        builder
            .requires(Dependency::greater_eq(kind.word(), format!("{}.{}-1", kind.below(9), kind.below(30))));
    }
    for age in 0..4 + kind.below(40) {
        let author = format!("Ann Example <ann@example.org> - {version}-{age}");
        let entry = format!("- {}\n- {}", kind.sentence(9), kind.sentence(7));
        builder.add_changelog_entry(author, entry, BUILT - 86_400 * (1 + age as u32 * 20));
    }
    let large = 3_000 + own.below(10).pow(2) * own.below(4_000);
    builder.with_file_contents(own.bytes(large), FileOptions::new(format!("/usr/lib64/lib{name}.so.1")))?;
    builder
        .with_file_contents("#!/bin/sh\n", FileOptions::new(format!("/usr/bin/{name}")).permissions(0o755))?;
    // Most packages have some dozens of files, a few have hundreds.
    let files = 5 + kind.below(40) + if kind.below(12) == 0 { 400 } else { 0 };
    for file in 0..files {
        let path = format!(
            "/usr/share/{name}/{}/{}-{}-{file}.{}",
            kind.word(),
            kind.word(),
            kind.word(),
            ["html", "png", "conf", "py"][kind.below(4)]
        );
        builder.with_file_contents(format!("{file}\n"), FileOptions::new(path))?;
    }
    let package = builder.build()?;
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut file = std::io::BufWriter::new(fs::File::create(path)?);
    Ok(package.write(&mut file)?)
}

/// Numbers that are always the same for a seed.
struct Random(u64);

impl Random {
    fn new(seed: usize) -> Self {
        Self((seed as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, most: usize) -> usize {
        (self.next() >> 16) as usize % most.max(1)
    }

    fn word(&mut self) -> &'static str {
        WORDS[self.below(WORDS.len())]
    }

    fn sentence(&mut self, words: usize) -> String {
        let words: Vec<_> = (0..words)
            .map(|_| format!("{}{}", self.word(), ["", "s", " of", " for"][self.below(4)]))
            .collect();
        words.join(" ")
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count / 8 + 1).flat_map(|_| self.next().to_le_bytes()).collect()
    }
}
