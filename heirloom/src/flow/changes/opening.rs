//! Opens what is not the same. What one update changes is remembered under the digests of both packages.

use heirloom_formats::rpm_file::Header;
use heirloom_model::Digest;
use heirloom_model::change::{Change, ChangeKind, PackageChanges};

use super::side::Member;
use super::{Both, Movement, Side, Step};
use crate::fail::Fail;

impl Both<'_, '_> {
    /// What the update changes, without what only the repositories can tell.
    pub(super) fn open(&self, step: &Step<'_>) -> Result<PackageChanges, Fail> {
        let mut changes = match (step.movement, step.old, step.new) {
            (Movement::Added, _, Some(new)) => own(&self.new.header(new)?),
            (Movement::Removed, Some(old), _) => own(&self.old.header(old)?),
            (Movement::Moved, Some(_), Some(new)) => own(&self.new.header(new)?),
            (_, Some(old), Some(new)) => self.update(old, new)?,
            _ => PackageChanges::default(),
        };
        if let (Some(old), Some(new)) = (step.old, step.new)
            && old.repository != new.repository
            && step.movement != Movement::Replaced
        {
            let moved = Change::new(ChangeKind::MovedPackage, new.nevra.name());
            changes.changes.push(moved.values(old.repository.clone(), new.repository.clone()));
        }
        if step.movement == Movement::Replaced {
            // Another package is expected to be another one.
            changes.changes.retain(|change| !is_identity(change.kind));
            changes.changelog.clear();
        }
        changes.changes.extend(whole(step));
        Ok(changes)
    }

    /// What one update changes: from the store, if it was asked before.
    fn update(&self, old: &Member, new: &Member) -> Result<PackageChanges, Fail> {
        const KIND: &str = "changes";
        let debug = self.debug(old, new)?;
        let mut words = format!("updates {}\n", heirloom_compare::UPDATES);
        let pair = [(self.old, old), (self.new, new)];
        for (side, member) in pair.iter().chain(&debug) {
            words.push_str(&format!("{}\n", side.digest(member)?));
        }
        let key = Digest::of(words.as_bytes());
        let known = self.kept.and_then(|store| store.derived(KIND, key)).and_then(|body| whole_body(&body));
        if let Some(known) = known {
            return Ok(known);
        }
        let files = debug.iter().map(|(side, member)| side.file(member)).collect::<Result<Vec<_>, _>>()?;
        let changes = heirloom_compare::update(&self.old.file(old)?, &self.new.file(new)?, &files)?;
        if let Some(store) = self.kept {
            let json = serde_json::to_vec(&changes)?;
            let body = [Digest::of(&json).as_bytes() as &[u8], &json].concat();
            store.derive(KIND, [(key, body.as_slice())]);
        }
        Ok(changes)
    }

    /// Packages with the debugging data of both, if both have any: types need both sides.
    fn debug<'m>(&'m self, old: &Member, new: &Member) -> Result<Vec<(&'m Side<'m>, &'m Member)>, Fail> {
        if self.old.debug.is_empty() || self.new.debug.is_empty() {
            return Ok(Vec::new());
        }
        let source = self.new.header(new)?.info.source_rpm;
        let source = source.rsplitn(3, '-').nth(2).unwrap_or_default().to_owned();
        let names = [new.nevra.name(), source.as_str()].map(|name| format!("{name}-debuginfo"));
        let of = |side: &'m Side<'m>, member: &Member| -> Vec<(&'m Side<'m>, &'m Member)> {
            let all = side.debug.iter();
            all.filter(|data| {
                let (ours, theirs) = (&data.nevra, &member.nevra);
                names.iter().any(|name| name == ours.name())
                    && (ours.evr(), ours.arch()) == (theirs.evr(), theirs.arch())
            })
            .map(|data| (side, data))
            .collect()
        };
        let (ours, theirs) = (of(self.old, old), of(self.new, new));
        match ours.is_empty() || theirs.is_empty() {
            true => Ok(Vec::new()),
            false => Ok([ours, theirs].concat()),
        }
    }
}

/// What is said of a package that has no counterpart: its stream, by which its level is known.
fn own(header: &Header) -> PackageChanges {
    let stream = header.info.modularity_label.split(':').take(2).collect::<Vec<_>>().join(":");
    PackageChanges { streams: [stream.clone(), stream], ..PackageChanges::default() }
}

/// What is a matter of course where another package takes the place of one.
fn is_identity(kind: ChangeKind) -> bool {
    matches!(
        kind,
        ChangeKind::NewFile
            | ChangeKind::NewRequirement
            | ChangeKind::ChangedLicence
            | ChangeKind::ChangedScriptlet
            | ChangeKind::MovedPackage
    )
}

/// The change of the package as a whole.
fn whole(step: &Step<'_>) -> Option<Change> {
    let evr =
        |member: Option<&Member>| member.map_or_else(String::new, |member| member.nevra.evr().to_string());
    let kind = match step.movement {
        Movement::Added => ChangeKind::AddedPackage,
        Movement::Removed => ChangeKind::RemovedPackage,
        Movement::Replaced => ChangeKind::ReplacedPackage,
        Movement::Downgraded => ChangeKind::Downgrade,
        Movement::Changed => ChangeKind::ChangedContent,
        Movement::Upgraded | Movement::Moved => return None,
    };
    let after = match kind {
        ChangeKind::ReplacedPackage => step.new.map_or_else(String::new, |new| new.nevra.to_string()),
        _ => evr(step.new),
    };
    Some(Change::new(kind, step.old.or(step.new)?.nevra.name()).values(evr(step.old), after))
}

/// What was kept, if it is whole.
fn whole_body(body: &[u8]) -> Option<PackageChanges> {
    let (digest, json) = body.split_at_checked(32)?;
    (Digest::of(json).as_bytes() == digest).then(|| serde_json::from_slice(json).ok())?
}
