//! Writing a document of advisories.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::advisory::{Advisory, ReferenceKind, Severity};
use heirloom_model::stream::StreamId;
use heirloom_model::{Digest, Evr};
use jiff::Timestamp;

use crate::advisory::Issuer;
use crate::advisory::time::day;
use crate::xml::Writer;

const DEFINITIONS: &str = "http://oval.mitre.org/XMLSchema/oval-definitions-5";
const COMMON: &str = "http://oval.mitre.org/XMLSchema/oval-common-5";

/// Writes the advisories that have packages of a major version, sorted by id; the same ones give the same bytes. The
/// document's time is that of its latest change, or 1970 if it has none.
///
/// One that was withdrawn is marked as deprecated and asks for nothing.
#[must_use]
pub fn write<'a>(
    advisories: impl IntoIterator<Item = &'a Advisory>,
    major: &str,
    issuer: Issuer<'_>,
) -> String {
    let mut all: Vec<&Advisory> = advisories.into_iter().filter(|one| one.majors().contains(major)).collect();
    all.sort_by(|a, b| a.id.cmp(&b.id));
    let time = all.iter().map(|one| one.updated).max().unwrap_or(Timestamp::UNIX_EPOCH);
    let (linux, independent) = (format!("{DEFINITIONS}#linux"), format!("{DEFINITIONS}#independent"));
    let mut xml = Writer::default();
    xml.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let spaces = [
        ("xmlns", DEFINITIONS),
        ("xmlns:oval", COMMON),
        ("xmlns:linux", &linux),
        ("xmlns:ind", &independent),
        ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
    ];
    xml.open("oval_definitions", &spaces).raw("\n<generator>");
    xml.element("oval:product_name", &[], "Heirloom");
    xml.element("oval:product_version", &[], env!("CARGO_PKG_VERSION"));
    xml.element("oval:schema_version", &[], "5.11");
    xml.element("oval:timestamp", &[], &time.to_string()).close("generator").raw("\n");
    let mut made = Made::of(issuer, major);
    xml.open("definitions", &[]).raw("\n");
    for advisory in all {
        made.definition(&mut xml, advisory);
    }
    xml.close("definitions").raw("\n");
    made.parts(&mut xml);
    xml.close("oval_definitions").raw("\n");
    xml.0
}

/// The part of ids that says whose they are: the host of the issuer's address, backwards.
fn namespace(issuer: Issuer<'_>) -> String {
    let host =
        issuer.home.split("://").last().and_then(|rest| rest.split(['/', ':']).next()).unwrap_or_default();
    let labels = host.split('.').filter(|label| !label.is_empty()).rev();
    let fine =
        |label: &str| label.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect::<String>();
    labels.map(fine).chain([issuer.id.to_owned()]).collect::<Vec<_>>().join(".")
}

/// Name and stream of a module.
type Stream<'a> = (&'a str, &'a str);
/// Names and versions, each with its architectures.
type Packages<'a> = BTreeMap<(&'a str, &'a Evr), BTreeSet<String>>;

/// Tests that were asked for, each once, numbered in the order in which they came.
struct Made<'a> {
    issuer: Issuer<'a>,
    major: &'a str,
    namespace: String,
    packages: BTreeMap<(String, Evr, BTreeSet<String>), usize>,
    files: BTreeMap<(String, String), (usize, String)>,
    count: usize,
}

impl<'a> Made<'a> {
    fn of(issuer: Issuer<'a>, major: &'a str) -> Self {
        let (packages, files) = (BTreeMap::new(), BTreeMap::new());
        Self { issuer, major, namespace: namespace(issuer), packages, files, count: 0 }
    }

    fn id(&self, kind: &str, number: impl std::fmt::Display) -> String {
        format!("oval:{}:{kind}:{number}", self.namespace)
    }

    fn definition(&mut self, xml: &mut Writer, advisory: &Advisory) {
        // A number that stays the same in every document.
        let digest = Digest::of(advisory.id.as_str().as_bytes());
        let number =
            digest.as_bytes().iter().take(6).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        let id = self.id("def", number.max(1));
        let version = (advisory.history.len().max(1)).to_string();
        let mut attributes = vec![("class", "patch"), ("id", id.as_str()), ("version", version.as_str())];
        if advisory.withdrawn.is_some() {
            attributes.push(("deprecated", "true"));
        }
        xml.open("definition", &attributes).raw("\n").open("metadata", &[]).raw("\n");
        xml.element("title", &[], &advisory.title).raw("\n");
        xml.open("affected", &[("family", "unix")]);
        xml.element("platform", &[], &format!("{} {}", self.issuer.name, self.major))
            .close("affected")
            .raw("\n");
        let page = self.issuer.advisory_page(&advisory.id);
        let source = self.issuer.id.to_ascii_uppercase();
        xml.empty("reference", &[("ref_id", advisory.id.as_str()), ("ref_url", &page), ("source", &source)])
            .raw("\n");
        for one in &advisory.vulnerabilities {
            let id = one.id.as_str();
            let known =
                advisory.references.iter().find(|link| link.kind == ReferenceKind::Cve && link.id == id);
            let url = known.map_or_else(|| self.issuer.cve_page(&one.id), |link| link.url.clone());
            xml.empty("reference", &[("ref_id", id), ("ref_url", &url), ("source", "CVE")]).raw("\n");
        }
        xml.element("description", &[], &advisory.description).raw("\n");
        self.said(xml, advisory);
        xml.close("metadata").raw("\n");
        if advisory.withdrawn.is_none() {
            self.criteria(xml, advisory);
        }
        xml.close("definition").raw("\n");
    }

