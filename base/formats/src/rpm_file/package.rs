//! From a header to what solving and repodata need.

use std::collections::{HashMap, HashSet};

use heirloom_model::{Dependency, Digest, Package, PackageFile};

use super::dependency::sense;
use super::{DependencyKind, Header, Relation};
use crate::evr::compare_versions;

/// Requirements that repodata marks as needed before scriptlets run. createrepo_c marks those of
/// `%pretrans` and `%posttrans` since 1.2.
const PRE: u32 =
    sense::PREREQ | sense::SCRIPT_PRE | sense::SCRIPT_POST | sense::PRE_TRANS | sense::POST_TRANS;

impl Header {
    /// The package as a repository's metadata would describe it. `digest` and `size` are those of the
    /// whole file.
    #[must_use]
    pub fn package(&self, digest: Digest, size: u64, location: &str) -> Package {
        let plain = |kind| self.relations(kind).iter().map(Relation::dependency).collect();
        let file = |file: &super::FileEntry| PackageFile {
            path: file.path.clone(),
            is_dir: file.is_dir(),
            is_ghost: file.is_ghost() && !file.is_dir(),
        };
        Package {
            nevra: self.nevra.clone(),
            digest,
            size,
            build_time: self.info.build_time,
            location: location.to_owned(),
            source_rpm: self.info.source_rpm.clone(),
            provides: plain(DependencyKind::Provides),
            requires: self
                .published_requires()
                .into_iter()
                .map(|(relation, _)| relation.dependency())
                .collect(),
            conflicts: plain(DependencyKind::Conflicts),
            obsoletes: plain(DependencyKind::Obsoletes),
            recommends: plain(DependencyKind::Recommends),
            suggests: plain(DependencyKind::Suggests),
            supplements: plain(DependencyKind::Supplements),
            enhances: plain(DependencyKind::Enhances),
            files: self.files.iter().map(file).collect(),
        }
    }

    /// The requirements that repodata lists, and whether each must be there before the package's
    /// scriptlets run. Left out, as createrepo_c does: features of rpm itself, what the package satisfies
    /// itself, repetitions, and all versions of libc's symbols but the highest.
    pub(crate) fn published_requires(&self) -> Vec<(&Relation, bool)> {
        let own_files: HashSet<&str> = self.files.iter().map(|file| file.path.as_str()).collect();
        let own: HashSet<Dependency> =
            self.relations(DependencyKind::Provides).iter().map(Relation::dependency).collect();
        let mut last: HashMap<&str, (u32, &str, bool)> = HashMap::new();
        let mut libc: Option<(&Relation, bool)> = None;
        let mut published = Vec::new();
        for relation in self.relations(DependencyKind::Requires) {
            let name = relation.name.as_str();
            let pre = relation.flags & PRE != 0;
            let this = (relation.flags & 0xf, relation.version.as_str(), pre);
            if name.starts_with("rpmlib(")
                || own_files.contains(name) && is_primary_file(name)
                || own.contains(&relation.dependency())
                || last.get(name) == Some(&this)
            {
                continue;
            }
            if name.starts_with("libc.so.6") {
                if libc.is_none_or(|(highest, _)| is_lower_symbol(&highest.name, name)) {
                    libc = Some((relation, pre));
                }
                continue;
            }
            last.insert(name, this);
            published.push((relation, pre));
        }
        published.extend(libc);
        published
    }
}

/// Whether primary.xml lists a file: those that other packages may require by path.
#[must_use]
pub fn is_primary_file(path: &str) -> bool {
    path.starts_with("/etc/") || path.contains("bin/") || path == "/usr/lib/sendmail"
}

/// Whether `libc.so.6(GLIBC_2.4)(64bit)` asks for less than another of its kind.
fn is_lower_symbol(a: &str, b: &str) -> bool {
    match (symbol_version(a), symbol_version(b)) {
        (Some(a), Some(b)) => compare_versions(a, b).is_lt(),
        (None, b) => b.is_some(),
        (Some(_), None) => false,
    }
}

/// `2.4` in `libc.so.6(GLIBC_2.4)(64bit)`.
fn symbol_version(name: &str) -> Option<&str> {
    let symbol = name.split_once('(')?.1.split_once(')')?.0;
    symbol.find(|c: char| c.is_ascii_digit()).map(|start| &symbol[start..])
}
