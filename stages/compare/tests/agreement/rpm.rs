//! What `rpm -qp` shows to differ.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use heirloom_model::record::Compared;
use testkit::tool::Tool;

use crate::{Fact, said};

/// Between fields, and after each record.
const FIELD: char = '\u{1f}';
const RECORD: char = '\u{1e}';

/// A rule that has but one subject, and what rpm is asked for it.
#[rustfmt::skip]
pub(crate) const SINGLE: &[(&str, &str)] = &[
    ("name", "%{NAME}"),
    ("architecture", "%{ARCH}"),
    ("version", "%{EPOCH}:%{VERSION}-%{RELEASE}"),
    ("operating-system", "%{OS}"),
    ("source-package", "%{SOURCERPM}"),
    ("modularity-label", "%{MODULARITYLABEL}"),
    ("summary", "%{SUMMARY}"),
    ("description", "%{DESCRIPTION}"),
    ("license", "%{LICENSE}"),
    ("group", "%{GROUP}"),
    ("url", "%{URL}"),
    ("vcs", "%{VCS}"),
    ("bug-url", "%{BUGURL}"),
    ("relocation", "[%{PREFIXES} ]"),
    ("order", "[%{ORDERNAME} %{ORDERFLAGS:depflags} %{ORDERVERSION},]"),
    ("changelog", "[%{CHANGELOGTIME} %{CHANGELOGNAME} %{CHANGELOGTEXT},]"),
    ("optflags", "%{OPTFLAGS}"),
    ("platform", "%{PLATFORM}"),
    ("payload-format", "%{PAYLOADFORMAT}"),
    ("payload-compressor", "%{PAYLOADCOMPRESSOR} %{PAYLOADFLAGS}"),
    ("encoding", "%{ENCODING}"),
    ("rpm-version", "%{RPMVERSION}"),
    ("build-host", "%{BUILDHOST}"),
    ("build-time", "%{BUILDTIME} %{COOKIE}"),
    ("vendor", "%{VENDOR}"),
    ("packager", "%{PACKAGER}"),
    ("distribution", "%{DISTRIBUTION} %{DISTURL} %{DISTTAG}"),
    ("mtimes", "[%{FILEMTIMES} ]"),
    ("file-class", "[%{FILECLASS},]"),
    ("installed-size", "%{LONGSIZE}"),
    ("payload-digest", "[%{PAYLOADDIGEST}][%{PAYLOADDIGESTALT}]"),
];

/// A scriptlet's tag, and its section in a spec file.
const SCRIPTLETS: &[(&str, &str)] = &[
    ("PREIN", "%pre"),
    ("POSTIN", "%post"),
    ("PREUN", "%preun"),
    ("POSTUN", "%postun"),
    ("PRETRANS", "%pretrans"),
    ("POSTTRANS", "%posttrans"),
    ("VERIFYSCRIPT", "%verifyscript"),
];

const DEPENDENCIES: &[&str] =
    &["PROVIDE", "REQUIRE", "CONFLICT", "OBSOLETE", "RECOMMEND", "SUGGEST", "SUPPLEMENT", "ENHANCE"];

/// A rule about single files, and what rpm is asked for it.
const FILES: &[(&str, &str)] = &[
    ("file-owner", "%{FILEUSERNAME}"),
    ("file-group", "%{FILEGROUPNAME}"),
    ("file-capabilities", "%{FILECAPS}"),
    ("link-target", "%{FILELINKTOS}"),
    ("file-flags", "%{FILEFLAGS:fflags}"),
    ("file-verify", "%{FILEVERIFYFLAGS:hex}"),
    ("file-language", "%{FILELANGS}"),
    ("file-color", "%{FILECOLORS}"),
    ("content", "%{FILEDIGESTS}"),
    ("file-dependencies", "%{FILEREQUIRE}%{FILEPROVIDE}"),
];

/// A package as rpm shows it.
struct Shown {
    /// All but files, by rule and subject.
    facts: BTreeMap<Fact, BTreeSet<String>>,
    files: BTreeMap<String, File>,
}

struct File {
    kind: u32,
    permissions: u32,
    /// Device and inode, and whether the payload has its content.
    inode: (String, bool),
    device: String,
    facts: Vec<String>,
}

/// What differs between two packages by rpm's account.
pub(crate) fn differing(reference: &Path, rebuilt: &Path) -> BTreeSet<Fact> {
    let (reference, rebuilt) = (shown(reference), shown(rebuilt));
    let mut found = BTreeSet::new();
    for fact in reference.facts.keys().chain(rebuilt.facts.keys()) {
        if reference.facts.get(fact) != rebuilt.facts.get(fact) {
            found.insert(fact.clone());
        }
    }
    let paths: BTreeSet<_> = reference.files.keys().chain(rebuilt.files.keys()).collect();
    for path in &paths {
        let of_file = |rule: &str| (rule.to_owned(), (*path).clone());
        match (reference.files.get(*path), rebuilt.files.get(*path)) {
            // What leads from a build-id to a file is one thing, however many paths it takes.
            (one, other) if path.starts_with("/usr/lib/.build-id/") => {
                let target = |file: Option<&File>| file.map(|file| file.facts[3].clone());
                if target(one) != target(other) {
                    found.insert(("build-id-links".to_owned(), String::new()));
                }
            }
            (Some(one), Some(other)) if one.kind != other.kind => drop(found.insert(of_file("file-type"))),
            (Some(one), Some(other)) => {
                let differing =
                    FILES.iter().zip(one.facts.iter().zip(&other.facts)).filter(|(_, (a, b))| a != b);
                found.extend(differing.map(|((rule, _), _)| of_file(rule)));
                if one.permissions != other.permissions {
                    found.insert(of_file("file-mode"));
                }
                if one.device != other.device && matches!(one.kind, 0o2 | 0o6) {
                    found.insert(of_file("device-number"));
                }
            }
            _ => drop(found.insert(of_file("file-list"))),
        }
    }
    let (left, right) = (links(&reference, &rebuilt), links(&rebuilt, &reference));
    found.extend(left.symmetric_difference(&right).map(|group| ("hard-links".to_owned(), group.clone())));
    found
}

