//! What programs can link to in a static library: the strong global symbols of all of its members together.

use std::collections::BTreeSet;

use heirloom_elf::{Binding, Elf};
use heirloom_formats::archive::Member;

use super::symbols::is_nobodys;
use crate::check::Check;
use crate::check::Weight::Breaking;
use crate::look::{Look, Place};

pub(crate) const STATIC_SYMBOLS: Check = Check::tags(
    "static-symbols",
    "Every strong global symbol that a static library defines is still defined, in whichever member.",
    Breaking,
    &[],
)
.content();

/// Compares what two static libraries define. Members that are no object files define nothing, and those that can't be
/// read are told when they are compared themselves.
pub(crate) fn compare(look: &mut Look, place: &Place, reference: &[Member<'_>], rebuilt: &[Member<'_>]) {
    let found = defined(rebuilt, |binding| matches!(binding, Binding::Global | Binding::Weak));
    for symbol in defined(reference, |binding| binding == Binding::Global).difference(&found) {
        let subject = format!("{}: {symbol}", place.shown);
        look.findings.push(STATIC_SYMBOLS.differs(&subject, ("defined".to_owned(), String::new())));
    }
}

fn defined<'a>(members: &'a [Member<'_>], counts: fn(Binding) -> bool) -> BTreeSet<&'a str> {
    let mut all = BTreeSet::new();
    for elf in members.iter().filter_map(|member| Elf::parse(&member.data).ok()) {
        let symbols = elf.symbols().unwrap_or_default().into_iter();
        let defined =
            symbols.filter(|symbol| symbol.is_defined && counts(symbol.binding) && !is_nobodys(symbol));
        all.extend(defined.map(|symbol| symbol.name));
    }
    all
}
