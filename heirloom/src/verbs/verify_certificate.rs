//! `heirloom verify-certificate`: whether the signed statement of a comparison holds; and how it is made.

use std::error::Error;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use heirloom_compare::Options;
use heirloom_model::Normalisation;
use heirloom_model::allowance::Allowance;
use heirloom_model::record::Compared;
use heirloom_model::statement::{self, Statement};
use heirloom_sign::SecretKey;
use serde::Serialize;

use crate::cli;
use crate::context::digest;
use crate::fail::{Exit, Fail, chain};
use crate::ui::Shown;

/// More than any certificate has, in bytes.
const LARGEST: u64 = 128 << 20;
/// Version of the program, which a statement names.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What a certificate says, and which facts were looked at.
#[derive(Serialize)]
struct Checked {
    /// Fingerprint of the certificate's signer.
    signed_by: String,
    statement: Statement,
    /// Whether all facts hold; with no packages given, only the signature was looked at.
    holds: bool,
    facts: Vec<Fact>,
}

/// One fact of the statement, and what was found.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Fact {
    fact: &'static str,
    holds: bool,
    stated: String,
    found: String,
}

/// The name of the file that holds the certificate of this comparison.
pub(crate) fn file_name(compared: &Compared) -> String {
    format!("{}.intoto.json", compared.nevra.file_name())
}

/// The signed statement of a comparison that was made just now.
///
/// # Errors
/// A key that can't sign statements.
pub(crate) fn sign(compared: &Compared, key: &SecretKey) -> Result<String, Fail> {
    let statement = serde_json::to_vec(&Statement::new(compared, VERSION))?;
    key.sign_envelope(statement::PAYLOAD_TYPE, &statement).map_err(|error| {
        Fail::new(Exit::Failed, chain(&error)).hint("`heirloom init` makes a key that can sign statements")
    })
}

/// Checks the signature. With both packages it checks that the statement is about them, and makes the
/// comparison again.
pub(crate) fn run(args: &cli::VerifyCertificate) -> Result<Shown, Fail> {
    let path = &args.certificate;
    let disbelieved =
        |error: &dyn Error| Fail::new(Exit::Promise, format!("{}: {}", path.display(), chain(error)));
    let envelope = read(path)?;
    let keys = args.key.iter().map(|path| key(path)).collect::<Result<Vec<_>, _>>()?;
    let verified = heirloom_sign::verify_envelope(&envelope, statement::PAYLOAD_TYPE, keys)
        .map_err(|error| disbelieved(&error))?;
    let statement = Statement::from_json(&verified.payload).map_err(|error| disbelieved(&error))?;
    let facts = match &args.pair[..] {
        [reference, rebuilt] => {
            let options = super::compare::options(&cli::Told {
                debuginfo: args.debuginfo.clone(),
                dist_map: args.dist_map.clone(),
                allowances: None,
                universe: args.universe.clone(),
                reference_key: args.reference_key.clone(),
            })?;
            facts(&statement, reference, rebuilt, &options)?
        }
        _ => Vec::new(),
    };
    let holds = facts.iter().all(|fact| fact.holds);
    let checked = Checked { signed_by: verified.fingerprint, statement, holds, facts };
    let exit = if holds { Exit::Fine } else { Exit::Promise };
    Ok(Shown::new(&checked, text(&checked))?.exit(exit))
}

