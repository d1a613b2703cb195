//! The two packages under comparison, with their files brought together.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use heirloom_formats::rpm_file::{FileEntry, Header};

use crate::tag;
use crate::{CompareError, DistMap, Options, Universe};

/// What every check looks at.
pub(crate) struct Pair<'a> {
    pub(crate) reference: &'a Header,
    pub(crate) rebuilt: &'a Header,
    pub(crate) files: Files<'a>,
    pub(crate) dist: &'a DistMap,
    pub(crate) universe: Option<&'a Universe>,
}

/// The files of both packages by path, build-id links left out. Paths that carry a release are the same by the
/// declared dist map.
#[derive(Default)]
pub(crate) struct Files<'a> {
    /// Same path and same type: reference's and rebuilt's.
    pub(crate) both: Vec<(&'a FileEntry, &'a FileEntry)>,
    /// Same path, but one is a directory, say, and the other a link.
    pub(crate) retyped: Vec<(&'a FileEntry, &'a FileEntry)>,
    /// Only in the reference.
    pub(crate) missing: Vec<&'a FileEntry>,
    /// Only in the rebuilt package.
    pub(crate) extra: Vec<&'a FileEntry>,
}

impl<'a> Pair<'a> {
    pub(crate) fn new(reference: &'a Header, rebuilt: &'a Header, options: &'a Options) -> Self {
        let mut files = Files::new(&reference.files, &rebuilt.files);
        files.map(&options.dist);
        Self { reference, rebuilt, files, dist: &options.dist, universe: options.universe.as_deref() }
    }

    /// Whether both headers have the same bytes under all these tags.
    pub(crate) fn same(&self, tags: &[u32]) -> bool {
        tags.iter().all(|tag| self.reference.raw(*tag) == self.rebuilt.raw(*tag))
    }
}

