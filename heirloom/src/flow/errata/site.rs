//! All that a distribution publishes of its advisories, laid out as a web server serves it.
//!
//! Nothing in it is of now: the same records give the same bytes, signatures too.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use heirloom_errata::vex_differences;
use heirloom_formats::Document;
use heirloom_formats::advisory::csaf::{self, provider};
use heirloom_formats::advisory::{Format, Issuer, Reading, feed, mail, osv_path};
use heirloom_formats::openpgp::Keyring;
use heirloom_model::Digest;
use heirloom_model::advisory::vex::Vex;
use heirloom_model::advisory::{Advisory, AdvisoryId, CveId};
use heirloom_sign::SecretKey;
use jiff::Timestamp;
use serde::Serialize;

use super::{Writing, concerned};
use crate::context::processors;
use crate::fail::{Exit, Fail};
use crate::flow::governing::Hand;
use crate::flow::work;
use crate::report::errata as pages;
use crate::ui::Progress;

/// What is laid out.
#[derive(Clone, Copy)]
pub(crate) struct Site<'a> {
    /// Sorted by id, each once.
    pub(crate) advisories: &'a [Advisory],
    /// Sorted by id, each once.
    pub(crate) vex: &'a [Vex],
    /// Whose they are. All formats are written, whatever it names.
    pub(crate) writing: Writing<'a>,
    /// What signs the documents.
    pub(crate) hand: &'a Hand<'a>,
    /// Until when security.txt holds; none is written without.
    pub(crate) expires: Option<Timestamp>,
    /// A site that was laid out earlier: documents that are the same keep their signatures. RSA takes its time for new ones.
    pub(crate) before: Option<&'a Path>,
}

/// What was laid out.
#[derive(Debug, Default)]
pub(crate) struct Laid {
    /// Documents of each format, and of VEX.
    pub(crate) documents: BTreeMap<&'static str, usize>,
    /// Files, with those that sign and list others.
    pub(crate) files: usize,
    /// Where a document says something else than the records.
    pub(crate) disagreements: Vec<String>,
}

/// Writes everything below a directory that is empty.
pub(crate) fn lay_out(dir: &Path, site: &Site<'_>) -> Result<Laid, Fail> {
    alone(site)?;
    let writing = Writing { formats: &Format::ALL, ..site.writing };
    let written = super::write(dir, site.advisories, writing)?;
    let mut laid = Laid {
        documents: written.documents,
        disagreements: written.disagreements.iter().map(ToString::to_string).collect(),
        files: 0,
    };
    laid.documents.insert("vex", 0);
    let mut listed = Vec::new();
    for made in each(dir, site)? {
        laid.disagreements.extend(made.differences);
        if made.is_vex {
            *laid.documents.entry("vex").or_default() += 1;
        }
        listed.extend(made.listed);
    }
    provider::sort(&mut listed);
    wide(dir, site, &listed)?;
    laid.files = sums(dir, site.hand, &listed)?;
    Ok(laid)
}

/// Ids that differ in what names of files can't say would be one document.
fn alone(site: &Site<'_>) -> Result<(), Fail> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    let advisories = site.advisories.iter().map(|one| (csaf::path(one), one.id.as_str()));
    for (path, id) in advisories.chain(site.vex.iter().map(|one| (csaf::vex::path(one), one.cve.as_str()))) {
        if let Some(other) = seen.insert(path.clone(), id) {
            let message = format!("{other} and {id} would both be {path}");
            return Err(Fail::new(Exit::Failed, message)
                .hint("CSAF names documents by ids in lower case: change one of the ids"));
        }
    }
    Ok(())
}

fn put(dir: &Path, path: &str, text: impl AsRef<[u8]>) -> Result<(), Fail> {
    let path = dir.join(path);
    let failed = |error: std::io::Error| Fail::new(Exit::Failed, format!("{}: {error}", path.display()));
    fs::create_dir_all(path.parent().unwrap_or(dir)).and_then(|()| fs::write(&path, text)).map_err(failed)
}

fn read(path: &Path) -> Result<Vec<u8>, Fail> {
    fs::read(path).map_err(|error| Fail::new(Exit::Failed, format!("{}: {error}", path.display())))
}

