//! Archives, compared member by member; times, owners and order mean nothing.

use std::collections::BTreeMap;

use heirloom_formats::archive::{self, ArchiveError, Member};

use crate::check::{Normaliser, normaliser};
use crate::elf::static_library;
use crate::look::{Look, Place};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Ar,
    Zip,
    Cpio,
    Tar,
}

impl Form {
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            _ if bytes.starts_with(b"!<arch>\n") => Some(Self::Ar),
            [b'P', b'K', 3, 4, ..] => Some(Self::Zip),
            _ if bytes.starts_with(b"070701") || bytes.starts_with(b"070702") => Some(Self::Cpio),
            _ if bytes.get(257..262) == Some(b"ustar") => Some(Self::Tar),
            _ => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        self.rule().name
    }

    fn rule(self) -> Normaliser {
        match self {
            Self::Ar => normaliser::AR,
            Self::Zip => normaliser::ZIP,
            Self::Cpio => normaliser::CPIO,
            Self::Tar => normaliser::TAR,
        }
    }

    fn read<'a>(self, bytes: &'a [u8], limit: u64) -> Result<Vec<Member<'a>>, ArchiveError> {
        match self {
            Self::Ar => archive::ar(bytes, limit),
            Self::Zip => archive::zip(bytes, limit),
            Self::Cpio => archive::cpio(bytes, limit),
            Self::Tar => archive::tar(bytes, limit),
        }
    }
}

pub(super) fn compare(
    look: &mut Look,
    place: &Place,
    (reference, rebuilt): (&[u8], &[u8]),
    form: Form,
) -> bool {
    let (Some(reference), Some(rebuilt)) =
        (members(look, place, reference, form, "reference"), members(look, place, rebuilt, form, "rebuild"))
    else {
        return false;
    };
    if reference.is_empty() != rebuilt.is_empty() {
        let side = if reference.is_empty() { "reference" } else { "rebuild" };
        look.unreadable(place, side, format!("the {} has no members, and the other has", form.name()));
        return false;
    }
    look.normalised(form.rule(), place, "");
    if form == Form::Ar {
        static_library::compare(look, place, &reference, &rebuilt);
    }
    let mut same = true;
    let mut rebuilt = by_name(rebuilt);
    for (key, expected) in by_name(reference) {
        let inside = place.member(&key.0);
        if look.is_full(&inside) {
            return false;
        }
        let Some(found) = rebuilt.remove(&key) else {
            look.differs(&inside, ("a member".to_owned(), String::new()));
            same = false;
            continue;
        };
        let facts = (facts(form, &expected), facts(form, &found));
        if facts.0 != facts.1 {
            look.differs(&inside, facts);
            same = false;
        }
        same &= super::compare(look, &inside, &expected.data, &found.data);
    }
    for key in rebuilt.keys() {
        let inside = place.member(&key.0);
        if look.is_full(&inside) {
            return false;
        }
        look.differs(&inside, (String::new(), "a member".to_owned()));
        same = false;
    }
    same
}

fn members<'a>(
    look: &mut Look,
    place: &Place,
    bytes: &'a [u8],
    form: Form,
    side: &str,
) -> Option<Vec<Member<'a>>> {
    let limit = look.open(place)?;
    match form.read(bytes, limit) {
        Ok(members) => {
            look.spend(members.iter().map(|member| member.data.len()).sum());
            Some(members)
        }
        Err(error) => {
            look.unreadable(place, side, error);
            None
        }
    }
}

/// Members by name and, since a name may occur several times, by which occurrence it is.
fn by_name(members: Vec<Member<'_>>) -> BTreeMap<(String, usize), Member<'_>> {
    let mut seen = BTreeMap::<String, usize>::new();
    let mut all = BTreeMap::new();
    for member in members {
        let count = seen.entry(member.name.clone()).or_default();
        all.insert((member.name.clone(), *count), member);
        *count += 1;
    }
    all
}

/// What of a member matters beside its content; a linker reads no modes.
fn facts(form: Form, member: &Member<'_>) -> String {
    let mode = member.mode.filter(|_| form != Form::Ar);
    let mode = mode.map(|mode| format!(", mode {:04o}", mode & 0o7777)).unwrap_or_default();
    format!("{:?}{mode}", member.kind)
}
