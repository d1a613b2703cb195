//! What changes from one state of a distribution to another: snapshots, directories or repositories. Packages that
//! both have are not opened; what an update of one changes is kept by the content of both.

mod elsewhere;
mod news;
mod opening;
mod side;

use std::collections::BTreeMap;

use heirloom_compare::stability::{Effect, Level, Levels, Span, judge};
use heirloom_formats::evr;
use heirloom_model::change::{Change, ChangelogNews, PackageChanges};
use heirloom_model::{Digest, Evidence, Nevra, Package};
use heirloom_store::Store;
use schemars::JsonSchema;
use serde::Serialize;

use super::work;
use crate::context::processors;
use crate::fail::{Exit, Fail};
use crate::ui::Progress;

pub(crate) use news::AdvisoryNews;
use side::Member;
pub(crate) use side::Side;

/// All that changes.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Changes {
    pub(crate) from: End,
    pub(crate) to: End,
    /// Whether the two are of different major releases, between which nothing is blocked.
    pub(crate) between_majors: bool,
    pub(crate) counts: Counts,
    /// Advisories that updated packages bring, security first.
    pub(crate) advisories: Vec<AdvisoryNews>,
    /// Every package that is not the same, by name.
    pub(crate) packages: Vec<PackageNews>,
}

/// One of the two states.
#[derive(Serialize, JsonSchema)]
pub(crate) struct End {
    /// The snapshot's name, or the directory or URL.
    pub(crate) name: String,
    /// The distribution's version, where it is known.
    pub(crate) version: Option<String>,
    /// Number of packages, sources and debugging data aside.
    pub(crate) packages: usize,
}

/// How many there are of each.
#[derive(Default, Serialize, JsonSchema)]
pub(crate) struct Counts {
    pub(crate) security_advisories: usize,
    pub(crate) other_advisories: usize,
    pub(crate) added: usize,
    pub(crate) removed: usize,
    pub(crate) replaced: usize,
    pub(crate) upgraded: usize,
    pub(crate) downgraded: usize,
    /// Of the same version, with other content.
    pub(crate) changed: usize,
    /// Of the same version and content, in another repository.
    pub(crate) moved: usize,
    /// Changes that the rules of stability block.
    pub(crate) blocked: usize,
    /// Changes that they tell.
    pub(crate) notes: usize,
}

/// What became of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Movement {
    Added,
    Removed,
    Replaced,
    Upgraded,
    Downgraded,
    Changed,
    Moved,
}

/// One package that is not the same.
#[derive(Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct PackageNews {
    pub(crate) name: String,
    pub(crate) arch: String,
    /// The repository that has it, or had it.
    pub(crate) repository: String,
    pub(crate) movement: Movement,
    /// Epoch, version and release that there were.
    pub(crate) from: Option<String>,
    /// Those that there are; of a replaced package, the one that replaces it.
    pub(crate) to: Option<String>,
    /// What is promised of it.
    pub(crate) level: Level,
    /// Ids of advisories that the update brings.
    pub(crate) advisories: Vec<String>,
    /// What changes for users, by weight.
    pub(crate) changes: Vec<Judged>,
    /// Changes that are not told, since there are too many.
    pub(crate) untold: usize,
    /// New changelog entries, the newest first.
    pub(crate) changelog: Vec<ChangelogNews>,
    /// New changelog entries that are not told.
    pub(crate) more_entries: usize,
    /// By what the interfaces of its libraries were compared, if any differs.
    pub(crate) evidence: Option<Evidence>,
    #[serde(skip)]
    pub(crate) nevra: Option<Nevra>,
    #[serde(skip)]
    pub(crate) machine: String,
}

/// A change with what the rules make of it.
#[derive(Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Judged {
    #[serde(flatten)]
    pub(crate) change: Change,
    pub(crate) effect: Effect,
    /// Why, in a sentence.
    pub(crate) reason: String,
    /// What would mend it; empty where nothing needs to.
    pub(crate) fix: String,
}

/// A package with what becomes of it, before it is opened.
struct Step<'a> {
    movement: Movement,
    old: Option<&'a Member>,
    new: Option<&'a Member>,
}

/// Both states, and where results are kept.
struct Both<'s, 'a> {
    old: &'s Side<'a>,
    new: &'s Side<'a>,
    kept: Option<&'s Store>,
    levels: &'s Levels,
    majors: bool,
}