/// Something of which there is a page.
enum One<'a> {
    Advisory(&'a Advisory),
    Vex(&'a Vex),
}

/// What became of it.
struct Made {
    is_vex: bool,
    listed: Option<provider::Listed>,
    differences: Vec<String>,
}

/// Writes what there is of each advisory and of each vulnerability.
fn each(dir: &Path, site: &Site<'_>) -> Result<Vec<Made>, Fail> {
    let issuer = site.writing.issuer;
    let cves: BTreeSet<&CveId> = site.vex.iter().map(|one| &one.cve).collect();
    let ids: BTreeSet<&AdvisoryId> = site.advisories.iter().map(|one| &one.id).collect();
    let all: Vec<One<'_>> =
        site.advisories.iter().map(One::Advisory).chain(site.vex.iter().map(One::Vex)).collect();
    let signer = Signer { hand: site.hand, before: site.before, keyring: keyring(site.hand.key)? };
    let progress = Progress::new("signing", all.len());
    let one = |one: &One<'_>| match one {
        One::Advisory(advisory) => {
            let id = &advisory.id;
            progress.tick(id.as_str());
            put(dir, &format!("json/{id}.json"), serde_json::to_string_pretty(advisory)? + "\n")?;
            put(dir, &format!("mail/{id}.txt"), mail::message(advisory, issuer))?;
            put(dir, &format!("advisories/{id}.html"), pages::advisory_page(advisory, &cves, issuer))?;
            let path = csaf::path(advisory);
            let listed = signer.sign(dir, &path, &read(&dir.join(&path))?)?;
            Ok::<_, Fail>(Made { is_vex: false, listed: Some(listed), differences: Vec::new() })
        }
        One::Vex(vex) => {
            progress.tick(vex.cve.as_str());
            put(dir, &format!("cve/{}.html", vex.cve), pages::cve_page(vex, &ids, issuer))?;
            let Some(text) = csaf::vex::write(vex, issuer)? else {
                return Ok(Made { is_vex: false, listed: None, differences: Vec::new() });
            };
            let path = csaf::vex::path(vex);
            put(dir, &path, &text)?;
            let reading = Reading { major: "", ..site.writing.reading };
            let back = csaf::vex::read(Document::new(&path, text.as_bytes()), reading, &[])?;
            let listed = signer.sign(dir, &path, text.as_bytes())?;
            Ok(Made { is_vex: true, listed: Some(listed), differences: vex_differences(vex, &back) })
        }
    };
    work::each(&all, processors(), one)
}

fn keyring(key: &SecretKey) -> Result<Keyring, Fail> {
    Ok(Keyring::from_armoured(key.public_armoured()?.as_bytes())?)
}

/// What signs documents.
struct Signer<'a> {
    hand: &'a Hand<'a>,
    before: Option<&'a Path>,
    /// The key's own.
    keyring: Keyring,
}

impl Signer<'_> {
    /// Writes what a document is checked by, beside it. Its signature is of the time of its last change.
    fn sign(&self, dir: &Path, path: &str, document: &[u8]) -> Result<provider::Listed, Fail> {
        let listed = provider::Listed::of(path, document)?;
        let name = path.rsplit('/').next().unwrap_or(path);
        for (ending, text) in provider::sums(name, document) {
            put(dir, &format!("{path}.{ending}"), text)?;
        }
        let signature = match self.known(path, document) {
            Some(signature) => signature,
            None => self.hand.sign(path, document, seconds(listed.updated))?,
        };
        put(dir, &format!("{path}.asc"), signature)?;
        Ok(listed)
    }

    /// The signature that the same document had before, if it holds.
    fn known(&self, path: &str, document: &[u8]) -> Option<String> {
        let before = self.before?;
        let is_same = fs::read(before.join(path)).is_ok_and(|old| old == document);
        let signature = fs::read_to_string(before.join(format!("{path}.asc"))).ok().filter(|_| is_same)?;
        self.keyring.verify_detached(document, signature.as_bytes()).is_ok().then_some(signature)
    }
}

/// Seconds since 1970, as signatures have them.
fn seconds(time: Timestamp) -> u64 {
    u64::try_from(time.as_second()).unwrap_or(0)
}

