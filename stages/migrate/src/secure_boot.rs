//! Whether Secure Boot will start what a target brings: firmware starts a shim that a certificate of its own signed; shim starts a boot loader and a kernel
//! that a certificate inside of it signed.
//!
//! Signatures are Authenticode (Microsoft's specification of it, 2008): a PKCS #7 message in the certificate table of a PE file, over a digest of the file without that table.

mod image;
mod keys;
mod packages;
mod signature;

use crate::check::Check;
use crate::target::TargetBoot;

pub use image::{ImageError, Signed};
pub use keys::{Certificate, certificates_of_list};
pub use signature::Signature;

/// Files of a target's packages that Secure Boot has to start.
#[derive(Clone, Debug, Default)]
pub struct SecureBootFiles {
    /// Shims: name and content.
    pub shims: Vec<(String, Vec<u8>)>,
    /// What shim starts, boot loaders and kernels: name and content.
    pub programs: Vec<(String, Vec<u8>)>,
    /// Certificates, in DER, that the firmware has (`db`, see [`certificates_of_list`]); empty if that is not known.
    pub firmware: Vec<Vec<u8>>,
}

/// The name of all findings here.
const ID: &str = "secure-boot-chain";
/// How many certificates lead from a signer to one that is trusted, at most.
const LONGEST_CHAIN: usize = 6;

/// Holds files against what firmware and shim trust. Nothing found is nothing wrong.
#[must_use]
pub fn check(files: &SecureBootFiles, target: &TargetBoot) -> Vec<Check> {
    let mut checks = Vec::new();
    if files.shims.is_empty() {
        checks.push(missing("The target's packages have no shim: Secure Boot starts nothing of theirs."));
    }
    let firmware: Vec<Certificate> = files.firmware.iter().filter_map(|der| Certificate::read(der)).collect();
    if firmware.is_empty() {
        checks.push(Check::risk(
            "secure-boot-firmware",
            "The certificates of the firmware are not known: whether it starts the target's shim can't be said.",
            "See `mokutil --db`, and ask the target's makers who signed their shim.",
        ));
    }
    let mut trusted = Vec::new();
    for (name, content) in &files.shims {
        match Signed::read(content) {
            Ok(shim) => {
                if !firmware.is_empty() {
                    checks.extend(fault(name, &shim, &firmware, "the firmware"));
                } else if let Some(why) = shim.fault() {
                    checks.push(missing(format!("{name}: {why}.")));
                }
                if shim.vendor.is_empty() {
                    checks
                        .push(missing(format!("{name} has no certificate inside of it: it starts nothing.")));
                }
                trusted.extend(shim.vendor);
            }
            Err(error) => checks.push(missing(format!("{name}: {error}."))),
        }
    }
    for (name, content) in &files.programs {
        match Signed::read(content) {
            Ok(program) => checks.extend(program_fault(name, &program, &trusted, target)),
            Err(error) => checks.push(missing(format!("{name}: {error}."))),
        }
    }
    checks
}

fn missing(found: impl Into<String>) -> Check {
    Check::blocker(
        ID,
        found,
        "Use packages of the target that are signed throughout, or switch Secure Boot off in the firmware.",
    )
}

/// What is wrong with a file that certificates of `whose` must have signed; none if nothing is.
fn fault(name: &str, signed: &Signed, trusted: &[Certificate], whose: &str) -> Option<Check> {
    if let Some(why) = signed.fault() {
        return Some(missing(format!("{name}: {why}.")));
    }
    let is_trusted = signed.valid().any(|signature| leads_to(signature, trusted, &[]));
    (!is_trusted).then(|| {
        let by: Vec<String> = signed.valid().map(|one| format!("\"{}\"", one.signer.subject)).collect();
        missing(format!("{name} is signed by {}, which {whose} has no certificate for.", by.join(", ")))
    })
}

/// As [`fault`], but what the target names counts too: its key may have been enrolled on the machine.
fn program_fault(
    name: &str,
    program: &Signed,
    trusted: &[Certificate],
    target: &TargetBoot,
) -> Option<Check> {
    let found = fault(name, program, trusted, "shim")?;
    let is_named = program.valid().any(|signature| leads_to(signature, &[], &target.certificates));
    match is_named {
        true => Some(Check::risk(
            "secure-boot-enrolment",
            format!("{name} is signed by a certificate that the target names and that is not in its shim."),
            "It starts only if that certificate is enrolled on this machine: mokutil --list-enrolled.",
        )),
        false => Some(found),
    }
}

/// Whether a signer is trusted itself, or was certified by one that is.
fn leads_to(signature: &Signature, trusted: &[Certificate], named: &[String]) -> bool {
    let mut at = &signature.signer;
    for _ in 0..LONGEST_CHAIN {
        let is_named = named.iter().any(|digest| digest.eq_ignore_ascii_case(&at.fingerprint));
        if is_named || trusted.iter().any(|one| one.der == at.der || at.is_certified_by(one)) {
            return true;
        }
        match signature.certificates.iter().find(|one| one.der != at.der && at.is_certified_by(one)) {
            Some(issuer) => at = issuer,
            None => return false,
        }
    }
    false
}
