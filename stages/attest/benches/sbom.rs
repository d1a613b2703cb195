//! Lists of parts of made-up builds, in all formats, for `cargo xtask bench sbom`: three packages of five sources each, built
//! in two hundred packages of a distribution that bootstrap has.
//!
//!     sbom COUNT DIR      makes the lists of so many builds, and that of the release, and writes them below DIR
#![expect(clippy::print_stdout, reason = "a benchmark tells its figures")]

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use heirloom_attest::{BuildParts, Present, Says, SourceSays, bill_of_build, bill_of_release};
use heirloom_formats::sbom::{Bill, Form, Maker, write};
use heirloom_model::record::{Action, BuildrootPackage, Built, Limits, Resources, SourceFile};
use heirloom_model::{Digest, Nevra, Package};

const BUILDROOT: usize = 200;
const THREADS: usize = 2;
const LICENCES: [&str; 5] = [
    "GPLv2+",
    "MIT and (BSD or ASL 2.0)",
    "LGPL-2.1-or-later",
    "GPL-3.0-or-later WITH GCC-exception-3.1",
    "Public Domain",
];

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

struct Made {
    built: Built,
    action: Action,
    files: Vec<SourceFile>,
    says: Says,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [count, dir] = &arguments[..] else {
        println!("give a number of builds and a directory; `cargo xtask bench sbom` does");
        return Ok(());
    };
    let dir = Path::new(dir);
    fs::create_dir_all(dir)?;
    let made = (0..count.parse()?).map(made).collect::<Result<Vec<_>>>()?;
    for form in Form::ALL {
        let began = Instant::now();
        let bytes = each(&made, dir, form)?;
        let seconds = began.elapsed().as_secs_f64();
        println!("{:10} {count} lists, {:6.0} MB: {seconds:6.2} s", form.ending(), bytes as f64 / 1e6);
    }
    let began = Instant::now();
    let bill = release(&made);
    println!("release    put together: {:6.2} s", began.elapsed().as_secs_f64());
    for form in Form::ALL {
        let began = Instant::now();
        let text = write(&bill, form)?;
        fs::write(dir.join(format!("release.{}", form.ending())), &text)?;
        let seconds = began.elapsed().as_secs_f64();
        println!("{:10} the release, {:5.0} MB: {seconds:6.2} s", form.ending(), text.len() as f64 / 1e6);
    }
    Ok(())
}

/// Makes and writes all lists of one format; their bytes.
fn each(made: &[Made], dir: &Path, form: Form) -> Result<u64> {
    let (next, bytes) = (AtomicUsize::new(0), AtomicU64::new(0));
    let work = || -> Result<()> {
        while let Some(one) = made.get(next.fetch_add(1, Ordering::Relaxed)) {
            let text = write(&bill(one), form)?;
            bytes.fetch_add(text.len() as u64, Ordering::Relaxed);
            fs::write(dir.join(format!("{}.{}", one.built.nevra, form.ending())), text)?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().unwrap_or_else(|_| Err("a worker panicked".into())))
    })?;
    Ok(bytes.into_inner())
}

