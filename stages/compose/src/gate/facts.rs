//! What rules need of a package's header and metadata does not say: its modularity label, and a short form of each file.
//! Made once for each package, and kept with the store's derived things.
//!
//! ```text
//! 8 bytes   of the SHA-256 of all that follows
//! 2 bytes   length of the label, and the label
//! 17 bytes  for each file that is delivered: hash of its path, hash of what it is, its colour
//! ```

use std::collections::HashMap;

use heirloom_formats::rpm_file::{FileEntry, Header};
use heirloom_model::{Digest, Package};

use super::input::GateInput;
use crate::ComposeError;
use crate::parallel::for_each;
use crate::sealed::{opened, sealed};

/// Another one when the form changes.
const KIND: &str = "gate-facts-1";
const FILE: usize = 17;

/// What a package's header says beside its metadata.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// RPMTAG_MODULARITYLABEL; empty for an ordinary package.
    pub(super) label: String,
    pub(super) files: Vec<FileFact>,
}

/// A path that a package delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileFact {
    pub(super) path: u64,
    /// Equal where rpm finds no difference between two files.
    pub(super) content: u64,
    /// 1 for 32-bit programs and libraries, 2 for 64-bit ones, 0 for all else.
    pub(super) colour: u8,
}

/// The facts of all packages whose files are there, by digest; and of which repositories they are not, with the reason.
pub(super) struct AllFacts<'a> {
    pub(super) of: HashMap<Digest, Facts>,
    pub(super) absent: Vec<(&'a str, String)>,
}

impl<'a> AllFacts<'a> {
    /// Reads what is not known yet, and keeps it if there is a store.
    pub(super) fn read(input: &GateInput<'a>) -> Result<Self, ComposeError> {
        let (mut all, mut absent) = (Vec::new(), Vec::new());
        for repository in &input.repositories {
            for package in repository.packages {
                match repository.file(input.store, package) {
                    Ok(file) => all.push((package.digest, file)),
                    Err(why) => {
                        absent.push((repository.name, why.to_owned()));
                        break;
                    }
                }
            }
        }
        all.sort();
        all.dedup_by_key(|(digest, _)| *digest);
        let digests: Vec<_> = all.iter().map(|(digest, _)| *digest).collect();
        let kept = input.store.map_or_else(Vec::new, |store| store.derived_all(KIND, &digests));
        let known = digests.iter().zip(kept).filter_map(|(digest, body)| Some((*digest, body?)));
        let mut of = HashMap::with_capacity(all.len());
        for (digest, body) in known {
            of.extend(Facts::unpack(&body).map(|facts| (digest, facts)));
        }
        all.retain(|(digest, _)| !of.contains_key(digest));
        let made = for_each(&all, input.jobs, |(_, file)| Ok(Facts::new(&Header::open(file)?)))?;
        if let Some(store) = input.store {
            let bodies: Vec<_> = made.iter().map(Facts::pack).collect();
            store.derive(KIND, all.iter().zip(&bodies).map(|((digest, _), body)| (*digest, &body[..])));
        }
        of.extend(all.into_iter().zip(made).map(|((digest, _), facts)| (digest, facts)));
        Ok(Self { of, absent })
    }

    pub(super) fn get(&self, package: &Package) -> Option<&Facts> {
        self.of.get(&package.digest)
    }
}

impl Facts {
    fn new(header: &Header) -> Self {
        // What is owned and not delivered is in nobody's way.
        let delivered = header.files.iter().filter(|file| !file.is_ghost());
        let algorithm = header.file_digest_algorithm();
        let mut files: Vec<_> = delivered
            .map(|file| FileFact {
                path: hash(file.path.as_bytes()),
                content: hash(look(file, algorithm).as_bytes()),
                colour: file.color.try_into().unwrap_or(0),
            })
            .collect();
        files.sort_unstable_by_key(|file| file.path);
        Self { label: header.info.modularity_label.chars().take(1000).collect(), files }
    }

    fn pack(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(self.files.len() * FILE + self.label.len() + 2);
        // A label has at most 4000 bytes.
        body.extend(u16::try_from(self.label.len()).unwrap_or(0).to_le_bytes());
        body.extend(self.label.as_bytes());
        for file in &self.files {
            body.extend(file.path.to_le_bytes());
            body.extend(file.content.to_le_bytes());
            body.push(file.colour);
        }
        sealed(&body)
    }

    fn unpack(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = opened(bytes)?.split_first_chunk()?;
        let (label, files) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
        let (files, []) = files.as_chunks::<FILE>() else { return None };
        let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
        let file = |bytes: &[u8; FILE]| FileFact {
            path: number(&bytes[..8]),
            content: number(&bytes[8..16]),
            colour: bytes[16],
        };
        let label = String::from_utf8(label.to_vec()).ok()?;
        Some(Self { label, files: files.iter().map(file).collect() })
    }
}

/// All of a file that rpm compares where two packages own its path (`rpmfilesCompare`).
pub(super) fn look(file: &FileEntry, algorithm: u32) -> String {
    let FileEntry { mode, user, group, size, .. } = file;
    let content = match () {
        () if file.is_symlink() => format!("link {size} to {}", file.link_target),
        () if file.is_regular() => format!("{size} bytes, digest {algorithm}:{}", file.digest),
        () if file.is_dir() => String::new(),
        () => format!("device {}", file.rdev),
    };
    format!("mode {mode:o}, owner {user}:{group}, {content}")
}

/// The first 8 bytes of SHA-256: of ten million paths, two agree by chance once in three hundred thousand times, and
/// whoever tells of a conflict looks at the headers themselves.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let digest = Digest::of(bytes);
    digest.as_bytes()[..8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_kept_whole_or_not_at_all() {
        let file = |path, content, colour| FileFact { path, content, colour };
        let facts =
            Facts { label: "tool:1:2:3".to_owned(), files: vec![file(1, u64::MAX, 2), file(1 << 63, 5, 0)] };
        let packed = facts.pack();
        assert_eq!(packed.len(), 8 + 2 + 10 + 2 * FILE);
        assert_eq!(Facts::unpack(&packed), Some(facts));
        for place in 0..packed.len() {
            let mut damaged = packed.clone();
            damaged[place] ^= 1;
            assert_eq!(Facts::unpack(&damaged), None, "{place}");
            assert_eq!(Facts::unpack(&packed[..place]), None, "{place}");
        }
        assert_eq!(Facts::unpack(&Facts::default().pack()), Some(Facts::default()));
    }
}