/// Whether this is one of the links that lead from a build-id to its file. Only links and directories
/// count, so that nothing with contents can hide there.
pub(crate) fn is_build_id_link(file: &FileEntry) -> bool {
    let below = |prefix: &str| {
        file.path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    (file.is_dir() || file.is_symlink()) && (below("/usr/lib/.build-id") || below("/usr/lib/debug/.build-id"))
}

/// Type bits of a file's mode.
pub(crate) fn kind(file: &FileEntry) -> u16 {
    file.mode & 0o170_000
}

impl<'a> Files<'a> {
    /// Brings together what has one path by the declared map.
    fn map(&mut self, dist: &DistMap) {
        let mut extra: BTreeMap<_, _> =
            self.extra.iter().map(|file| (dist.plain(&file.path), *file)).collect();
        for file in std::mem::take(&mut self.missing) {
            match extra.remove(&dist.plain(&file.path)) {
                Some(other) if kind(file) == kind(other) => self.both.push((file, other)),
                Some(other) => self.retyped.push((file, other)),
                None => self.missing.push(file),
            }
        }
        let left: BTreeSet<&str> = extra.into_values().map(|file| file.path.as_str()).collect();
        self.extra.retain(|file| left.contains(file.path.as_str()));
    }

    /// The files of two versions of a package: paths that carry the version are the same, and so are two files that
    /// one link leads to, as the SONAME of a library does.
    pub(crate) fn of_versions(old: &'a Header, new: &'a Header) -> Self {
        let mut files = Self::new(&old.files, &new.files);
        files.match_versions(old, new);
        files.follow_links(old, new);
        files
    }

    fn match_versions(&mut self, old: &Header, new: &Header) {
        let mut extra: BTreeMap<String, &FileEntry> =
            self.extra.iter().map(|file| (without_version(new, &file.path), *file)).collect();
        let same = |file: &FileEntry, other: &FileEntry| kind(file) == kind(other);
        for file in std::mem::take(&mut self.missing) {
            match extra.remove(&without_version(old, &file.path)) {
                Some(other) if same(file, other) => self.both.push((file, other)),
                Some(other) => self.retyped.push((file, other)),
                None => self.missing.push(file),
            }
        }
        self.keep_unmatched();
    }

    fn follow_links(&mut self, old: &'a Header, new: &'a Header) {
        let by_path = |files: &[&'a FileEntry]| -> BTreeMap<&'a str, &'a FileEntry> {
            files.iter().filter(|file| file.is_regular()).map(|file| (file.path.as_str(), *file)).collect()
        };
        let (mut missing, extra) = (by_path(&self.missing), by_path(&self.extra));
        let links = |header: &'a Header| header.files.iter().filter(|file| file.is_symlink());
        let end = |link: &FileEntry| resolve(&link.path, &link.link_target);
        let ends: BTreeMap<&str, &FileEntry> = links(new)
            .filter_map(|link| Some((link.path.as_str(), *extra.get(end(link).as_str())?)))
            .collect();
        for link in links(old) {
            if let Some(to) = ends.get(link.path.as_str()) {
                self.both.extend(missing.remove(end(link).as_str()).map(|from| (from, *to)));
            }
        }
        self.keep_unmatched();
    }

    /// Takes out of both lists what has a counterpart.
    fn keep_unmatched(&mut self) {
        let all = self.both.iter().chain(&self.retyped);
        let (old, new): (BTreeSet<&str>, BTreeSet<&str>) =
            all.map(|(old, new)| (old.path.as_str(), new.path.as_str())).unzip();
        self.missing.retain(|file| !old.contains(file.path.as_str()));
        self.extra.retain(|file| !new.contains(file.path.as_str()));
    }

    fn new(reference: &'a [FileEntry], rebuilt: &'a [FileEntry]) -> Self {
        let mut files = Self::default();
        let mut left = sorted(reference).into_iter().peekable();
        let mut right = sorted(rebuilt).into_iter().peekable();
        loop {
            let order = match (left.peek(), right.peek()) {
                (Some(a), Some(b)) => a.path.cmp(&b.path),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return files,
            };
            match order {
                Ordering::Less => files.missing.extend(left.next()),
                Ordering::Greater => files.extra.extend(right.next()),
                Ordering::Equal => {
                    let pair = left.next().zip(right.next());
                    let same = pair.is_some_and(|(a, b)| kind(a) == kind(b));
                    if same { files.both.extend(pair) } else { files.retyped.extend(pair) }
                }
            }
        }
    }
}

/// The path with everything replaced that is the package's version, with or without its release.
fn without_version(header: &Header, path: &str) -> String {
    let evr = header.nevra.evr();
    let full = format!("{}-{}", evr.version(), evr.release());
    let path = path.replace(&full, "*");
    // A short one occurs by chance.
    match evr.version().len() >= 3 && evr.version().contains('.') {
        true => path.replace(evr.version(), "*"),
        false => path,
    }
}

fn sorted(files: &[FileEntry]) -> Vec<&FileEntry> {
    let mut sorted: Vec<_> = files.iter().filter(|file| !is_build_id_link(file)).collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    sorted
}

/// Whether two packages have the same bytes, lead and signature aside.
pub(crate) fn same_bytes(
    (reference, reference_header): (&Path, &Header),
    (rebuilt, rebuilt_header): (&Path, &Header),
) -> Result<bool, CompareError> {
    let (a, b) = (&reference_header.range, &rebuilt_header.range);
    if a.end - a.start != b.end - b.start {
        return Ok(false);
    }
    let mut left = from(reference, a.start)?;
    let mut right = from(rebuilt, b.start)?;
    // A header with a digest of its payload stands for it: packages are verified when they come in.
    if reference_header.raw(tag::PAYLOADDIGEST).is_some() {
        left.set_limit(a.end - a.start);
        right.set_limit(b.end - b.start);
    }
    equal(&mut left, &mut right).map_err(CompareError::io(rebuilt))
}

fn from(path: &Path, start: u64) -> Result<std::io::Take<BufReader<File>>, CompareError> {
    let mut file = File::open(path).map_err(CompareError::io(path))?;
    file.seek(SeekFrom::Start(start)).map_err(CompareError::io(path))?;
    Ok(BufReader::with_capacity(64 * 1024, file).take(u64::MAX))
}

fn equal(left: &mut impl BufRead, right: &mut impl BufRead) -> std::io::Result<bool> {
    loop {
        let (a, b) = (left.fill_buf()?, right.fill_buf()?);
        let count = a.len().min(b.len());
        if count == 0 {
            return Ok(a.is_empty() && b.is_empty());
        }
        if a[..count] != b[..count] {
            return Ok(false);
        }
        left.consume(count);
        right.consume(count);
    }
}

/// Where a link leads to, as a path without `..`.
pub(crate) fn resolve(link: &str, target: &str) -> String {
    let dir = link.rsplit_once('/').map_or("", |(dir, _)| dir);
    let mut parts: Vec<&str> = if target.starts_with('/') { Vec::new() } else { dir.split('/').collect() };
    for part in target.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "" | "." => {}
            _ => parts.push(part),
        }
    }
    format!("/{}", parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_paths() {
        let link = "/usr/lib/debug/.build-id/ab/cdef.debug";
        assert_eq!(
            resolve(link, "../../usr/lib64/liba.so.1.debug"),
            "/usr/lib/debug/usr/lib64/liba.so.1.debug"
        );
        assert_eq!(resolve(link, "/usr/lib/debug/b"), "/usr/lib/debug/b");
    }
}