    /// The vendor's own part of the metadata, as Enterprise Linux vendors have it.
    fn said(&self, xml: &mut Writer, advisory: &Advisory) {
        xml.open("advisory", &[("from", self.issuer.contact)]);
        xml.element("severity", &[], advisory.severity.map_or("None", Severity::name));
        if !advisory.rights.is_empty() {
            xml.element("rights", &[], &advisory.rights);
        }
        xml.empty("issued", &[("date", &day(advisory.issued))])
            .empty("updated", &[("date", &day(advisory.updated))]);
        for one in &advisory.vulnerabilities {
            let ratings: Vec<(&str, String)> = one
                .cvss
                .iter()
                .filter_map(|cvss| {
                    let name = match cvss.version() {
                        "CVSS_V4" => "cvss4",
                        "CVSS_V3" => "cvss3",
                        _ => "cvss2",
                    };
                    let tenths = cvss.tenths?;
                    Some((name, format!("{}.{}/{}", tenths / 10, tenths % 10, cvss.vector)))
                })
                .collect();
            let impact = one.severity.map(|severity| severity.name().to_ascii_lowercase());
            let mut attributes: BTreeMap<&str, &str> = BTreeMap::new();
            for (name, rating) in &ratings {
                attributes.entry(name).or_insert(rating);
            }
            attributes.extend(impact.as_deref().map(|impact| ("impact", impact)));
            attributes.extend(one.weakness.as_ref().map(|weakness| ("cwe", weakness.id.as_str())));
            xml.element("cve", &attributes.into_iter().collect::<Vec<_>>(), one.id.as_str());
        }
        for link in advisory.references.iter().filter(|link| link.kind == ReferenceKind::Bug) {
            let title = if link.title.is_empty() { &link.id } else { &link.title };
            xml.element("bugzilla", &[("href", &link.url), ("id", &link.id)], title);
        }
        xml.close("advisory").raw("\n");
    }

    fn criteria(&mut self, xml: &mut Writer, advisory: &Advisory) {
        let platform = self.platform();
        xml.open("criteria", &[("operator", "AND")]).raw("\n");
        for (comment, test) in platform {
            xml.empty("criterion", &[("comment", &comment), ("test_ref", &test)]).raw("\n");
        }
        xml.open("criteria", &[("operator", "OR")]).raw("\n");
        let of_major = advisory.fixed.iter().filter(|fixed| fixed.major == self.major);
        let mut modules: BTreeMap<Option<Stream<'_>>, Packages<'_>> = BTreeMap::new();
        for fixed in of_major {
            let module = fixed.module.as_ref().map(StreamId::enabled);
            let arches = modules.entry(module).or_default().entry((fixed.name(), fixed.evr())).or_default();
            arches.extend(fixed.arch().map(str::to_owned));
        }
        for (module, packages) in modules {
            if let Some((name, stream)) = module {
                xml.open("criteria", &[("operator", "AND")]).raw("\n");
                for (comment, test) in self.module(name, stream) {
                    xml.empty("criterion", &[("comment", &comment), ("test_ref", &test)]).raw("\n");
                }
                xml.open("criteria", &[("operator", "OR")]).raw("\n");
            }
            for ((name, evr), arches) in packages {
                let comment = earlier(name, evr);
                let test = self.package(name, evr, arches);
                xml.empty("criterion", &[("comment", &comment), ("test_ref", &test)]).raw("\n");
            }
            if module.is_some() {
                xml.close("criteria").close("criteria").raw("\n");
            }
        }
        xml.close("criteria").close("criteria").raw("\n");
    }

    /// The distribution and its major version.
    fn platform(&mut self) -> Vec<(String, String)> {
        let path = "/usr/lib/os-release";
        let (name, major, id) = (self.issuer.name, self.major, escaped(self.issuer.id));
        let is_it = format!("{name} is installed");
        let is_major = format!("{name} is of major version {major}");
        let version = format!("^VERSION_ID=\"?{}(\\.[0-9.]+)?\"?$", escaped(major));
        let mut tests = vec![(is_it.clone(), self.file(path, &format!("^ID=\"?{id}\"?$"), &is_it))];
        if !major.is_empty() {
            tests.push((is_major.clone(), self.file(path, &version, &is_major)));
        }
        tests
    }

