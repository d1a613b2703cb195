//! `signature`: every package is signed by a key that may. What held once is remembered by digest and keys, so that it is
//! not read again.

use std::collections::HashSet;
use std::path::PathBuf;

use heirloom_formats::openpgp::Keyring;
use heirloom_model::Digest;

use super::answer::Answer;
use super::machine::Machines;
use crate::ComposeError;
use crate::parallel::for_each;
use crate::sealed::{opened, sealed};

pub(super) fn ask(machines: &Machines<'_>) -> Result<Answer, ComposeError> {
    let mut answer = Answer::of("packages");
    let input = machines.input;
    let Some(keyring) = input.keyring else {
        answer.not_asked("no key was given");
        return Ok(answer);
    };
    let mut files = Vec::<(_, _, PathBuf)>::new();
    for repository in &input.repositories {
        for package in repository.packages {
            match repository.file(input.store, package) {
                Ok(file) => files.push((repository, package, file)),
                Err(why) => answer.not_asked(format!("{}: {why}", repository.name)),
            }
        }
    }
    answer.looked_at = files.len();
    let kind = kind(keyring);
    let digests: Vec<_> = files.iter().map(|(_, package, _)| package.digest).collect();
    let kept = input.store.map_or_else(Vec::new, |store| store.derived_all(&kind, &digests));
    let known = digests.iter().zip(kept).filter_map(|(digest, body)| Some((*digest, body?)));
    let whole = known.filter(|(digest, body)| opened(body) == Some(digest.as_bytes()));
    let known: HashSet<_> = whole.map(|(digest, _)| digest).collect();
    files.retain(|(_, package, _)| !known.contains(&package.digest));
    let verified = for_each(&files, input.jobs, |(.., file)| Ok(keyring.verify_rpm(file)))?;
    let mut good: Vec<(Digest, Vec<u8>)> = Vec::new();
    for ((repository, package, _), verified) in files.iter().zip(verified) {
        match verified {
            Ok(_) => good.push((package.digest, sealed(package.digest.as_bytes()))),
            Err(why) => answer.error(repository, &package.nevra, why.to_string()),
        }
    }
    if let Some(store) = input.store {
        store.derive(&kind, good.iter().map(|(digest, body)| (*digest, &body[..])));
    }
    Ok(answer)
}

/// Under what it is remembered that a signature holds: another one for every set of keys.
fn kind(keyring: &Keyring) -> String {
    let mut fingerprints = keyring.fingerprints();
    fingerprints.sort_unstable();
    format!("gate-signature-1/{}", Digest::of(fingerprints.join(" ").as_bytes()).short())
}

#[cfg(test)]
mod tests {
    use crate::gate::support::{Made, report};

    #[test]
    fn without_a_key_it_is_not_asked() {
        let mut made = Made::default();
        made.repository("BaseOS", "x86_64", "a-1-1.x86_64\n");
        let rule = report(&made, "signature");
        assert_eq!((rule.looked_at, &*rule.not_asked), (0, &["no key was given".to_owned()][..]));
    }
}
