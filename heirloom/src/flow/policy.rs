//! What buildroots are made of: own results so far, a snapshot, or what the reference's builds had.

use heirloom_formats::definition::Against;
use heirloom_model::record::Imported;
use heirloom_model::{Deviation, Digest, Nevra, Origin, Package, RecordedBuildroot};
use heirloom_plan::{Available, Buildroot, Question};

use super::gather::Gathered;
use super::planning::Ground;
use super::recorded::Recorded;
use crate::context::Context;
use crate::fail::Fail;

/// The definition's policy, with what it needs.
pub(crate) enum Policy {
    /// Own results, as soon as they are there.
    Latest,
    /// Packages that stay what they are, whatever is built.
    Fixed {
        /// The packages of the snapshot, or of the reference for records.
        packages: Vec<Package>,
        /// What its buildroots follow from.
        digest: Digest,
        /// Records, by source.
        recorded: Option<Recorded>,
    },
}

/// A buildroot that follows a record.
pub(crate) struct Following {
    pub(crate) buildroot: Buildroot,
    pub(crate) deviations: Vec<Deviation>,
    /// What can't be had, if so.
    pub(crate) broken: bool,
}

impl Policy {
    pub(crate) fn load(context: &Context, gathered: &Gathered) -> Result<Self, Fail> {
        let states = |foreign: &[&super::gather::Foreign]| -> String {
            foreign.iter().map(|foreign| format!("{}\n", foreign.state.repomd)).collect()
        };
        Ok(match context.definition.build.against() {
            Against::Latest => Self::Latest,
            Against::Snapshot => {
                let snapshot: Vec<_> = gathered.snapshot.iter().collect();
                Self::Fixed {
                    packages: snapshot.iter().flat_map(|foreign| foreign.packages.iter().cloned()).collect(),
                    digest: Digest::of(format!("snapshot\n{}", states(&snapshot)).as_bytes()),
                    recorded: None,
                }
            }
            Against::Recorded => {
                let references: Vec<_> = gathered.references.iter().collect();
                Self::Fixed {
                    packages: references
                        .iter()
                        .flat_map(|foreign| foreign.packages.iter().cloned())
                        .collect(),
                    digest: Digest::of(format!("recorded\n{}", states(&references)).as_bytes()),
                    recorded: Recorded::load(context)?,
                }
            }
        })
    }

    /// Packages beside bootstrap's that every buildroot can be made of; none if own results are.
    pub(crate) fn fixed(&self) -> Option<&[Package]> {
        match self {
            Self::Latest => None,
            Self::Fixed { packages, .. } => Some(packages),
        }
    }

    /// Digest of what buildroots follow from, beside the bootstrap repository and own results.
    pub(crate) fn digest(&self) -> Option<Digest> {
        match self {
            Self::Latest => None,
            Self::Fixed { digest, .. } => Some(*digest),
        }
    }

    /// Whether buildroots are to follow records.
    pub(crate) fn follows(&self) -> bool {
        matches!(self, Self::Fixed { recorded: Some(_), .. })
    }

    /// The record of a source package, if it has one.
    pub(crate) fn record(&self, source: &str, nevra: &Nevra) -> Option<&RecordedBuildroot> {
        match self {
            Self::Fixed { recorded: Some(recorded), .. } => recorded.for_step(source, nevra),
            Self::Latest | Self::Fixed { .. } => None,
        }
    }

    /// What a person should know of the records.
    pub(crate) fn findings(&self, sources: &[Imported], ground: &Ground) -> Vec<String> {
        let Self::Fixed { recorded: Some(recorded), .. } = self else { return Vec::new() };
        let evaluated = sources
            .iter()
            .filter_map(|source| Some((source.name.as_str(), &ground.evaluated.get(&source.name)?.nevra)));
        recorded.findings(evaluated)
    }

    /// The buildroot that a record asks for, of the reference's packages, else of bootstrap's or an earlier release's.
    pub(crate) fn follow(
        &self,
        arch: &str,
        gathered: &Gathered,
        record: &RecordedBuildroot,
        requires: &[heirloom_model::Dependency],
    ) -> Result<Following, Fail> {
        let available = [
            Available { origin: Origin::Reference, packages: self.fixed().unwrap_or_default() },
            Available { origin: Origin::Bootstrap, packages: &gathered.bootstrap.packages },
            Available { origin: Origin::Earlier, packages: gathered.earlier() },
        ];
        let followed = heirloom_plan::follow(&Question {
            arch,
            recorded: record,
            available: &available,
            requires,
            compare: heirloom_formats::evr::compare,
            rename: None,
            sigmd5: None,
        })?;
        Ok(Following {
            buildroot: followed.buildroot(),
            broken: followed.is_broken(),
            deviations: followed.deviations,
        })
    }
}
