//! The distribution's own record of upstream's advisory.

use heirloom_model::advisory::{Advisory, Reference, ReferenceKind};

use crate::account::Account;
use crate::naming::Naming;
use crate::texts::{Texts, Worded};

/// A record, and what rules made of its texts. Upstream's own is kept beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// What is published.
    pub advisory: Advisory,
    /// What the rules of texts did.
    pub worded: Worded,
}

/// The record of an advisory of upstream: under the id that it has here, in our words, leading back to upstream's, with
/// the packages that have its fixes here. The dates stay upstream's, so that the record is the same whenever it is made.
///
/// Without an account it has upstream's packages, for whoever picks those that are there.
#[must_use]
pub fn issue(upstream: &Advisory, account: Option<&Account>, naming: &Naming<'_>, texts: &Texts) -> Issued {
    let mut advisory = upstream.clone();
    let worded = texts.apply(&mut advisory);
    advisory.id = naming.ours(&upstream.id);
    if advisory.id != upstream.id {
        let theirs = upstream.id.to_string();
        let leads_there = |one: &&mut Reference| one.kind == ReferenceKind::Advisory && one.id.is_empty();
        if let Some(link) = advisory.references.iter_mut().find(leads_there) {
            link.id.clone_from(&theirs);
        }
        if !advisory.related.contains(&theirs) {
            advisory.related.push(theirs);
        }
    }
    if let Some(account) = account {
        advisory.fixed.clone_from(&account.ships);
    }
    Issued { advisory: advisory.sorted(), worded }
}
