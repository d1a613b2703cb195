//! Advisories: one record of each, whatever documents it came in; where each of upstream's stands here; what ours say, whether
//! all that is published says the same, and what a machine needs of it.
//!
//! Pure: it is handed advisories and what is known of packages, and answers with accounts, records and findings. It reads
//! and writes no document, knows no store and asks no clock.

mod account;
mod agree;
pub mod audit;
mod ground;
mod lag;
mod merge;
mod naming;
mod reconcile;
mod record;
mod texts;
mod vex;

pub use account::{Account, Missing, State, account};
pub use agree::{Disagreement, disagreements};
pub use ground::{Ground, NotApplicable, Published, Source, Stage};
pub use lag::{Group, Lag, Missed, Targets, Timeline, lag};
pub use merge::{Contradiction, Merged, merge};
pub use naming::Naming;
pub use reconcile::{Accounted, Claim, Unreconciled, reconcile};
pub use record::{Issued, issue};
pub use texts::{TextRule, Texts, Worded, WrongTexts};
pub use vex::{Here, VexFinding, VexFindingKind, VexMade, describe, vex, vex_differences, with_upstream};
