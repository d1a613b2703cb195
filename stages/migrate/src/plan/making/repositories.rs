//! What becomes of repositories and keys.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_formats::openpgp::Keyring;

use super::choice::{Choice, Fate};
use super::ground::{Inputs, Maker, owner_name};
use super::{offered, results};
use crate::facts::RepositoryFact;
use crate::plan::{FileText, PackageStep, RepositoryPlan, TargetKey};
use crate::target::Target;

/// The directory of repositories.
const DIR: &str = "/etc/yum.repos.d/";

pub(super) fn repositories(choice: &Choice<'_>, packages: &[PackageStep]) -> RepositoryPlan {
    let mut plan = RepositoryPlan::default();
    let target = choice.target();
    let mut disabled: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for repository in choice.inputs.assessment.repositories.iter().filter(|it| it.enabled) {
        if target.repositories.iter().any(|own| own.id == repository.id && is_target_s(choice, repository)) {
            continue;
        }
        match is_vendor_s(choice, repository) {
            true => disabled.entry(&repository.file).or_default().push(repository.id.clone()),
            false => plan.kept.push(repository.id.clone()),
        }
    }
    plan.disabled = disabled.into_iter().map(|(file, ids)| (file.to_owned(), ids)).collect();
    if !brings_repositories(choice.inputs, packages) {
        plan.written = written(target);
    }
    plan
}

/// Whether its file belongs to a package, in which case it is of whoever made that.
fn owner(choice: &Choice<'_>, repository: &RepositoryFact) -> Option<Maker> {
    let owner = owner_name(&repository.package);
    let named = choice.universe.named(owner).iter().copied().find(|id| *id < choice.universe.installed);
    named.map(|id| choice.maker(id))
}

fn is_vendor_s(choice: &Choice<'_>, repository: &RepositoryFact) -> bool {
    match owner(choice, repository) {
        Some(maker) => maker == Maker::Vendor && !is_of_others(choice, repository),
        None => choice.makers.is_vendor_repository(&repository.id),
    }
}

/// A vendor's package may bring others' repositories: `epel-release` is in CentOS' extras.
fn is_of_others(choice: &Choice<'_>, repository: &RepositoryFact) -> bool {
    let owner = owner_name(&repository.package);
    let role = choice.makers.role(owner);
    role.is_none() && !choice.makers.is_vendor_repository(&repository.id)
}

fn is_target_s(choice: &Choice<'_>, repository: &RepositoryFact) -> bool {
    owner(choice, repository) == Some(Maker::Target) || repository.package.is_empty()
}

/// Whether one of the target's packages has files of repositories: primary metadata lists all files below `/etc`.
fn brings_repositories(inputs: Inputs<'_>, packages: &[PackageStep]) -> bool {
    let offered = offered(inputs.offer);
    let target = &inputs.target.target;
    let known: BTreeSet<&str> = ["release", "repos"].iter().filter_map(|role| target.role(role)).collect();
    let has = |path: &str| path.starts_with(DIR) && path.ends_with(".repo");
    results(packages).any(|source| {
        let listed =
            offered.get(&source.nevra).is_some_and(|it| it.package.files.iter().any(|file| has(&file.path)));
        let read = || {
            inputs.headers.get(&source.nevra).is_some_and(|files| files.iter().any(|file| has(&file.path)))
        };
        (known.contains(source.nevra.name()) || source.nevra.name().ends_with("-repos")) && (listed || read())
    })
}

fn written(target: &Target) -> Vec<FileText> {
    let key = format!("/etc/pki/rpm-gpg/RPM-GPG-KEY-{}-{}", target.id, target.major());
    let mut text = String::new();
    for repository in &target.repositories {
        let enabled = u8::from(repository.enabled);
        let places = repository.baseurls.join("\n        ");
        text.push_str(&format!(
            "[{}]\nname={}\nbaseurl={places}\nenabled={enabled}\ngpgcheck=1\nrepo_gpgcheck=1\ngpgkey=file://{key}\n\n",
            repository.id, repository.name
        ));
    }
    let text = text.trim_end().to_owned() + "\n";
    vec![
        FileText { path: key, text: target.certificates.clone() },
        FileText { path: format!("{DIR}{}.repo", target.id), text },
    ]
}

/// The target's keys: rpm names them by the last eight digits of their key ids.
pub(super) fn keys(inputs: &Inputs<'_>) -> Vec<TargetKey> {
    let Ok(keyring) = Keyring::from_armoured(inputs.target.target.certificates.as_bytes()) else {
        return Vec::new();
    };
    let key = |fingerprint: &str| {
        let fingerprint = fingerprint.to_lowercase();
        let short = fingerprint.get(fingerprint.len().saturating_sub(8)..).unwrap_or_default();
        let begin = format!("gpg-pubkey-{short}-");
        let present = inputs.assessment.keys.iter().any(|key| key.package.starts_with(&begin));
        TargetKey { fingerprint, present }
    };
    keyring.fingerprints().into_iter().map(key).collect()
}

/// Keys of the vendor, of which nothing is left but old kernels, which go at the end.
pub(super) fn keys_removed(choice: &Choice<'_>) -> Vec<String> {
    let short = |id: &str| id.get(id.len().saturating_sub(8)..).unwrap_or_default().to_owned();
    let (mut vendor, mut left) = (BTreeSet::new(), BTreeSet::new());
    for (id, fact) in
        choice.inputs.assessment.packages.iter().enumerate().filter(|(_, fact)| !fact.key.is_empty())
    {
        if choice.maker(id) == Maker::Vendor {
            vendor.insert(short(&fact.key));
        }
        let stays = matches!(choice.fates.get(id), Some((Fate::Stay(_), _)));
        if stays && !(choice.maker(id) == Maker::Vendor && choice.universe.is_installonly(id)) {
            left.insert(short(&fact.key));
        }
    }
    let name = |package: &str| {
        package.strip_prefix("gpg-pubkey-").and_then(|it| it.split('-').next()).unwrap_or_default().to_owned()
    };
    let keys = choice.inputs.assessment.keys.iter();
    let gone = keys.filter(|key| vendor.contains(&name(&key.package)) && !left.contains(&name(&key.package)));
    gone.map(|key| key.package.clone()).collect()
}