/// Writes what is of all of them.
fn wide(dir: &Path, site: &Site<'_>, listed: &[provider::Listed]) -> Result<(), Fail> {
    let (issuer, key) = (site.writing.issuer, site.hand.key);
    put(dir, provider::INDEX, provider::index(listed))?;
    put(dir, provider::CHANGES, provider::changes(listed))?;
    put(dir, provider::FEED, provider::feed(listed, issuer)?)?;
    put(dir, provider::SERVICE, provider::service(issuer)?)?;
    put(dir, provider::METADATA, provider::metadata(listed, key.fingerprint(), issuer)?)?;
    put(dir, &provider::key_path(key.fingerprint()), key.public_armoured()?)?;
    if let Some(expires) = site.expires {
        put(dir, provider::SECURITY, provider::security_txt(issuer, expires))?;
    }
    put(dir, feed::ATOM, feed::atom(site.advisories, issuer))?;
    put(dir, feed::RSS, feed::rss(site.advisories, issuer))?;
    put(dir, "advisories.json", index(site)?)?;
    put(dir, "index.html", pages::advisory_list(site.advisories, issuer))?;
    put(dir, "cve/index.html", pages::cve_list(site.vex, issuer))
}

/// advisories.json: what there is, and where.
#[derive(Serialize)]
struct Index<'a> {
    name: &'a str,
    home: &'a str,
    advisories: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a AdvisoryId,
    kind: &'static str,
    severity: Option<&'static str>,
    title: &'a str,
    issued: Timestamp,
    updated: Timestamp,
    withdrawn: Option<Timestamp>,
    cves: Vec<&'a CveId>,
    /// Every form of it, from the top of the site.
    paths: Paths,
}

#[derive(Serialize)]
struct Paths {
    html: String,
    json: String,
    mail: String,
    osv: String,
    csaf: String,
    /// One for each major version that it has packages of.
    oval: Vec<String>,
    updateinfo: Vec<String>,
}

fn index(site: &Site<'_>) -> Result<String, Fail> {
    let Issuer { name, home, .. } = site.writing.issuer;
    let entry = |one: &'_ Advisory| {
        let id = &one.id;
        let wide = |format: Format| {
            let majors = one.majors().into_iter();
            let has =
                majors.filter(|major| concerned(std::slice::from_ref(one), format, major).next().is_some());
            has.map(|major| super::wide_path(format, major)).collect()
        };
        Paths {
            html: format!("advisories/{id}.html"),
            json: format!("json/{id}.json"),
            mail: format!("mail/{id}.txt"),
            osv: osv_path(id),
            csaf: csaf::path(one),
            oval: wide(Format::Oval),
            updateinfo: wide(Format::Updateinfo),
        }
    };
    let advisories = site.advisories.iter().map(|one| Entry {
        id: &one.id,
        kind: one.kind.name(),
        severity: one.severity.map(|severity| severity.name()),
        title: &one.title,
        issued: one.issued,
        updated: one.updated,
        withdrawn: one.withdrawn,
        cves: one.vulnerabilities.iter().map(|one| &one.id).collect(),
        paths: entry(one),
    });
    let index = Index { name, home, advisories: advisories.collect() };
    Ok(serde_json::to_string_pretty(&index)? + "\n")
}

/// Writes SHA256SUMS of all files but signatures, and signs it. Answers how many files there are.
fn sums(dir: &Path, hand: &Hand<'_>, listed: &[provider::Listed]) -> Result<usize, Fail> {
    let mut files = Vec::new();
    list(dir, "", &mut files)?;
    files.sort();
    let line = |path: &String| Ok::<_, Fail>(format!("{}  {path}\n", Digest::of(&read(&dir.join(path))?)));
    let all = files.len();
    let there: BTreeSet<String> = files.iter().cloned().collect();
    files.retain(|path| path.strip_suffix(".asc").is_none_or(|signed| !there.contains(signed)));
    let text = work::each(&files, processors(), line)?.concat();
    let newest = listed.first().map_or(0, |one| seconds(one.updated));
    put(dir, "SHA256SUMS.asc", hand.sign("SHA256SUMS", text.as_bytes(), newest)?)?;
    put(dir, "SHA256SUMS", text)?;
    Ok(all + 2)
}

/// The files below a directory, by their paths from the top.
fn list(dir: &Path, below: &str, files: &mut Vec<String>) -> Result<(), Fail> {
    let place = dir.join(below);
    let failed = |error: std::io::Error| Fail::new(Exit::Failed, format!("{}: {error}", place.display()));
    for entry in fs::read_dir(&place).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        match entry.file_type().map_err(failed)?.is_dir() {
            true => list(dir, &path, files)?,
            false => files.push(path),
        }
    }
    Ok(())
}
