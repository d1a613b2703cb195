//! The hand-over records, in the order of the flow. Each stage reads the records of the one before and
//! leaves its own; the store keeps them all, append-only, under `(KIND, key)`.
//!
//! | record | left by | says |
//! |---|---|---|
//! | [`Imported`] | import | a source package: every byte of it and where it came from |
//! | [`Arrival`] | import | where a source package of upstream stands: published, seen, imported |
//! | [`Watched`] | import | how new an upstream was when it was last looked at, so that it can't go back unseen |
//! | [`Module`] | import | a module of upstream: its document and its components |
//! | [`Debranded`] | debrand | what the rules made of a source package, edit by edit |
//! | [`Scanned`] | scan | which foreign marks a source package or a package carries |
//! | [`Side`] | import | a side build: its sources, and whether they are merged |
//! | [`RepositoryState`] | import | a foreign repository as it was verified: bootstrap or reference |
//! | [`Evaluated`] | build | what the target's rpm makes of a spec file |
//! | [`Plan`] | plan | the steps, their order and the reason of each |
//! | [`Solving`] | plan | what the plan's solutions were, for the next one |
//! | [`Settled`] | build | what dynamic build requirements came to |
//! | [`Pinned`] | build | which action follows from which inputs |
//! | [`Content`] | build | what a package is, apart from when, where and by whom it was made |
//! | [`Built`] | build | the outcome of an action |
//! | [`Reached`] | all | when an action's results were built, compared and signed |
//! | [`Noticed`] | errata | when an advisory of upstream was seen, and when ours came out |
//! | [`Deviated`] | build | how a buildroot differs from the recorded one |
//! | [`Cost`] | build | what a step used, for the next time |
//! | [`Interface`] | build | what builds can see of a package |
//! | [`Alike`] | build | an action, by what its build can see |
//! | [`Ran`] | build | what a step came to, with the reason if it failed |
//! | [`Compared`] | compare | one package against its reference |
//! | [`Accepted`] | compare | a package that may be signed, and on what ground |
//! | [`Signed`] | compose | a signed package |
//! | [`Attested`] | attest | where the signed provenance of a build is |
//! | [`Composed`] | compose | a tree of signed repositories |
//! | [`Waiting`] | govern | what is ready to be proposed to the members |
//! | [`Proposed`] | govern | a proposal that is known here |
//! | [`Cast`] | govern | a member's vote on it |
//! | [`Promoted`] | govern | a proposal that took effect: an entry of the history |
//! | [`Snapshot`] | release | a composed tree under a name of its own |
//! | [`Channel`] | release | where a channel points |

mod action;
mod brand;
mod errata;
mod govern;
mod outcome;
mod plan;
mod release;
mod source;
mod upstream;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use action::{Action, BuildrootPackage, Content, Limits, Pinned};
pub use errata::{Noticed, Reached};
pub use govern::{Cast, Promoted, Proposed, Waiting};

pub use brand::{Debranded, Edit, MarkFinding, MarkKind, Scanned};
pub use outcome::{
    Accepted, Alike, Attested, Built, Compared, Cost, CutOff, Deviated, FailKind, Failed, Ground, Interface,
    NotAccepted, Promise, Ran, Resources, Signed,
};
pub use plan::{Crutch, CrutchKind, Cycle, Need, Plan, Provider, Solving, Step};
pub use release::{
    Channel, Composed, ComposedPackage, ComposedRepository, RepositoryKind, Snapshot, Tree, TreeFile,
    is_metadata_signature,
};
pub use source::{
    Evaluated, EvaluatedBinary, Imported, RepositoryRole, RepositoryState, Settled, Side, SideSource,
    SideState, SourceFile,
};

pub use upstream::{Arrival, Component, Module, Watched};

/// A record that the ledger can keep.
pub trait Record: Serialize + DeserializeOwned {
    /// The kind's name in the ledger.
    const KIND: &'static str;

    /// What the record is about; a later record of the same kind and key supersedes an earlier one.
    fn key(&self) -> String;
}

macro_rules! record {
    ($type:ty, $kind:literal, $self:ident => $key:expr) => {
        impl Record for $type {
            const KIND: &'static str = $kind;

            fn key(&$self) -> String {
                $key
            }
        }
    };
}

record!(Imported, "imported", self => self.name.clone());
record!(Arrival, "arrival", self => self.package.clone());
record!(Watched, "watched", self => self.location.clone());
record!(Module, "module", self => self.identity());
record!(Debranded, "debranded", self => self.name.clone());
record!(Scanned, "scanned", self => format!("{}/{}", self.subject, self.brand));
record!(Side, "side", self => self.name.clone());
record!(RepositoryState, "foreign-repository", self => format!("{}/{}", self.role.name(), self.name));
record!(Evaluated, "evaluated", self => self.key.to_string());
record!(Plan, "planned", self => "plan".to_owned());
record!(Solving, "solving", self => "solving".to_owned());
record!(Settled, "settled", self => Self::key_of(self.source, &self.with));
record!(Pinned, "pinned", self => self.inputs.to_string());
record!(Content, "content", self => self.package.to_string());
record!(Built, "built", self => self.action.to_string());
record!(Reached, "reached", self => self.action.to_string());
record!(Noticed, "noticed", self => self.advisory.to_string());
record!(Deviated, "deviated", self => self.step.clone());
record!(Cost, "cost", self => self.step.clone());
record!(Interface, "interface", self => self.package.to_string());
record!(Alike, "alike", self => self.seen.to_string());
record!(Ran, "ran", self => self.step.clone());
record!(Compared, "compared", self => self.key());
record!(Accepted, "accepted", self => self.digest().to_string());
record!(Signed, "signed", self => format!("{}/{}", self.package, self.key));
record!(Attested, "attested", self => format!("{}/{}", self.action, self.key));
record!(Composed, "composed", self => "compose".to_owned());
record!(Waiting, "waiting", self => self.kind.clone());
record!(Proposed, "proposed", self => self.proposal.to_string());
record!(Cast, "cast", self => format!("{}/{}", self.proposal, self.digest()));
record!(Promoted, "promoted", self => format!("{:08}", self.number));
record!(Snapshot, "snapshot", self => self.name.clone());
record!(Channel, "channel", self => self.name.clone());
