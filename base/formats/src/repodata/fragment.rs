//! The XML of one package, made once and kept.

use heirloom_model::{Compare, Digest, Nevra};

use super::PackageFacts;
use crate::rpm_file::{ChangelogEntry, DependencyKind, FileEntry, Header, Relation, is_primary_file};
use crate::xml::{Writer, forbidden};

/// Changelog entries that other.xml carries for each package unless told otherwise: createrepo_c's default.
pub const CHANGELOG_ENTRIES: usize = 10;

/// One package in primary, filelists and other. It depends on nothing but the RPM file, so that it can be kept
/// beside the package and joined with others for every publication. Its place in a repository is given when it is
/// written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Identity.
    pub nevra: Nevra,
    /// SHA-256 of the RPM file.
    pub digest: Digest,
    /// When it was built, in seconds since 1970.
    pub build_time: u64,
    pub(super) primary: String,
    /// Where in `primary` the location goes, between two quotes.
    pub(super) gap: usize,
    pub(super) filelists: String,
    pub(super) other: String,
}

/// The package can't be described in XML.
#[derive(Debug, thiserror::Error)]
#[error("{package}: its header has the character {character:?}, which XML can't hold, after `{after}`")]
pub struct FragmentError {
    /// The package.
    pub package: Nevra,
    /// The first such character.
    pub character: char,
    /// The text before it.
    pub after: String,
}

impl Fragment {
    /// Describes a package.
    ///
    /// # Errors
    /// Its header has control characters, which no XML document can hold.
    pub fn from_header(header: &Header, facts: &PackageFacts) -> Result<Self, FragmentError> {
        let (primary, gap) = primary(header, facts);
        let fragment = Self {
            nevra: header.nevra.clone(),
            digest: facts.digest,
            build_time: header.info.build_time,
            primary,
            gap,
            filelists: filelists(header, facts.digest),
            other: other(header, facts),
        };
        for text in [&fragment.primary, &fragment.filelists, &fragment.other] {
            if let Some((place, character)) = forbidden(text) {
                let before: Vec<_> = text[..place].chars().rev().take(40).collect();
                let after = before.into_iter().rev().collect();
                return Err(FragmentError { package: fragment.nevra, character, after });
            }
        }
        Ok(fragment)
    }

    /// The package's element of primary.xml in two parts: before its location and after it.
    pub(super) fn around_location(&self) -> (&str, &str) {
        self.primary.split_at_checked(self.gap).unwrap_or((&self.primary, ""))
    }
}

/// The element, and where in it the location is to be put.
fn primary(header: &Header, facts: &PackageFacts) -> (String, usize) {
    let info = &header.info;
    let mut xml = Writer::default();
    xml.open("package", &[("type", "rpm")]).raw("\n  ");
    xml.element("name", &[], header.nevra.name()).raw("\n  ");
    xml.element("arch", &[], header.nevra.arch()).raw("\n");
    version(&mut xml, header);
    let checksum = [("type", "sha256"), ("pkgid", "YES")];
    xml.raw("  ").element("checksum", &checksum, &facts.digest.to_string()).raw("\n");
    for (name, text) in [
        ("summary", &info.summary),
        ("description", &info.description),
        ("packager", &info.packager),
        ("url", &info.url),
    ] {
        xml.raw("  ").element(name, &[], text).raw("\n");
    }
    let (file, build) = (facts.file_time.to_string(), info.build_time.to_string());
    xml.raw("  ").empty("time", &[("file", &file), ("build", &build)]).raw("\n");
    let sizes = [facts.size, info.installed_size, info.archive_size].map(|size| size.to_string());
    let sizes = [("package", &*sizes[0]), ("installed", &sizes[1]), ("archive", &sizes[2])];
    xml.raw("  ").empty("size", &sizes).raw("\n");
    xml.raw("  <location href=\"");
    let gap = xml.0.len();
    xml.raw("\"/>\n");
    format(&mut xml, header);
    xml.close("package").raw("\n");
    (xml.0, gap)
}

fn version(xml: &mut Writer, header: &Header) {
    let evr = header.nevra.evr();
    let epoch = evr.epoch().to_string();
    let attributes = [("epoch", epoch.as_str()), ("ver", evr.version()), ("rel", evr.release())];
    xml.raw("  ").empty("version", &attributes).raw("\n");
}

