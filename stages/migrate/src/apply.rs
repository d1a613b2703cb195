//! Carrying out a plan, exactly, with a way back at every moment.
//!
//! ```text
//! download verify rehearse secure-boot │ save │ keys modules transaction repositories boot services │ done │ finish
//!        nothing is changed                       └──────────── rollback: files of the savepoint ──────────┘
//! ```
//! Every step is in the [journal](crate::journal) before it begins. What was killed goes on by [`Run::go`]: steps before the savepoint are done again; a
//! transaction that did not end leads back to the savepoint first. So the machine is as before or converted, and nothing between.
//!
//! [`Site`] is what a caller gives: the machine, its [`Eyes`] (clock, and looks at the machine), and who is told of progress.

mod alternatives;
mod boot_steps;
mod chain;
mod drift;
mod error;
mod finish;
mod installed;
mod lock;
mod progress;
mod receipt;
mod rehearse;
mod replay;
mod rollback;
mod run;
mod settings;
mod stage;
mod status;
mod steps;
mod transaction;

use std::sync::atomic::AtomicBool;

pub use error::ApplyError;
pub use finish::finish;
pub use installed::{Present, packages as installed_packages};
pub use lock::Lock;
pub use progress::Progress;
pub use receipt::{PAYLOAD_TYPE as RECEIPT_TYPE, Receipt, Replaced, Result as ReceiptResult};
pub use replay::{expected, replay};
pub use rollback::{RolledBack, rollback};
pub use run::{Outcome, Run};
pub use status::{Status, status};

use crate::facts::Assessment;
use crate::machine::Machine;

/// What a migration has to know of the world, and may not look at itself.
pub trait Eyes {
    /// Seconds since 1970.
    fn now(&self) -> u64;
    /// [`DatabaseFacts::state`](crate::facts::DatabaseFacts::state), as an assessment of this moment would have it.
    ///
    /// # Errors
    /// It can't be looked at: a sentence.
    fn state(&self, machine: &Machine) -> Result<String, String>;
    /// A whole look at the machine, for the comparison of before and after; none if nobody looks.
    ///
    /// # Errors
    /// It can't be looked at: a sentence.
    fn assess(&self, machine: &Machine) -> Result<Option<Assessment>, String> {
        let _ = machine;
        Ok(None)
    }
}

/// Where a migration takes place.
pub struct Site<'a> {
    /// The machine.
    pub machine: &'a Machine,
    /// Clock and looks.
    pub eyes: &'a dyn Eyes,
    /// Who hears of progress.
    pub told: &'a dyn Fn(&Progress),
    /// Set if it should end as soon as it may: between steps, and never in the transaction.
    pub stop: &'a AtomicBool,
}
