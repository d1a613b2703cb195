//! Modules of a repository, as the gate is told of them.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_formats::modulemd::gate::{self, Surroundings};
use heirloom_formats::modulemd::{ModuleFinding, ModuleIndex, ModulemdError, Selected, Wanted};
use heirloom_model::gate::{ModularFact, ModularKind};
use heirloom_model::{Nevra, arch};

use crate::plan::Place;

/// The streams of which the repository has all packages. Default streams of modules that it does not have are other
/// repositories' business.
pub(super) fn select(
    index: &ModuleIndex,
    place: &Place,
    packages: &BTreeMap<Nevra, String>,
    default_streams: &BTreeMap<String, String>,
) -> Result<Selected, ModulemdError> {
    let modules: BTreeSet<_> = index.streams.iter().map(|stream| &stream.id.name).collect();
    let own = default_streams.iter().filter(|(module, _)| modules.contains(module));
    let default_streams = own.map(|(module, stream)| (module.clone(), stream.clone())).collect();
    let arch = arch::family(&place.arch);
    index.select(&Wanted { arch, packages, default_streams: &default_streams, cut: false })
}

pub(super) fn judge(
    index: &ModuleIndex,
    place: &Place,
    packages: &BTreeMap<Nevra, String>,
    base: &BTreeSet<Nevra>,
    others: &[&ModuleIndex],
    platform: &str,
) -> Vec<ModuleFinding> {
    let arch = arch::family(&place.arch);
    gate::judge(index, &Surroundings { arch, packages, base, others, platforms: &[platform] })
}

/// What the gate is told; nothing of what was only left out.
pub(super) fn fact(place: &Place, finding: &ModuleFinding) -> Option<ModularFact> {
    use ModularKind::{Contradiction, MissingArtifact, MissingDefault, MissingStream, Shadows, Unlisted};
    let of = |kind, module: &str, package: Option<&Nevra>, detail: String| ModularFact {
        kind,
        repository: place.name.clone(),
        arch: place.arch.clone(),
        module: module.to_owned(),
        package: package.cloned(),
        detail,
    };
    Some(match finding {
        ModuleFinding::Incomplete { stream, missing } => {
            let missing: Vec<_> = missing.iter().map(ToString::to_string).collect();
            of(MissingArtifact, &stream.to_string(), None, missing.join(" "))
        }
        ModuleFinding::Twice { stream, .. } => of(Contradiction, &stream.to_string(), None, String::new()),
        ModuleFinding::DefaultMissing { module, stream, .. }
        | ModuleFinding::DefaultOfNothing { module, stream } => {
            of(MissingDefault, module, None, stream.clone())
        }
        ModuleFinding::SeveralDefaults { module, streams } => {
            of(Contradiction, module, None, format!("its default streams are {}", streams.join(", ")))
        }
        ModuleFinding::SuccessorMissing { module, stream, successor } => of(
            MissingStream,
            &format!("{module}:{stream}"),
            None,
            format!("{successor}, which takes its place"),
        ),
        ModuleFinding::Unmet { stream, module, needs } => {
            of(MissingStream, &stream.to_string(), None, format!("{needs} of {module}"))
        }
        ModuleFinding::Unlisted { package, label } => of(Unlisted, label, Some(package), String::new()),
        ModuleFinding::OtherLabel { package, stream, label } => {
            let says = if label.is_empty() {
                "the package has no modularity label".to_owned()
            } else {
                format!("the package says {label}")
            };
            of(Contradiction, &stream.to_string(), Some(package), says)
        }
        ModuleFinding::AlsoInBase { package, stream } => {
            of(Shadows, &stream.to_string(), Some(package), String::new())
        }
        ModuleFinding::Empty { .. }
        | ModuleFinding::OtherArchitecture { .. }
        | ModuleFinding::ModuleGone { .. }
        | ModuleFinding::Packager { .. } => return None,
    })
}