/// Computes what changes from one side to the other. `kept` is the store that remembers what single updates change.
pub(crate) fn between(
    old: &Side<'_>,
    new: &Side<'_>,
    levels: &Levels,
    kept: Option<&Store>,
) -> Result<Changes, Fail> {
    let both = Both { old, new, kept, levels, majors: is_another_major(old, new) };
    let steps = both.steps()?;
    let progress = Progress::new("changes", steps.len());
    let opened = work::each(&steps, processors(), |step| {
        let changes = both.open(step)?;
        progress.tick(step.member().map_or("", |member| member.nevra.name()));
        Ok::<_, Fail>(changes)
    })?;
    let mut opened: Vec<_> = opened;
    elsewhere::settle(&both, &steps, &mut opened)?;
    progress.end(&format!("{} packages", steps.len()));
    let advisories = news::between(new, &steps)?;
    let mut packages = Vec::with_capacity(steps.len());
    for (step, changes) in steps.iter().zip(opened) {
        packages.extend(both.told(step, changes, &advisories));
    }
    packages.sort_by(|a, b| (&a.name, &a.arch, &a.machine).cmp(&(&b.name, &b.arch, &b.machine)));
    // What is the same for several machines, as of noarch packages, is told once.
    packages.dedup_by(|a, b| {
        let machine = std::mem::replace(&mut a.machine, b.machine.clone());
        let same = a == b;
        a.machine = machine;
        same
    });
    let end = |side: &Side<'_>| End {
        name: side.name.clone(),
        version: side.version.clone(),
        packages: side.members.len(),
    };
    Ok(Changes {
        from: end(old),
        to: end(new),
        between_majors: both.majors,
        counts: Counts::of(&packages, &advisories),
        advisories,
        packages,
    })
}

/// Whether both are known to be of different major releases.
fn is_another_major(old: &Side<'_>, new: &Side<'_>) -> bool {
    let major = |side: &Side<'_>| {
        side.version.as_deref().and_then(|version| version.split('.').next()).map(str::to_owned)
    };
    matches!((major(old), major(new)), (Some(old), Some(new)) if old != new)
}

impl<'a> Step<'a> {
    fn member(&self) -> Option<&'a Member> {
        self.new.or(self.old)
    }
}

