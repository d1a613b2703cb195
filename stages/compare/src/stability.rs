//! Whether what an update changes may reach machines whose owners expect that no update breaks them.
//!
//! Pure and table-driven: a [`Rule`] for each kind of change says what it means at each [`Level`] of promise.
//! `stability/rules.rs` is the table, `stability/levels.rs` has the levels of well-known packages.

mod levels;
mod rules;

use heirloom_model::change::ChangeKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use levels::{DEFAULT_LEVELS, Levels};
pub use rules::rules;

/// What is promised of a package's interfaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(into = "u8", try_from = "u8")]
#[schemars(with = "u8")]
pub enum Level {
    /// 1: stable across major releases, and never broken within one.
    AcrossMajors,
    /// 2: never broken within a major release.
    Major,
    /// 3: not broken within the life of its stream.
    Stream,
    /// 4: nothing is promised.
    Nothing,
}

/// What becomes of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// It breaks nobody.
    Fine,
    /// It is told.
    Note,
    /// It keeps the update out, unless it is waived.
    Blocked,
}

/// How far apart two versions are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// In one major release, and of one stream.
    Release,
    /// In one major release; the package is of another stream of its module.
    Streams,
    /// In two major releases.
    Majors,
}

/// What one kind of change means.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The kind; the rule has its name.
    pub kind: ChangeKind,
    /// Which promise it is about, as compatibility guides divide them.
    pub class: &'static str,
    /// What happened, as the end of a sentence.
    pub says: &'static str,
    /// What becomes of it at the levels 1 to 4.
    pub at: [Effect; 4],
    /// What would mend it.
    pub fix: &'static str,
}

/// What becomes of a change, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// What becomes of it.
    pub effect: Effect,
    /// Why, in a sentence.
    pub reason: String,
    /// What would mend it.
    pub fix: &'static str,
}

/// Judges a change of a package of this name and level.
#[must_use]
pub fn judge(kind: ChangeKind, package: &str, level: Level, span: Span) -> Ruling {
    let rule = rules::of(kind);
    let strict = rule.at[usize::from(u8::from(level)) - 1];
    let softened = |why: &str| (strict.min(Effect::Note), why.to_owned());
    let (effect, why) = match span {
        Span::Majors => softened("between major releases it is told only"),
        Span::Streams if level == Level::Stream => softened("it is another stream of its module"),
        _ if levels::is_kernel(package) && !rules::concerns_kernels(kind) => {
            softened("of the kernel, the stable list of symbols and its modules are promised alone")
        }
        _ => (strict, promise(level, strict).to_owned()),
    };
    Ruling { effect, reason: format!("{}: {why}", rule.says), fix: rule.fix }
}

fn promise(level: Level, effect: Effect) -> &'static str {
    match (effect, level) {
        (Effect::Fine, _) => "it breaks nobody",
        (Effect::Note, Level::Nothing) => "level 4 promises nothing",
        (Effect::Note, _) => "it is told only",
        (Effect::Blocked, Level::AcrossMajors) => {
            "level 1 is stable across major releases, and never breaks within one"
        }
        (Effect::Blocked, Level::Major) => "level 2 never breaks within a major release",
        (Effect::Blocked, Level::Stream) => "level 3 does not break within the life of its stream",
        (Effect::Blocked, Level::Nothing) => "no level lets that pass unseen",
    }
}

impl From<Level> for u8 {
    fn from(level: Level) -> Self {
        match level {
            Level::AcrossMajors => 1,
            Level::Major => 2,
            Level::Stream => 3,
            Level::Nothing => 4,
        }
    }
}

impl TryFrom<u8> for Level {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        Ok(match number {
            1 => Self::AcrossMajors,
            2 => Self::Major,
            3 => Self::Stream,
            4 => Self::Nothing,
            other => return Err(format!("{other} is no compatibility level: they are 1 to 4")),
        })
    }
}

impl Effect {
    /// Its name: `fine`, `note` or `blocked`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Note => "note",
            Self::Blocked => "blocked",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ChangeKind::*;

    const LEVELS: [Level; 4] = [Level::AcrossMajors, Level::Major, Level::Stream, Level::Nothing];

    #[test]
    fn every_kind_has_one_rule_and_every_rule_a_kind_of_its_own() {
        let kinds: Vec<_> = rules().iter().map(|rule| rule.kind).collect();
        assert_eq!(kinds, ChangeKind::ALL);
    }

    #[test]
    fn no_level_is_stricter_than_the_one_before() {
        for rule in rules() {
            assert!(rule.at.is_sorted_by(|a, b| a >= b), "{}", rule.kind);
            assert!(rule.at[0] != Effect::Blocked || !rule.fix.is_empty(), "{}", rule.kind);
        }
    }

    #[test]
    fn between_major_releases_nothing_is_blocked() {
        for rule in rules() {
            for level in LEVELS {
                let ruling = judge(rule.kind, "p", level, Span::Majors);
                assert_ne!(ruling.effect, Effect::Blocked, "{}", rule.kind);
            }
        }
    }

    #[test]
    fn what_is_promised_decides() {
        let effect = |kind, package, level, span| judge(kind, package, level, span).effect;
        for (kind, package, level, span, expected) in [
            (RemovedSymbol, "glibc", Level::AcrossMajors, Span::Release, Effect::Blocked),
            (RemovedSymbol, "zlib", Level::Major, Span::Release, Effect::Blocked),
            (RemovedSymbol, "nodejs", Level::Stream, Span::Release, Effect::Blocked),
            (RemovedSymbol, "nodejs", Level::Stream, Span::Streams, Effect::Note),
            (RemovedSymbol, "zlib", Level::Major, Span::Streams, Effect::Blocked),
            (RemovedSymbol, "avahi", Level::Nothing, Span::Release, Effect::Note),
            (NewSetuid, "avahi", Level::Nothing, Span::Release, Effect::Blocked),
            (RemovedDocumentation, "zlib", Level::Major, Span::Release, Effect::Note),
            (NewFile, "zlib", Level::AcrossMajors, Span::Release, Effect::Fine),
            (RemovedFile, "kernel-core", Level::Major, Span::Release, Effect::Note),
            (KernelSymbol, "kernel-core", Level::Major, Span::Release, Effect::Blocked),
            (RemovedModule, "kernel-modules", Level::Major, Span::Release, Effect::Blocked),
            (RemovedFile, "kernel-headers", Level::Major, Span::Release, Effect::Blocked),
        ] {
            assert_eq!(effect(kind, package, level, span), expected, "{kind} of {package}");
        }
        let reason = judge(RemovedProgram, "zlib", Level::Major, Span::Release).reason;
        assert_eq!(reason, "a program is gone: level 2 never breaks within a major release");
    }
}
