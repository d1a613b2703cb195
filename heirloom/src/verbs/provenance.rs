//! `heirloom provenance` and `heirloom verify-provenance`: signed statements of how packages were built.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use heirloom_formats::rpm_file;
use heirloom_model::provenance::{ENVELOPE_TYPE, Provenance, Resource, Role};
use heirloom_model::record::Built;
use heirloom_model::{Digest, Nevra};
use serde::Serialize;

use super::verify_certificate::{key, read};
use crate::cli;
use crate::context::{Context, digest, processors};
use crate::fail::{Exit, Fail, chain};
use crate::flow::attesting::Evidence;
use crate::flow::{governing, work};
use crate::ui::Shown;

/// One statement that was made.
#[derive(Serialize)]
struct Stated {
    /// The source package.
    package: Nevra,
    action: Digest,
    /// The object that holds the envelope.
    envelope: Digest,
    /// Where it was written.
    file: Option<String>,
}

pub(crate) fn run(context: &Context, args: &cli::Provenance) -> Result<Shown, Fail> {
    let key = context.statement_key()?;
    let evidence = Evidence::load(context)?;
    let builds = evidence.chosen(&args.packages)?;
    if let Some(dir) = &args.out {
        fs::create_dir_all(dir).map_err(|error| failed("make", dir, &error))?;
    }
    let made = work::each(&builds, processors(), |built| {
        let (attested, envelope) = evidence.sign(built, &key)?;
        let file = args.out.as_ref().map(|dir| dir.join(file_name(built, context.arch())));
        if let Some(file) = &file {
            fs::write(file, envelope).map_err(|error| failed("write", file, &error))?;
        }
        Ok::<_, Fail>((attested, file))
    })?;
    let (attested, files): (Vec<_>, Vec<_>) = made.into_iter().unzip();
    context.store.append_all(&attested)?;
    governing::tell(context)?;
    let stated = builds.iter().zip(&attested).zip(files).map(|((built, attested), file)| Stated {
        package: built.nevra.clone(),
        action: built.action,
        envelope: attested.envelope,
        file: file.map(|file| file.display().to_string()),
    });
    let stated: Vec<_> = stated.collect();
    let mut text = String::new();
    for one in &stated {
        let object = || format!("object {}", one.envelope);
        let _ = writeln!(text, "{}: {}", one.package, one.file.clone().unwrap_or_else(object));
    }
    Shown::new(&stated, text)
}

/// `zlib-1.2.13-1.el9.x86_64.provenance.json`: the same source package may be built for several architectures.
fn file_name(built: &Built, arch: &str) -> String {
    let nevra = &built.nevra;
    format!("{}-{}-{}.{arch}.provenance.json", nevra.name(), nevra.evr().version(), nevra.evr().release())
}

fn failed(what: &str, path: &Path, error: &dyn std::fmt::Display) -> Fail {
    Fail::new(Exit::Failed, format!("can't {what} {}: {error}", path.display()))
}

/// A statement whose signature holds.
pub(super) struct Verified {
    pub(super) signed_by: String,
    pub(super) provenance: Provenance,
}

/// Reads an envelope, and checks its signature and that its parts agree.
pub(super) fn verified(path: &Path, keys: &[std::path::PathBuf]) -> Result<Verified, Fail> {
    let envelope = read(path)?;
    let keys = keys.iter().map(|path| key(path)).collect::<Result<Vec<_>, _>>()?;
    believed(&path.display().to_string(), &envelope, &keys)
}

/// The same of an envelope in memory.
pub(super) fn believed(name: &str, envelope: &[u8], keys: &[Vec<u8>]) -> Result<Verified, Fail> {
    let disbelieved =
        |error: &dyn std::error::Error| Fail::new(Exit::Promise, format!("{name}: {}", chain(error)));
    let verified =
        heirloom_sign::verify_envelope(envelope, ENVELOPE_TYPE, keys).map_err(|error| disbelieved(&error))?;
    let provenance = Provenance::from_json(&verified.payload).map_err(|error| disbelieved(&error))?;
    Ok(Verified { signed_by: verified.fingerprint, provenance })
}

/// What a statement says, and which packages it is about.
#[derive(Serialize)]
struct Checked {
    signed_by: String,
    source: Nevra,
    architecture: String,
    action: String,
    builder: String,
    /// Whether it is about all packages that were named.
    holds: bool,
    packages: Vec<Looked>,
}

/// One package that was held against it.
#[derive(Serialize)]
struct Looked {
    file: String,
    /// Name of the subject that it is; none if it is none.
    subject: Option<String>,
    how: How,
}

/// By what a package was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum How {
    /// All its bytes.
    File,
    /// Its header and its payload: somebody else has signed it, or nobody.
    Header,
    /// Nothing: it is about other packages.
    Not,
}

pub(crate) fn verify(args: &cli::VerifyProvenance) -> Result<Shown, Fail> {
    let Verified { signed_by, provenance } = verified(&args.provenance, &args.key)?;
    let looked = args.packages.iter().map(|package| look(&provenance, package));
    let packages = looked.collect::<Result<Vec<_>, _>>()?;
    let asked = &provenance.predicate.build_definition.external_parameters;
    let details = &provenance.predicate.run_details;
    let checked = Checked {
        signed_by,
        source: asked.source.nevra.clone(),
        architecture: asked.architecture.clone(),
        action: details.metadata.invocation_id.clone(),
        builder: details.builder.id.clone(),
        holds: packages.iter().all(|package| package.how != How::Not),
        packages,
    };
    let exit = if checked.holds { Exit::Fine } else { Exit::Promise };
    Ok(Shown::new(&checked, text(&checked, &provenance))?.exit(exit))
}

/// Which subject a package is. A header has the digest of the payload in it, so that both are looked at.
fn look(provenance: &Provenance, package: &Path) -> Result<Looked, Fail> {
    let file = package.display().to_string();
    let found = |subject: Option<&Resource>, how| Looked {
        file: file.clone(),
        subject: subject.map(|subject| subject.label().to_owned()),
        how,
    };
    let sha256 = digest(package)?;
    if let Some(subject) = provenance.subject.iter().find(|subject| subject.sha256() == Some(sha256)) {
        return Ok(found(Some(subject), How::File));
    }
    // What is no whole package is no subject, whatever its header says.
    let header = rpm_file::verify_digests(package).ok().map(|header| header.digest());
    let subject =
        header.and_then(|header| provenance.built().find(|subject| subject.header() == Some(header)));
    Ok(found(subject, if subject.is_some() { How::Header } else { How::Not }))
}

fn text(checked: &Checked, provenance: &Provenance) -> String {
    let mut text = format!(
        "{} for {}\n  signed by  {}\n  built by   {}\n  action     {}\n  made of    {} sources in a buildroot of {} packages\n",
        checked.source,
        checked.architecture,
        checked.signed_by,
        checked.builder,
        checked.action,
        provenance.dependencies(Role::Source).count(),
        provenance.dependencies(Role::Buildroot).count(),
    );
    for Looked { file, subject, how } in &checked.packages {
        let subject = subject.as_deref().unwrap_or_default();
        let _ = match how {
            How::File => writeln!(text, "  {file}: is {subject}"),
            How::Header => {
                writeln!(text, "  {file}: is {subject} by its header and payload, signed otherwise")
            }
            How::Not => writeln!(text, "  {file}: is none of its packages, or was changed since"),
        };
    }
    text.push_str(match (checked.packages.is_empty(), checked.holds) {
        (true, _) => "the signature holds; name packages to check that it is about them",
        (false, true) => "the provenance holds",
        (false, false) => "the provenance is not about all of these packages",
    });
    text
}
