//! Dependencies with their raw flags.

use heirloom_model::{Compare, Dependency};

use super::RpmProblem;
use super::store::Store;

/// Bits of a dependency's flags.
pub(super) mod sense {
    pub(in super::super) const LESS: u32 = 1 << 1;
    pub(in super::super) const GREATER: u32 = 1 << 2;
    pub(in super::super) const EQUAL: u32 = 1 << 3;
    pub(in super::super) const POST_TRANS: u32 = 1 << 5;
    pub(in super::super) const PREREQ: u32 = 1 << 6;
    pub(in super::super) const PRE_TRANS: u32 = 1 << 7;
    pub(in super::super) const SCRIPT_PRE: u32 = 1 << 9;
    pub(in super::super) const SCRIPT_POST: u32 = 1 << 10;
}

/// The kinds of dependency, in the order in which repodata lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "rpm's own words")]
pub enum DependencyKind {
    Provides,
    Requires,
    Conflicts,
    Obsoletes,
    Suggests,
    Enhances,
    Recommends,
    Supplements,
}

impl DependencyKind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::Provides,
        Self::Requires,
        Self::Conflicts,
        Self::Obsoletes,
        Self::Suggests,
        Self::Enhances,
        Self::Recommends,
        Self::Supplements,
    ];

    /// Tags of names, flags and versions.
    pub(super) fn tags(self) -> [u32; 3] {
        match self {
            Self::Provides => [1047, 1112, 1113],
            Self::Requires => [1049, 1048, 1050],
            Self::Conflicts => [1054, 1053, 1055],
            Self::Obsoletes => [1090, 1114, 1115],
            Self::Suggests => [5049, 5051, 5050],
            Self::Enhances => [5055, 5057, 5056],
            Self::Recommends => [5046, 5048, 5047],
            Self::Supplements => [5052, 5054, 5053],
        }
    }

    /// The kind's name in lower case, as in `rpm --query` options and repodata.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Provides => "provides",
            Self::Requires => "requires",
            Self::Conflicts => "conflicts",
            Self::Obsoletes => "obsoletes",
            Self::Suggests => "suggests",
            Self::Enhances => "enhances",
            Self::Recommends => "recommends",
            Self::Supplements => "supplements",
        }
    }
}

/// A dependency or a trigger's condition, as the header has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Relation {
    /// The capability, or a whole rich dependency.
    pub name: String,
    /// rpm's RPMSENSE bits: comparison, which scriptlet asks, which trigger.
    pub flags: u32,
    /// `[epoch:]version[-release]`, or empty.
    pub version: String,
}

impl Relation {
    /// How the version is compared, if there is one.
    #[must_use]
    pub fn compare(&self) -> Option<Compare> {
        let bit = |bit| self.flags & bit != 0;
        match (bit(sense::LESS), bit(sense::GREATER), bit(sense::EQUAL)) {
            _ if self.version.is_empty() => None,
            (true, _, false) => Some(Compare::Less),
            (true, _, true) => Some(Compare::LessOrEqual),
            (false, true, true) => Some(Compare::GreaterOrEqual),
            (false, true, false) => Some(Compare::Greater),
            (false, false, true) => Some(Compare::Equal),
            (false, false, false) => None,
        }
    }

    /// The dependency without what only rpm's ordering needs. Epoch 0 is left out, as it means none.
    #[must_use]
    pub fn dependency(&self) -> Dependency {
        let version = self.version.strip_prefix("0:").unwrap_or(&self.version);
        Dependency {
            name: self.name.clone(),
            version: self.compare().map(|compare| (compare, version.to_owned())),
        }
    }
}

pub(super) fn relations(main: &Store) -> Result<[Vec<Relation>; DependencyKind::ALL.len()], RpmProblem> {
    let mut all: [Vec<Relation>; DependencyKind::ALL.len()] = Default::default();
    for kind in DependencyKind::ALL {
        all[kind as usize] = list(main, kind.tags())?;
    }
    Ok(all)
}

/// The relations that three parallel tags hold: names, flags, versions.
pub(super) fn list(main: &Store, [names, flags, versions]: [u32; 3]) -> Result<Vec<Relation>, RpmProblem> {
    let name_list = main.texts(names)?;
    let flag_list: Vec<u32> = main.numbers(flags)?;
    let version_list = main.texts(versions)?;
    for (tag, found) in [(flags, flag_list.len()), (versions, version_list.len())] {
        if found != name_list.len() {
            return Err(RpmProblem::Count { tag, expected: name_list.len(), found });
        }
    }
    let together = name_list.into_iter().zip(flag_list).zip(version_list);
    Ok(together.map(|((name, flags), version)| Relation { name, flags, version }).collect())
}
