//! Facts of installed packages, taken from one row of the database after the other.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use heirloom_formats::dnf_history::History;
use heirloom_formats::rpm_file::{FileEntry, InstalledRecord, Relation};
use heirloom_formats::rpmdb::Row;
use heirloom_model::{Dependency, Digest, Nevra};

use super::changed::Verifier;
use super::state;
use crate::facts::{ChangedFile, InstalledFact, InstalledKey};
use crate::machine::Machine;

/// Directories with units of services.
pub(super) const UNITS: [&str; 3] = ["/usr/lib/systemd/system", "/lib/systemd/system", "/etc/systemd/system"];

/// Paths of a kernel of this version.
pub(super) fn kernel_paths(version: &str) -> [String; 3] {
    [
        format!("/boot/vmlinuz-{version}"),
        format!("/lib/modules/{version}/vmlinuz"),
        format!("/usr/lib/modules/{version}/vmlinuz"),
    ]
}

/// Whether the owner of a path is needed on every machine.
fn is_asked_for(path: &str) -> bool {
    let Some((dir, name)) = path.rsplit_once('/') else { return false };
    let is_unit = name.ends_with(".service") && UNITS.contains(&dir);
    is_unit || name.starts_with("vmlinuz") && (dir == "/boot" || dir.contains("/lib/modules/"))
}

/// What the database says.
#[derive(Default)]
pub(super) struct Collected {
    /// Sorted.
    pub(super) packages: Vec<InstalledFact>,
    pub(super) keys: Vec<InstalledKey>,
    pub(super) changed: Vec<ChangedFile>,
    /// SHA-256 over all packages and what their headers say.
    pub(super) state: String,
    /// Rows that could not be read.
    pub(super) faults: Vec<String>,
    pub(super) unseen: Vec<String>,
    /// The package of each path that was asked for, and has one: those that are wanted, kernels, units of services.
    pub(super) owners: BTreeMap<String, Nevra>,
}

/// Takes rows and keeps of them what an assessment needs.
pub(super) struct Collector<'a> {
    verifier: Verifier<'a>,
    wanted: BTreeSet<String>,
    digests: Vec<(String, Digest)>,
    /// Paths that were left out, by their digests, with the package: some may be required after all.
    left_out: Vec<(u64, u32)>,
    /// Relations that can't be written down.
    strange: usize,
    collected: Collected,
}

impl<'a> Collector<'a> {
    /// `points` are the mount points of the machine, `wanted` paths of which the owner is asked.
    pub(super) fn new(machine: &'a Machine, points: Vec<String>, wanted: BTreeSet<String>) -> Self {
        Self {
            verifier: Verifier::new(machine, points),
            wanted,
            digests: Vec::new(),
            left_out: Vec::new(),
            strange: 0,
            collected: Collected::default(),
        }
    }

    pub(super) fn take(&mut self, row: Row) {
        match row {
            Row::Package(package) => self.package(*package),
            Row::Key(key) => {
                self.collected.keys.push(InstalledKey { package: key.package, owner: key.owner });
            }
            Row::Fault(fault) => self.collected.faults.push(fault),
        }
    }

    fn package(&mut self, record: InstalledRecord) {
        let bytes = self.verifier.verify(&record, &mut self.collected.changed);
        let number = u32::try_from(self.collected.packages.len()).unwrap_or(u32::MAX);
        let mut files = Vec::new();
        for file in &record.files {
            if self.wanted.contains(&file.path) || is_asked_for(&file.path) {
                self.collected.owners.insert(file.path.clone(), record.nevra.clone());
            }
            match is_primary(&file.path) {
                true => files.push(file.path.clone()),
                false => self.left_out.push((digest(&file.path), number)),
            }
        }
        self.digests.push((record.nevra.to_string(), record.digest));
        let has_kernel_files = record.files.iter().any(is_kernel_file);
        let fact = InstalledFact {
            provides: self.dependencies(&record.provides),
            requires: self.dependencies(&record.requires),
            conflicts: self.dependencies(&record.conflicts),
            obsoletes: self.dependencies(&record.obsoletes),
            nevra: record.nevra,
            vendor: record.vendor,
            key: record.key.unwrap_or_default(),
            source: record.source,
            module: record.module,
            reason: "unknown".to_owned(),
            repository: String::new(),
            installed: record.installed,
            bytes,
            files,
            has_kernel_files,
        };
        self.collected.packages.push(fact);
    }

    /// Each once, sorted, without features of rpm itself. What could not be read back from its text is counted and left out.
    fn dependencies(&mut self, relations: &[Relation]) -> Vec<Dependency> {
        let all = relations.iter().filter(|relation| !relation.name.starts_with("rpmlib("));
        let mut all: Vec<_> = all.map(Relation::dependency).collect();
        all.sort();
        all.dedup();
        let before = all.len();
        all.retain(is_writable);
        self.strange += before - all.len();
        all
    }