impl<'s> Both<'s, '_> {
    /// What is not the same, without opening what both have.
    fn steps(&self) -> Result<Vec<Step<'s>>, Fail> {
        let machines = self.know_machines();
        let (old, new) =
            (side::newest(&self.old.members, machines), side::newest(&self.new.members, machines));
        let mut steps = Vec::new();
        for (key, member) in &old {
            match new.get(key) {
                Some(now) => steps.extend(self.step(member, now)?),
                None => steps.push(self.gone(member)?),
            }
        }
        let added = new.iter().filter(|(key, _)| !old.contains_key(*key));
        steps.extend(added.map(|(_, member)| Step {
            movement: Movement::Added,
            old: None,
            new: Some(*member),
        }));
        Ok(steps)
    }

    /// Whether both say which machine a repository is for; a directory does not.
    fn know_machines(&self) -> bool {
        [self.old, self.new].iter().all(|side| side.members.iter().all(|member| !member.machine.is_empty()))
    }

    fn step(&self, old: &'s Member, new: &'s Member) -> Result<Option<Step<'s>>, Fail> {
        let movement = match evr::compare(new.nevra.evr(), old.nevra.evr()) {
            std::cmp::Ordering::Greater => Movement::Upgraded,
            std::cmp::Ordering::Less => Movement::Downgraded,
            std::cmp::Ordering::Equal if !self.is_same(old, new)? => Movement::Changed,
            std::cmp::Ordering::Equal if old.repository != new.repository => Movement::Moved,
            std::cmp::Ordering::Equal => return Ok(None),
        };
        Ok(Some(Step { movement, old: Some(old), new: Some(new) }))
    }

    fn is_same(&self, old: &Member, new: &Member) -> Result<bool, Fail> {
        match side::same(old, new) {
            Some(same) => Ok(same),
            None => Ok(self.old.header(old)?.content() == self.new.header(new)?.content()),
        }
    }

    /// A package that only the older side has: gone, or obsoleted by another one.
    fn gone(&self, old: &'s Member) -> Result<Step<'s>, Fail> {
        let all = self.new.packages()?;
        let mine = self.old.header(old)?.package(Digest::of(b""), 0, "");
        let by = all.iter().find(|package| elsewhere::obsoletes(package, &mine));
        let new = by.and_then(|by| {
            let machines = self.know_machines();
            let is =
                |member: &&Member| member.nevra == by.nevra && (!machines || member.machine == old.machine);
            self.new.members.iter().find(is)
        });
        let movement = if new.is_some() { Movement::Replaced } else { Movement::Removed };
        Ok(Step { movement, old: Some(old), new })
    }

    /// The package as it is told; nothing, if it has nothing to tell.
    fn told(&self, step: &Step<'_>, all: PackageChanges, advisories: &[AdvisoryNews]) -> Option<PackageNews> {
        let member = step.old.filter(|_| step.movement == Movement::Replaced).or(step.member())?;
        let nevra = &member.nevra;
        let level = self.levels.of(nevra.name(), all.streams.iter().any(|stream| !stream.is_empty()));
        let span = match (self.majors, all.streams[0] == all.streams[1]) {
            (true, _) => Span::Majors,
            (false, false) if !all.streams[0].is_empty() => Span::Streams,
            (false, _) => Span::Release,
        };
        let changes = all.changes.into_iter().map(|change| {
            let ruling = judge(change.kind, nevra.name(), level, span);
            Judged { change, effect: ruling.effect, reason: ruling.reason, fix: ruling.fix.to_owned() }
        });
        let mut changes: Vec<_> = changes.collect();
        changes.sort_by(|a, b| b.effect.cmp(&a.effect).then_with(|| a.change.cmp(&b.change)));
        let evr = |member: &Member| member.nevra.evr().to_string();
        let to = match step.movement {
            Movement::Replaced => step.new.map(|new| new.nevra.to_string()),
            _ => step.new.map(evr),
        };
        let named =
            |news: &&AdvisoryNews| step.new.is_some_and(|new| news.packages.contains(&new.nevra.to_string()));
        Some(PackageNews {
            name: nevra.name().to_owned(),
            arch: nevra.arch().to_owned(),
            repository: member.repository.clone(),
            movement: step.movement,
            from: step.old.map(evr),
            to,
            level,
            advisories: advisories.iter().filter(named).map(|news| news.id.clone()).collect(),
            changes,
            untold: all.untold,
            changelog: all.changelog,
            more_entries: all.more_entries,
            evidence: all.evidence,
            nevra: Some(nevra.clone()),
            machine: member.machine.clone(),
        })
    }
}

impl Counts {
    fn of(packages: &[PackageNews], advisories: &[AdvisoryNews]) -> Self {
        let mut moved = BTreeMap::<Movement, usize>::new();
        for package in packages {
            *moved.entry(package.movement).or_default() += 1;
        }
        let count = |movement| moved.get(&movement).copied().unwrap_or(0);
        let changes = || packages.iter().flat_map(|package| &package.changes);
        let effect = |effect| changes().filter(|change| change.effect == effect).count();
        let security = advisories.iter().filter(|news| news.is_security()).count();
        Self {
            security_advisories: security,
            other_advisories: advisories.len() - security,
            added: count(Movement::Added),
            removed: count(Movement::Removed),
            replaced: count(Movement::Replaced),
            upgraded: count(Movement::Upgraded),
            downgraded: count(Movement::Downgraded),
            changed: count(Movement::Changed),
            moved: count(Movement::Moved),
            blocked: effect(Effect::Blocked),
            notes: effect(Effect::Note),
        }
    }
}

/// Levels that a definition or a command line declares.
pub(crate) fn levels(declared: &BTreeMap<String, u8>, at: &str, exit: Exit) -> Result<Levels, Fail> {
    Levels::new(declared).map_err(|error| {
        let hint = "1 is stable across major releases, 2 within one, 3 within a stream, 4 promises nothing";
        Fail::new(exit, format!("{at}: {error}")).hint(hint)
    })
}

/// A package of the newer side by its identity.
fn provides_name(package: &Package, name: &str) -> bool {
    package.nevra.name() == name || package.provides.iter().any(|provided| provided.name == name)
}