fn format(xml: &mut Writer, header: &Header) {
    let info = &header.info;
    xml.raw("  ").open("format", &[]).raw("\n");
    for (name, text) in [
        ("rpm:license", &info.license),
        ("rpm:vendor", &info.vendor),
        ("rpm:group", &info.group),
        ("rpm:buildhost", &info.build_host),
        ("rpm:sourcerpm", &info.source_rpm),
    ] {
        xml.raw("    ").element(name, &[], text).raw("\n");
    }
    let (start, end) = (header.range.start.to_string(), header.range.end.to_string());
    xml.raw("    ").empty("rpm:header-range", &[("start", &start), ("end", &end)]).raw("\n");
    for kind in DependencyKind::ALL {
        let entries = match kind {
            DependencyKind::Requires => header.published_requires(),
            _ => header.relations(kind).iter().map(|relation| (relation, false)).collect(),
        };
        relations(xml, kind, &entries);
    }
    for entry in header.files.iter().filter(|file| is_primary_file(&file.path)) {
        xml.raw("    ");
        file(xml, entry);
    }
    xml.raw("  ").close("format").raw("\n");
}

fn relations(xml: &mut Writer, kind: DependencyKind, entries: &[(&Relation, bool)]) {
    if entries.is_empty() {
        return;
    }
    let element = format!("rpm:{}", kind.name());
    xml.raw("    ").open(&element, &[]).raw("\n");
    for (relation, pre) in entries {
        xml.raw("      ");
        entry(xml, relation, *pre);
    }
    xml.raw("    ").close(&element).raw("\n");
}

fn entry(xml: &mut Writer, relation: &Relation, pre: bool) {
    let mut attributes = vec![("name", relation.name.as_str())];
    if let Some(compare) = relation.compare() {
        let (epoch, rest) = relation.version.split_once(':').unwrap_or(("0", &relation.version));
        let (version, release) = match rest.rsplit_once('-') {
            Some((version, release)) => (version, Some(release)),
            None => (rest, None),
        };
        attributes.extend([("flags", flags(compare)), ("epoch", epoch), ("ver", version)]);
        attributes.extend(release.map(|release| ("rel", release)));
    }
    if pre {
        attributes.push(("pre", "1"));
    }
    xml.empty("rpm:entry", &attributes).raw("\n");
}

fn flags(compare: Compare) -> &'static str {
    match compare {
        Compare::Less => "LT",
        Compare::LessOrEqual => "LE",
        Compare::Equal => "EQ",
        Compare::GreaterOrEqual => "GE",
        Compare::Greater => "GT",
    }
}

fn file(xml: &mut Writer, file: &FileEntry) {
    let kind: &[_] = match (file.is_dir(), file.is_ghost()) {
        (true, _) => &[("type", "dir")],
        (false, true) => &[("type", "ghost")],
        (false, false) => &[],
    };
    xml.element("file", kind, &file.path).raw("\n");
}

fn filelists(header: &Header, digest: Digest) -> String {
    let mut xml = Writer::default();
    start(&mut xml, header, digest);
    for entry in &header.files {
        xml.raw("  ");
        file(&mut xml, entry);
    }
    xml.close("package").raw("\n");
    xml.0
}

fn other(header: &Header, facts: &PackageFacts) -> String {
    let mut xml = Writer::default();
    start(&mut xml, header, facts.digest);
    let newest = &header.changelog[..header.changelog.len().min(facts.changelog_entries)];
    for (entry, time) in newest.iter().zip(distinct_times(newest)).rev() {
        let (author, date) = (entry.author.trim_end_matches(' '), time.to_string());
        xml.raw("  ");
        xml.element("changelog", &[("author", author), ("date", &date)], &entry.text).raw("\n");
    }
    xml.close("package").raw("\n");
    xml.0
}

/// Readers sort entries by time, so entries of one day are told apart by a second each, the newest latest.
fn distinct_times(entries: &[ChangelogEntry]) -> Vec<u64> {
    let mut times: Vec<_> = entries.iter().map(|entry| entry.time).collect();
    for older in (1..times.len()).rev() {
        let newer = older - 1;
        if entries[newer].time == entries[older].time {
            times[newer] = times[older].saturating_add(1);
        }
    }
    times
}

fn start(xml: &mut Writer, header: &Header, digest: Digest) {
    let digest = digest.to_string();
    let attributes =
        [("pkgid", digest.as_str()), ("name", header.nevra.name()), ("arch", header.nevra.arch())];
    xml.open("package", &attributes).raw("\n");
    version(xml, header);
}