    /// What dnf keeps of a stream that is enabled.
    fn module(&mut self, name: &str, stream: &str) -> Vec<(String, String)> {
        let path = format!("/etc/dnf/modules.d/{name}.module");
        let (is_stream, is_enabled) =
            (format!("Module {name}:{stream} is enabled"), format!("A stream of {name} is enabled"));
        let stream = self.file(&path, &format!("^\\s*stream\\s*=\\s*{}\\s*$", escaped(stream)), &is_stream);
        let enabled = self.file(&path, "^\\s*state\\s*=\\s*enabled\\s*$", &is_enabled);
        vec![(is_stream, stream), (is_enabled, enabled)]
    }

    fn file(&mut self, path: &str, pattern: &str, comment: &str) -> String {
        let key = (path.to_owned(), pattern.to_owned());
        let number = match self.files.get(&key) {
            Some((number, _)) => *number,
            None => {
                self.count += 1;
                self.files.insert(key, (self.count, comment.to_owned()));
                self.count
            }
        };
        self.id("tst", number)
    }

    fn package(&mut self, name: &str, evr: &Evr, arches: BTreeSet<String>) -> String {
        let next = self.count + 1;
        let number = *self.packages.entry((name.to_owned(), evr.clone(), arches)).or_insert(next);
        self.count = self.count.max(number);
        self.id("tst", number)
    }

    /// The tests, and what they are of.
    fn parts(&self, xml: &mut Writer) {
        xml.open("tests", &[]).raw("\n");
        for ((name, evr, _), number) in &self.packages {
            let id = self.id("tst", number);
            let attributes =
                [("check", "at least one"), ("comment", &*earlier(name, evr)), ("id", &id), ("version", "1")];
            xml.open("linux:rpminfo_test", &attributes);
            xml.empty("linux:object", &[("object_ref", &self.id("obj", number))]);
            xml.empty("linux:state", &[("state_ref", &self.id("ste", number))]);
            xml.close("linux:rpminfo_test").raw("\n");
        }
        for (number, comment) in self.files.values() {
            let id = self.id("tst", number);
            let attributes = [
                ("check", "all"),
                ("check_existence", "at_least_one_exists"),
                ("comment", comment),
                ("id", &id),
                ("version", "1"),
            ];
            xml.open("ind:textfilecontent54_test", &attributes);
            xml.empty("ind:object", &[("object_ref", &self.id("obj", number))]);
            xml.close("ind:textfilecontent54_test").raw("\n");
        }
        xml.close("tests").raw("\n").open("objects", &[]).raw("\n");
        for ((name, ..), number) in &self.packages {
            xml.open("linux:rpminfo_object", &[("id", &self.id("obj", number)), ("version", "1")]);
            xml.element("linux:name", &[], name).close("linux:rpminfo_object").raw("\n");
        }
        for ((path, pattern), (number, _)) in &self.files {
            xml.open("ind:textfilecontent54_object", &[("id", &self.id("obj", number)), ("version", "1")]);
            xml.element("ind:filepath", &[], path);
            xml.element("ind:pattern", &[("operation", "pattern match")], pattern);
            xml.element("ind:instance", &[("datatype", "int")], "1");
            xml.close("ind:textfilecontent54_object").raw("\n");
        }
        xml.close("objects").raw("\n");
        if self.packages.is_empty() {
            return;
        }
        xml.open("states", &[]).raw("\n");
        for ((_, evr, arches), number) in &self.packages {
            xml.open("linux:rpminfo_state", &[("id", &self.id("ste", number)), ("version", "1")]);
            if !arches.is_empty() {
                let arches = arches.iter().cloned().collect::<Vec<_>>().join("|");
                let pattern = format!("^({arches})$");
                xml.element(
                    "linux:arch",
                    &[("datatype", "string"), ("operation", "pattern match")],
                    &pattern,
                );
            }
            let evr = format!("{}:{}-{}", evr.epoch(), evr.version(), evr.release());
            xml.element("linux:evr", &[("datatype", "evr_string"), ("operation", "less than")], &evr);
            xml.close("linux:rpminfo_state").raw("\n");
        }
        xml.close("states").raw("\n");
    }
}

fn earlier(name: &str, evr: &Evr) -> String {
    format!("{name} is earlier than {}:{}-{}", evr.epoch(), evr.version(), evr.release())
}

/// A text for a pattern that means just it.
fn escaped(text: &str) -> String {
    regex::escape(text)
}
