//! Scriptlets and triggers.

use super::RpmProblem;
use super::dependency::{self, Relation};
use super::store::Store;

/// When a scriptlet runs; named as in a spec file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "rpm's own words")]
pub enum ScriptKind {
    Pre,
    Post,
    PreUn,
    PostUn,
    PreTrans,
    PostTrans,
    PreUnTrans,
    PostUnTrans,
    VerifyScript,
}

impl ScriptKind {
    /// Tags of body, program and flags.
    const TAGS: [(Self, [u32; 3]); 9] = [
        (Self::Pre, [1023, 1085, 5020]),
        (Self::Post, [1024, 1086, 5021]),
        (Self::PreUn, [1025, 1087, 5022]),
        (Self::PostUn, [1026, 1088, 5023]),
        (Self::PreTrans, [1151, 1153, 5024]),
        (Self::PostTrans, [1152, 1154, 5025]),
        (Self::PreUnTrans, [5103, 5105, 5107]),
        (Self::PostUnTrans, [5104, 5106, 5108]),
        (Self::VerifyScript, [1079, 1091, 5026]),
    ];

    /// The section's name in a spec file, such as `%pre`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pre => "%pre",
            Self::Post => "%post",
            Self::PreUn => "%preun",
            Self::PostUn => "%postun",
            Self::PreTrans => "%pretrans",
            Self::PostTrans => "%posttrans",
            Self::PreUnTrans => "%preuntrans",
            Self::PostUnTrans => "%postuntrans",
            Self::VerifyScript => "%verifyscript",
        }
    }
}

/// A scriptlet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// When it runs.
    pub kind: ScriptKind,
    /// The interpreter and its arguments.
    pub program: Vec<String>,
    /// The script; empty if only the program runs.
    pub text: String,
    /// 1: macros are expanded when it runs, 2: it is a query format, 4: critical.
    pub flags: u32,
}

/// What sets off a trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TriggerKind {
    /// A package (`%triggerin`).
    Package,
    /// A file below a prefix, for each package (`%filetriggerin`).
    File,
    /// A file below a prefix, once at the transaction's end (`%transfiletriggerin`).
    TransactionFile,
}

impl TriggerKind {
    /// Tags of body, program and flags of the scripts; name, flags, version and script's index of the
    /// conditions; priorities.
    const TAGS: [(Self, [u32; 8]); 3] = [
        (Self::Package, [1065, 1092, 5027, 1066, 1068, 1067, 1069, 0]),
        (Self::File, [5066, 5067, 5068, 5069, 5072, 5071, 5070, 5084]),
        (Self::TransactionFile, [5076, 5077, 5078, 5079, 5082, 5081, 5080, 5085]),
    ];
}

/// A trigger: a script and what sets it off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// What sets it off.
    pub kind: TriggerKind,
    /// The interpreter with its arguments.
    pub program: String,
    /// The script.
    pub text: String,
    /// As with scriptlets.
    pub flags: u32,
    /// Order among file triggers.
    pub priority: Option<u32>,
    /// Packages or path prefixes; the flags also say at which moment it runs.
    pub conditions: Vec<Relation>,
}

pub(super) fn scripts(main: &Store) -> Result<Vec<Script>, RpmProblem> {
    let mut scripts = Vec::new();
    for (kind, [text, program, flags]) in ScriptKind::TAGS {
        if main.has(text) || main.has(program) {
            scripts.push(Script {
                kind,
                program: main.texts(program)?,
                text: main.text(text)?.unwrap_or_default(),
                flags: main.number(flags)?.unwrap_or(0),
            });
        }
    }
    Ok(scripts)
}

pub(super) fn triggers(main: &Store) -> Result<Vec<Trigger>, RpmProblem> {
    let mut all = Vec::new();
    for (kind, tags) in TriggerKind::TAGS {
        all.extend(triggers_of(main, kind, tags)?);
    }
    Ok(all)
}

fn triggers_of(main: &Store, kind: TriggerKind, tags: [u32; 8]) -> Result<Vec<Trigger>, RpmProblem> {
    let [text_tag, program_tag, flag_tag, names, senses, versions, index_tag, priority_tag] = tags;
    let texts = main.texts(text_tag)?;
    let programs = main.texts(program_tag)?;
    let flags: Vec<u32> = main.numbers(flag_tag)?;
    let priorities: Vec<u32> = main.numbers(priority_tag)?;
    let mut triggers: Vec<_> = texts
        .into_iter()
        .enumerate()
        .map(|(index, text)| Trigger {
            kind,
            program: programs.get(index).cloned().unwrap_or_default(),
            text,
            flags: flags.get(index).copied().unwrap_or(0),
            priority: priorities.get(index).copied(),
            conditions: Vec::new(),
        })
        .collect();
    let conditions = dependency::list(main, [names, senses, versions])?;
    let indexes: Vec<u32> = main.numbers(index_tag)?;
    if indexes.len() != conditions.len() {
        return Err(RpmProblem::Count { tag: index_tag, expected: conditions.len(), found: indexes.len() });
    }
    let count = triggers.len();
    for (index, condition) in indexes.into_iter().zip(conditions) {
        let found = index as usize;
        let trigger = triggers.get_mut(found).ok_or(RpmProblem::Index { tag: index_tag, found, count })?;
        trigger.conditions.push(condition);
    }
    Ok(triggers)
}
