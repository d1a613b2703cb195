//! Reads the files whose contents differ out of both payloads, side by side, and compares them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use heirloom_formats::rpm_file::{self, FileEntry, Header, RpmError};
use heirloom_model::{Digest, Severity};

use crate::check::{content as rules, normaliser};
use crate::content;
use crate::look::{self, Look, Place};
use crate::pair::{Pair, resolve};

/// A file larger than this is not examined.
const LARGEST: u64 = 2 << 30;
/// Files that a reader may be ahead of the comparison.
const AHEAD: usize = 2;

/// Compares the content of every file that both packages have and whose digests differ.
pub(crate) fn compare(look: &mut Look, pair: &Pair<'_>, reference: &Path, rebuilt: &Path) {
    let size = |path: &Path| path.metadata().map_or(0, |metadata| metadata.len());
    let work = Work::new(look, pair, look::largest(size(reference).saturating_add(size(rebuilt))));
    if work.files.is_empty() {
        return;
    }
    std::thread::scope(|scope| {
        let read = |path, header, side: fn(&Both) -> usize| {
            let (send, receive) = sync_channel(AHEAD);
            let wanted: BTreeSet<usize> = work.files.values().map(side).collect();
            scope.spawn(move || deliver(path, header, &wanted, &send));
            receive
        };
        let left = read(reference, pair.reference, |both| both.reference);
        let right = read(rebuilt, pair.rebuilt, |both| both.rebuilt);
        work.compare(look, pair, left, right);
    });
}

/// Indices of one file in both headers.
#[derive(Clone, Copy)]
struct Both {
    reference: usize,
    rebuilt: usize,
}

struct Work<'a> {
    /// Files to read, by path.
    files: BTreeMap<&'a str, Both>,
    /// Checksums by path, each with the file that it protects.
    checksums: BTreeMap<&'a str, &'a str>,
}

type Delivered = Result<(usize, Vec<u8>), RpmError>;

impl<'a> Work<'a> {
    /// `most` bytes are read, of both packages together.
    fn new(look: &mut Look, pair: &Pair<'a>, mut most: u64) -> Self {
        let (left, right) = (indices(pair.reference), indices(pair.rebuilt));
        let mut work = Self { files: BTreeMap::new(), checksums: BTreeMap::new() };
        let delivered = |(a, b): &&(&'a FileEntry, &'a FileEntry)| is_delivered(a) && is_delivered(b);
        let names: BTreeMap<&str, Both> = (pair.files.both.iter().filter(delivered))
            .filter_map(|(a, b)| {
                let both =
                    Both { reference: *left.get(a.path.as_str())?, rebuilt: *right.get(b.path.as_str())? };
                Some((a.path.as_str(), both))
            })
            .collect();
        let links: HashMap<&str, &FileEntry> = (pair.reference.files.iter().filter(|file| file.is_symlink()))
            .map(|file| (file.path.as_str(), file))
            .collect();
        let target = |path: &str| {
            content::targets(path).into_iter().find_map(|target| {
                // A checksum may name the library by its SONAME, which is a link.
                let led = links.get(target.as_str()).map(|link| resolve(&link.path, &link.link_target));
                names.get_key_value(led.as_ref().unwrap_or(&target).as_str()).map(|(path, _)| *path)
            })
        };
        for (reference, rebuilt) in differing(pair) {
            let left = most.checked_sub(reference.size.saturating_add(rebuilt.size));
            if reference.size > LARGEST || rebuilt.size > LARGEST {
                look.unreadable(
                    &place(reference),
                    "not examined",
                    format!("it has more than {LARGEST} bytes"),
                );
            } else if let Some(left) = left {
                most = left;
                work.files.extend(names.get_key_value(reference.path.as_str()));
            } else {
                look.unreadable(
                    &place(reference),
                    "not examined",
                    "packages of this size can't hold so much",
                );
            }
        }
        for path in names.keys() {
            let Some(target) = target(path)
                .filter(|target| work.files.contains_key(path) || work.files.contains_key(target))
            else {
                continue;
            };
            work.checksums.insert(path, target);
            work.files.extend([*path, target].iter().filter_map(|needed| names.get_key_value(needed)));
        }
        work
    }

