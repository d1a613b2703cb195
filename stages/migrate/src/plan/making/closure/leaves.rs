//! What nobody needs any more.

use crate::plan::Action;
use crate::plan::making::choice::{Choice, Fate};
use crate::plan::making::ground::declared;
use crate::plan::making::universe::{Id, Origin, Set};

/// Libraries that were there for what is now gone or no longer needs them, and that would get no updates, go.
pub(super) fn remove(choice: &mut Choice<'_>, before: &Set) {
    let was_used = used(choice, before);
    loop {
        let is_used = used(choice, &choice.result());
        let is_leaf = |id: Id| {
            let Origin::Installed(fact) = choice.universe.items[id].origin else { return false };
            matches!(choice.fates.get(id), Some((Fate::Stay(Action::Orphan), _)))
                && fact.reason == "dependency"
                && !choice.universe.is_installonly(id)
                && declared(choice.target(), fact.nevra.name()).is_none()
                && fact.provides.iter().any(|it| it.name.contains(".so.") || it.name.contains(".so("))
                && was_used[id]
                && !is_used[id]
        };
        let leaves: Vec<Id> = (0..choice.universe.installed).filter(|id| is_leaf(*id)).collect();
        if leaves.is_empty() {
            return;
        }
        for id in leaves {
            choice.set(
                id,
                Fate::Gone,
                "A library that nothing needs any more, and that would get no updates.".to_owned(),
            );
        }
    }
}

/// Which packages of a set another one of it needs.
fn used(choice: &Choice<'_>, set: &Set) -> Set {
    let mut used = vec![false; set.len()];
    for id in (0..set.len()).filter(|id| set[*id]) {
        for dependency in choice.universe.items[id].requires {
            choice.universe.used(dependency, set, |by| used[by] |= by != id);
        }
    }
    used
}