    /// `history` says why packages are there.
    pub(super) fn finish(mut self, history: &History) -> Collected {
        self.add_required();
        let mut collected = self.collected;
        collected.unseen = self.verifier.unseen();
        if self.strange > 0 {
            let count = self.strange;
            collected.unseen.push(format!("{count} dependencies of installed packages are of no known form"));
        }
        for package in &mut collected.packages {
            let nevra = &package.nevra;
            let names = (nevra.name().to_owned(), nevra.arch().to_owned());
            if let Some(reason) = history.reasons.get(&names) {
                (*reason).clone_into(&mut package.reason);
            }
            package.repository = history.repositories.get(&nevra.to_string()).cloned().unwrap_or_default();
        }
        collected.packages.sort_by(|a, b| (&a.nevra, a.installed).cmp(&(&b.nevra, b.installed)));
        collected.keys.sort_by(|a, b| a.package.cmp(&b.package));
        let order = |it: &ChangedFile| (it.path.clone(), it.package.clone());
        collected.changed.sort_by_key(order);
        collected.state = state::of(self.digests);
        collected
    }

    /// Adds the paths that an installed package requires.
    fn add_required(&mut self) {
        let required = self.collected.packages.iter().flat_map(|package| &package.requires);
        let required = required.flat_map(|dependency| paths(&dependency.name));
        let required: HashSet<String> = required.filter(|path| !is_primary(path)).collect();
        self.left_out.sort_unstable();
        for path in &required {
            let digest = digest(path);
            let from = self.left_out.partition_point(|(other, _)| *other < digest);
            for (_, number) in self.left_out[from..].iter().take_while(|(other, _)| *other == digest) {
                if let Some(package) = self.collected.packages.get_mut(*number as usize) {
                    package.files.push(path.clone());
                }
            }
        }
        for package in &mut self.collected.packages {
            package.files.sort();
            package.files.dedup();
        }
    }
}

/// The same for every run and program.
fn digest(path: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

/// Paths that repositories list in their first file, and that others therefore may require.
fn is_primary(path: &str) -> bool {
    path.starts_with("/etc/") || path.contains("bin/") || path == "/usr/lib/sendmail"
}

/// Paths in a requirement: itself, or within a rich one.
fn paths(requirement: &str) -> Vec<String> {
    match requirement.starts_with(['/', '(']) {
        true => {
            let words = requirement.split(|c: char| c.is_whitespace() || c == '(' || c == ')');
            words.filter(|word| word.starts_with('/')).map(str::to_owned).collect()
        }
        false => Vec::new(),
    }
}

fn is_kernel_file(file: &FileEntry) -> bool {
    let path = &file.path;
    let in_boot = |name: &str| {
        ["vmlinu", "initramfs", "System.map", "config-"].iter().any(|begin| name.starts_with(begin))
    };
    path.strip_prefix("/boot/").is_some_and(in_boot)
        || path.starts_with("/lib/modules/")
        || path.starts_with("/usr/lib/modules/")
}

fn is_writable(dependency: &Dependency) -> bool {
    let is_word = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
    let is_rich = dependency.is_rich() && dependency.name.ends_with(')') && dependency.version.is_none();
    let is_plain = is_word(&dependency.name) && !dependency.name.starts_with('(');
    (is_rich || is_plain) && dependency.version.as_ref().is_none_or(|(_, version)| is_word(version))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A package without files.
    pub(crate) fn fact(nevra: &str, vendor: &str, provides: &[&str]) -> InstalledFact {
        InstalledFact {
            nevra: nevra.parse().unwrap(),
            vendor: vendor.to_owned(),
            key: String::new(),
            source: String::new(),
            module: String::new(),
            reason: "unknown".to_owned(),
            repository: String::new(),
            installed: 0,
            bytes: BTreeMap::new(),
            provides: provides.iter().map(|text| text.parse().unwrap()).collect(),
            requires: Vec::new(),
            conflicts: Vec::new(),
            obsoletes: Vec::new(),
            files: Vec::new(),
            has_kernel_files: false,
        }
    }

    #[test]
    fn only_what_can_be_read_back_is_written() {
        for (text, expected) in [
            ("a", true),
            ("(a if b)", true),
            ("(a)(64bit)", true),
            ("", false),
            ("a b", false),
            ("(a b", false),
            ("(", false),
        ] {
            let dependency = Dependency::any(text);
            assert_eq!(is_writable(&dependency), expected, "{text}");
            let back = dependency.to_string().parse::<Dependency>();
            assert!(!expected || back.is_ok_and(|back| back == dependency), "{text}");
        }
    }

    #[test]
    fn paths_are_found_in_rich_requirements() {
        assert_eq!(paths("/usr/share/a"), ["/usr/share/a"]);
        assert_eq!(paths("(/usr/share/a or (b and /c))"), ["/usr/share/a", "/c"]);
        assert_eq!(paths("config(/a)").len(), 0);
    }
}
