//! Lists of packages, one a line: `koji list-buildroot` and mock's `installed_pkgs.log`.

use heirloom_model::{Nevra, RecordedBuildroot, RecordedFormat, RecordedPackage};

use super::{KEY, Packages, Place, RecordedProblem, Wrong, md5, shorten};

/// What follows the package on a line.
enum Rest {
    /// Nothing, or the mark of an update.
    Koji,
    /// Build time, size, SIGMD5, `installed`.
    Mock(Option<String>),
}

pub(super) fn parse(text: &str) -> Result<RecordedBuildroot, Wrong> {
    let mut packages = Packages::default();
    let mut format = RecordedFormat::KojiListing;
    for (index, line) in text.lines().enumerate() {
        let (line, place) = (line.trim(), Place::Line(index + 1));
        match line {
            "" | "Component RPMs:" => continue,
            // Files that are no RPMs end the list.
            "Component Archives:" => break,
            "Built RPMs:" | "Built Archives:" => return Err((place, RecordedProblem::Built)),
            key if key.starts_with(KEY) => continue,
            _ => {}
        }
        let package = package(line, &mut format).ok_or_else(|| {
            // The first line tells what the file is; a later one breaks its form.
            let problem = if packages.list.is_empty() {
                RecordedProblem::Form(format!("the line `{}`", shorten(line)))
            } else {
                let expected = "NAME-VERSION-RELEASE.ARCH";
                RecordedProblem::Value { expected, found: format!("`{}`", shorten(line)) }
            };
            (place.clone(), problem)
        })?;
        packages.add(package).map_err(|problem| (place, problem))?;
    }
    let mut buildroot = packages.buildroot(format, None)?;
    // `koji list-buildroot` leaves epochs out; other lists have them where they are not 0.
    let stated = format == RecordedFormat::MockInstalled
        || buildroot.packages.iter().any(|package| package.nevra.evr().epoch() != 0);
    for package in &mut buildroot.packages {
        package.epoch_stated = stated;
    }
    Ok(buildroot)
}

fn package(line: &str, format: &mut RecordedFormat) -> Option<RecordedPackage> {
    let mut words = line.split_whitespace();
    let name = words.next()?;
    let nevra: Nevra = name.strip_suffix(".rpm").unwrap_or(name).parse().ok()?;
    let mut package = RecordedPackage::new(nevra, false);
    match rest(&words.collect::<Vec<_>>())? {
        Rest::Koji => {}
        Rest::Mock(sigmd5) => {
            *format = RecordedFormat::MockInstalled;
            package.sigmd5 = sigmd5;
        }
    }
    Some(package)
}

fn rest(words: &[&str]) -> Option<Rest> {
    match words {
        [] | ["[update]"] => Some(Rest::Koji),
        [time, size, sigmd5, "installed"] if is_number(time) && is_number(size) => {
            Some(Rest::Mock(md5(sigmd5)))
        }
        _ => None,
    }
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}