fn made(number: usize) -> Result<Made> {
    let nevra = |name: &str, arch: &str| -> Result<Nevra> {
        Ok(format!("{name}-1.2.{number}-3.el9.{arch}").parse()?)
    };
    let name = format!("library-{number:05}");
    let source_rpm = format!("{name}-1.2.{number}-3.el9.src.rpm");
    let mut packages = Vec::new();
    for ending in ["", "-devel", "-doc"] {
        packages.push(package(nevra(&format!("{name}{ending}"), "x86_64")?, &source_rpm)?);
    }
    let pinned = |index: usize| -> Result<BuildrootPackage> {
        // The base is the same for all; the rest is spread over five thousand.
        let index = if index < 140 { index } else { 140 + (number * 61 + index * 7) % 5000 };
        let nevra: Nevra = format!("tool-{index:04}-2:5.1.{index}-9.el9.x86_64").parse()?;
        Ok(BuildrootPackage { digest: Digest::of(nevra.to_string().as_bytes()), nevra })
    };
    let files: Vec<_> =
        ["a.tar.xz", "a.tar.xz.asc", "fix-CVE-2025-12345.patch", "more.patch", "library.spec"]
            .iter()
            .map(|file| SourceFile {
                name: (*file).to_owned(),
                digest: Digest::of(format!("{number}{file}").as_bytes()),
                size: 1,
                origin: format!("https://lookaside.example/{name}/{file}"),
            })
            .collect();
    let source = nevra(&name, "src")?;
    let action = Action {
        builder: 2,
        name,
        spec: "library.spec".to_owned(),
        sources: files.iter().map(|file| (file.name.clone(), file.digest)).collect(),
        base: (0..140).map(pinned).collect::<Result<_>>()?,
        extra: (140..BUILDROOT).map(pinned).collect::<Result<_>>()?,
        requires: Vec::new(),
        macros: Vec::new(),
        with: Vec::new(),
        arch: "x86_64".to_owned(),
        limits: Limits { seconds: 1, memory: 1, disk: 1, processes: 1 },
    };
    let digest = Digest::of(source.to_string().as_bytes());
    let built = Built {
        action: digest,
        document: digest,
        step: action.name.clone(),
        nevra: source.clone(),
        packages,
        source: package(source, "")?,
        buildroot: Vec::new(),
        log: digest,
        resources: Resources::default(),
    };
    let says = Says {
        licence: LICENCES[number % LICENCES.len()].to_owned(),
        summary: "A library that many programs use for what it is made for".to_owned(),
        url: "https://library.example/".to_owned(),
        vendor: "Kestrel".to_owned(),
        module: None,
    };
    Ok(Made { built, action, files, says })
}

fn package(nevra: Nevra, source_rpm: &str) -> Result<Package> {
    let digest = Digest::of(nevra.to_string().as_bytes());
    Ok(serde_json::from_value(serde_json::json!({
        "nevra": nevra, "digest": digest, "size": 1, "build_time": 1_700_000_000, "source_rpm": source_rpm,
        "provides": [], "requires": [], "conflicts": [], "obsoletes": [], "recommends": [], "suggests": [],
        "supplements": [], "enhances": [], "files": [],
    }))?)
}

fn parts(made: &Made) -> BuildParts<'_> {
    BuildParts {
        built: &made.built,
        action: &made.action,
        delivered_source: made.built.source.digest,
        says: SourceSays {
            says: made.says.clone(),
            patches: vec!["fix-CVE-2025-12345.patch".to_owned(), "more.patch".to_owned()],
            fixes: Vec::new(),
        },
        files: made.files.clone(),
    }
}

fn present(made: &Made) -> impl Iterator<Item = Present<'_>> {
    made.built.packages.iter().map(|package| Present {
        nevra: &package.nevra,
        accepted: package.digest,
        delivered: Digest::of(package.digest.as_bytes()),
        source_rpm: &package.source_rpm,
        says: made.says.clone(),
        is_foreign: false,
    })
}

fn maker() -> Maker {
    Maker {
        id: "kestrel".to_owned(),
        version: "9.4".to_owned(),
        organisation: "Kestrel Foundation".to_owned(),
        home: "https://kestrel.example".to_owned(),
        tool_version: "0.1.0".to_owned(),
    }
}

fn bill(made: &Made) -> Bill {
    bill_of_build(maker(), &parts(made), &present(made).collect::<Vec<_>>(), &|_| false)
}

fn release(made: &[Made]) -> Bill {
    let (parts, present): (Vec<_>, Vec<_>) =
        (made.iter().map(parts).collect(), made.iter().flat_map(present).collect());
    bill_of_release(maker(), "Kestrel Enterprise Linux", 1_700_000_000, &parts, &present, &|_| false)
}