/// The paths of each file that has several, of those that the other package has too.
fn links(package: &Shown, other: &Shown) -> BTreeSet<String> {
    let mut groups = BTreeMap::<_, Vec<&str>>::new();
    for (path, file) in
        package.files.iter().filter(|(path, file)| file.inode.1 && other.files.contains_key(*path))
    {
        groups.entry(&file.inode.0).or_default().push(path);
    }
    groups.into_values().filter(|paths| paths.len() > 1).map(|paths| paths.join(" = ")).collect()
}

fn shown(package: &Path) -> Shown {
    let mut facts = BTreeMap::<Fact, BTreeSet<String>>::new();
    let mut put = |rule: &str, subject: &str, value: String| {
        facts.entry((rule.to_owned(), subject.to_owned())).or_default().insert(value);
    };
    let format: String = SINGLE.iter().map(|(_, format)| format!("{format}{RECORD}")).collect();
    for ((rule, _), value) in SINGLE.iter().zip(query(package, &format)) {
        put(rule, "", value);
    }
    let script = |tag: &str| format!("%{{{tag}}}{FIELD}[%{{{tag}PROG}} ]{FIELD}%{{{tag}FLAGS}}{RECORD}");
    let format: String = SCRIPTLETS.iter().map(|(tag, _)| script(tag)).collect();
    for ((_, section), value) in SCRIPTLETS.iter().zip(query(package, &format)) {
        put("scriptlets", section, value);
    }
    for tag in DEPENDENCIES {
        let format = format!(
            "[%{{{tag}NAME}} %{{{tag}FLAGS:depflags}} %{{{tag}VERSION}}{FIELD}%{{{tag}FLAGS:deptype}}{RECORD}]"
        );
        for dependency in
            query(package, &format).into_iter().filter(|dependency| !dependency.starts_with("(none)"))
        {
            let (text, kinds) = dependency.split_once(FIELD).unwrap();
            let rule = format!("{}s", tag.to_lowercase());
            put(&rule, &text.split_whitespace().collect::<Vec<_>>().join(" "), kinds.to_owned());
        }
    }
    put(
        "triggers",
        "",
        Tool::new("rpm").args(["-qp", "--triggers", "--filetriggers"]).arg(package).run().unwrap(),
    );
    Shown { facts, files: files(package) }
}

fn files(package: &Path) -> BTreeMap<String, File> {
    let fields: String = FILES.iter().map(|(_, format)| format!("{FIELD}{format}")).collect();
    let format = format!(
        "[%{{FILENAMES}}{FIELD}%{{FILEMODES:octal}}{FIELD}%{{FILEINODES}} %{{FILEDEVICES}}{FIELD}%{{FILERDEVS}}{fields}{RECORD}]"
    );
    let mut files = BTreeMap::new();
    for file in query(package, &format).into_iter().filter(|file| !file.starts_with("(none)")) {
        let fields: Vec<&str> = file.split(FIELD).collect();
        let [path, mode, inode, device, facts @ ..] = &fields[..] else { panic!("{file}") };
        let mode = u32::from_str_radix(mode, 8).unwrap();
        let is_delivered = mode >> 12 == 0o10 && !facts[4].contains('g');
        let file = File {
            kind: mode >> 12,
            permissions: mode & 0o7777,
            inode: ((*inode).to_owned(), is_delivered),
            device: (*device).to_owned(),
            // A package without any capability lacks the tag, which rpm shows as a value.
            facts: facts.iter().map(|fact| fact.replace("(none)", "")).collect(),
        };
        files.insert((*path).to_owned(), file);
    }
    files
}

/// The records that rpm prints in this format.
fn query(package: &Path, format: &str) -> Vec<String> {
    let text = Tool::new("rpm").args(["-qp", "--queryformat", format]).arg(package).run().unwrap();
    text.split_terminator(RECORD).map(str::to_owned).collect()
}

/// What we say, in the same words.
pub(crate) fn ours(compared: &Compared) -> BTreeSet<Fact> {
    let has_one = |rule: &str| {
        SINGLE.iter().any(|(single, _)| *single == rule) || ["triggers", "build-id-links"].contains(&rule)
    };
    said(compared)
        .into_iter()
        .map(|(rule, subject)| if has_one(&rule) { (rule, String::new()) } else { (rule, subject) })
        .collect()
}