    /// Files are compared as soon as both readers have delivered them. Packages list their files in the
    /// same order, so that little is held; what comes early waits.
    fn compare(
        &self,
        look: &mut Look,
        pair: &Pair<'_>,
        left: Receiver<Delivered>,
        right: Receiver<Delivered>,
    ) {
        let mut waiting = HashMap::<usize, Vec<u8>>::new();
        let mut kept = HashMap::<&str, (Vec<u8>, Vec<u8>)>::new();
        let by_index: HashMap<usize, (&str, Both)> =
            self.files.iter().map(|(path, both)| (both.reference, (*path, *both))).collect();
        let mut left_over: BTreeSet<&str> = self.files.keys().copied().collect();
        for delivered in left {
            let (index, reference) = match delivered {
                Ok(delivered) => delivered,
                Err(error) => return damaged(look, &left_over, &error),
            };
            let Some((path, both)) = by_index.get(&index) else { continue };
            let rebuilt = loop {
                if let Some(rebuilt) = waiting.remove(&both.rebuilt) {
                    break rebuilt;
                }
                match right.recv() {
                    Ok(Ok((index, bytes))) => drop(waiting.insert(index, bytes)),
                    Ok(Err(error)) => return damaged(look, &left_over, &error),
                    Err(_) => return missing(look, &left_over),
                }
            };
            left_over.remove(path);
            let files = (&pair.reference.files[index], &pair.rebuilt.files[both.rebuilt]);
            if !(is_listed(pair.reference, files.0, &reference) && is_listed(pair.rebuilt, files.1, &rebuilt))
            {
                look.unreadable(
                    &place(files.0),
                    "payload",
                    "its content is not what the header's digest is of",
                );
                continue;
            }
            let is_checked = self.checksums.values().any(|target| target == path);
            if self.checksums.contains_key(path) || is_checked {
                kept.insert(path, (reference.clone(), rebuilt.clone()));
            }
            if !self.checksums.contains_key(path) {
                content::compare(look, &place(&pair.reference.files[index]), &reference, &rebuilt);
            }
        }
        if !left_over.is_empty() {
            return missing(look, &left_over);
        }
        for (checksum, target) in &self.checksums {
            if let (Some(sums), Some(files)) = (kept.get(checksum), kept.get(target)) {
                verify(look, checksum, target, (&sums.0, &sums.1), (&files.0, &files.1));
            }
        }
    }
}

/// A rebuild's checksum has to be right if the reference's is, and what else the file says has to be the same.
fn verify(look: &mut Look, path: &str, target: &str, sums: (&[u8], &[u8]), files: (&[u8], &[u8])) {
    let place = Place::file(path, false);
    let beside = (content::verified(sums.0, files.0), content::verified(sums.1, files.1));
    let text = |beside: &Option<Vec<u8>>| match beside {
        Some(_) => format!("the checksum of {target}"),
        None => format!("not the checksum of {target}, by any known key and form"),
    };
    let values = (text(&beside.0), text(&beside.1));
    match &beside {
        (Some(reference), Some(rebuilt)) if reference != rebuilt => {
            content::compare(look, &place, reference, rebuilt);
        }
        (_, Some(_)) => look.normalised(normaliser::CHECKSUM, &place, format!("verified against {target}")),
        (Some(_), None) => look.findings.push(rules::CHECKSUM.differs(path, values)),
        (None, None) => look.findings.push(rules::CHECKSUM.finding(Severity::Undecided, path, values)),
    }
}

/// Whether the payload has content for it.
fn is_delivered(file: &FileEntry) -> bool {
    file.is_regular() && !file.is_ghost()
}

fn place(file: &FileEntry) -> Place {
    const CONFIG: u32 = 1;
    Place::file(&file.path, file.flags & CONFIG != 0)
}

fn indices(header: &Header) -> HashMap<&str, usize> {
    header.files.iter().enumerate().map(|(index, file)| (file.path.as_str(), index)).collect()
}

/// Files that both packages deliver, and that digests do not show to be the same. A file without a digest
/// equals nothing, itself included: there is no evidence.
fn differing<'p, 'a>(
    pair: &'p Pair<'a>,
) -> impl Iterator<Item = (&'a FileEntry, &'a FileEntry)> + use<'p, 'a> {
    let alike = pair.reference.file_digest_algorithm() == pair.rebuilt.file_digest_algorithm();
    let same = move |a: &FileEntry, b: &FileEntry| {
        let known = alike && !a.digest.is_empty() && a.digest == b.digest;
        a.size == b.size && (known || a.size == 0)
    };
    pair.files.both.iter().copied().filter(move |(a, b)| is_delivered(a) && is_delivered(b) && !same(a, b))
}

/// Whether this is the content that the header has the digest of; another algorithm than SHA-256 says nothing.
pub(crate) fn is_listed(header: &Header, file: &FileEntry, content: &[u8]) -> bool {
    const SHA256: u32 = 8;
    let known = header.file_digest_algorithm() == SHA256 && !file.digest.is_empty();
    !known || Digest::of(content).to_string() == file.digest
}

/// Sends the wanted files of a package in the order of its payload, then the error that ended it, if any.
fn deliver(path: &Path, header: &Header, wanted: &BTreeSet<usize>, send: &SyncSender<Delivered>) {
    let mut left = wanted.len();
    let take = |index: usize, reader: &mut dyn Read| -> std::io::Result<ControlFlow<()>> {
        let bytes = rpm_file::read_whole(reader, &header.files[index], LARGEST)?;
        left -= 1;
        let heard = send.send(Ok((index, bytes))).is_ok();
        Ok(if heard && left > 0 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    };
    let error = match rpm_file::each_file(path, header, |index| wanted.contains(&index), take) {
        Ok(Ok(())) => return,
        Ok(Err(error)) => RpmError { file: path.display().to_string(), problem: error.into() },
        Err(error) => error,
    };
    // Nobody listens any more where the other package ended first.
    let _ = send.send(Err(error));
}

fn damaged(look: &mut Look, left: &BTreeSet<&str>, error: &RpmError) {
    for path in left {
        look.unreadable(&Place::file(path, false), "payload", error);
    }
}

fn missing(look: &mut Look, left: &BTreeSet<&str>) {
    for path in left {
        look.unreadable(
            &Place::file(path, false),
            "payload",
            "the header lists the file, and the payload lacks it",
        );
    }
}