/// Compares the statement with the packages.
fn facts(
    statement: &Statement,
    reference: &Path,
    rebuilt: &Path,
    options: &Options,
) -> Result<Vec<Fact>, Fail> {
    let fact = |fact, stated: &dyn ToString, found: &dyn ToString| {
        let (stated, found) = (stated.to_string(), found.to_string());
        Fact { fact, holds: stated == found, stated, found }
    };
    let stated = &statement.predicate;
    let mut facts = vec![
        fact("reference", &stated.reference.digest.sha256, &digest(reference)?),
        fact("rebuilt", &statement.subject().digest.sha256, &digest(rebuilt)?),
        fact("rules", &stated.rules, &heirloom_compare::RULES),
    ];
    // Of other packages, or by other rules, another result would say nothing.
    if facts.iter().any(|fact| !fact.holds) {
        return Ok(facts);
    }
    let options = Options { allowances: allowances(statement, options), ..options.clone() };
    let again = heirloom_compare::compare(reference, rebuilt, &options)?;
    let again = Statement::new(&again, VERSION);
    let found = &again.predicate;
    let words = |statement: &Statement| {
        let words = serde_json::to_value(statement.predicate.evidence)?;
        Ok::<_, Fail>(words.as_str().unwrap_or("none").to_owned())
    };
    facts.extend([
        fact("verdict", &stated.verdict, &found.verdict),
        fact("evidence", &words(statement)?, &words(&again)?),
        fact("findings", &serde_json::to_string(&stated.findings)?, &serde_json::to_string(&found.findings)?),
        list("normalisations", &stated.normalisations, &found.normalisations, show),
        list("allowances", &stated.allowances, &found.allowances, |used| {
            format!("{} {}: {}", used.rule, used.subject, used.reason)
        }),
    ]);
    Ok(facts)
}

/// Two lists: how long they are, or the first entry that only one of them has.
fn list<T: PartialEq>(fact: &'static str, stated: &[T], found: &[T], show: impl Fn(&T) -> String) -> Fact {
    let only = |one: &[T], other: &[T]| {
        let first = one.iter().find(|entry| !other.contains(entry)).map(&show);
        first.unwrap_or_else(|| one.len().to_string())
    };
    match stated == found {
        true => Fact { fact, holds: true, stated: stated.len().to_string(), found: found.len().to_string() },
        false => Fact { fact, holds: false, stated: only(stated, found), found: only(found, stated) },
    }
}

fn show(one: &Normalisation) -> String {
    format!("{} {} {}", one.rule, one.subject, one.detail).trim_end().to_owned()
}

/// The allowances that the statement says were used, and no other: it is about these findings, whatever a file
/// of allowances says today.
fn allowances(statement: &Statement, options: &Options) -> Vec<Allowance> {
    let used = statement.predicate.allowances.iter();
    used.map(|used| Allowance {
        rule: used.rule.clone(),
        package: "*".to_owned(),
        path: used.subject.clone(),
        reason: used.reason.clone(),
        expires: options.today,
    })
    .collect()
}

fn text(checked: &Checked) -> String {
    let Checked { signed_by, statement, holds, facts } = checked;
    let stated = &statement.predicate;
    let mut text = format!(
        "{}: {}\n  reference  {}\n  signed by  {signed_by}\n  made by    heirloom {}, rules {}\n",
        statement.subject().name,
        stated.verdict,
        stated.reference.name,
        stated.tool_version,
        stated.rules
    );
    for fact in facts {
        let _ = match fact.holds {
            true => writeln!(text, "  {:14} as stated", fact.fact),
            false => writeln!(text, "  {:14} stated {}, found {}", fact.fact, fact.stated, fact.found),
        };
    }
    let broken = |names: &[&str]| facts.iter().any(|fact| !fact.holds && names.contains(&fact.fact));
    text.push_str(match facts.is_empty() {
        true => "the signature holds; name both packages to check what it states",
        false if *holds => "the certificate holds",
        false if broken(&["reference", "rebuilt"]) => {
            "the certificate does not hold: it is about other packages, or one was changed since"
        }
        false if broken(&["rules"]) => {
            "the certificate can't be made again: this version of Heirloom has other rules"
        }
        false => {
            "the certificate does not hold, or its comparison was told more: give it the same --debuginfo, \
             --dist-map and --universe"
        }
    });
    crate::report::visible(&text).into_owned()
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, Fail> {
    let mut bytes = Vec::new();
    let file = File::open(path).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes));
    file.map_err(|error| Fail::new(Exit::Failed, format!("can't read {}: {error}", path.display())))?;
    Ok(bytes)
}

/// A public key that was read and is one; else who gave it would take the certificate for wrong.
pub(super) fn key(path: &Path) -> Result<Vec<u8>, Fail> {
    let bytes = read(path)?;
    heirloom_formats::openpgp::Keyring::from_armoured(&bytes)
        .map_err(|error| Fail::new(Exit::Failed, format!("{}: {}", path.display(), chain(&error))))?;
    Ok(bytes)
}
