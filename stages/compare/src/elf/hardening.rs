//! Hardening: what protects a program against its own faults. A rebuild that loses any is not the same.

use heirloom_elf::Hardening;
use heirloom_model::Finding;

use super::{ElfPair, Facts};
use crate::check::Check;
use crate::check::Weight::Compatible;

pub(crate) const STACK_PROTECTOR: Check = Check::tags(
    "hardening-stack-protector",
    "A file whose functions check their stack frames still does, and in about as many places.",
    Compatible,
    &[],
)
.elf(|check, pair| {
    let (expected, found) = (&pair.reference.hardening, &pair.rebuilt.hardening);
    let lost = lost(check, pair, |hardening| hardening.stack_protector, "functions check their stack frames");
    // Compilers that inline otherwise check in a few more places or fewer.
    const FEW: usize = 8;
    if lost.is_empty() && found.guard_reads + FEW < expected.guard_reads / 4 * 3 {
        let show =
            |hardening: &Hardening| format!("the stack's guard is read in {} places", hardening.guard_reads);
        return vec![differs(check, pair, (show(expected), show(found)))];
    }
    lost
});

pub(crate) const FORTIFY: Check = Check::tags(
    "hardening-fortify",
    "Functions of the C library that were called with checked bounds still are.",
    Compatible,
    &[],
)
.elf(fortify);

pub(crate) const RELRO: Check = Check::tags(
    "hardening-relro",
    "Relocated data that was made read-only still is (RELRO).",
    Compatible,
    &[],
)
.elf(|check, pair| {
    let level = |facts: &Facts<'_>| facts.hardening.relro;
    let (expected, found) = (level(&pair.reference), level(&pair.rebuilt));
    if found >= expected {
        Vec::new()
    } else {
        vec![differs(check, pair, (format!("{expected}"), format!("{found}")))]
    }
});

pub(crate) const BIND_NOW: Check =
    Check::tags("hardening-bind-now", "Symbols that were bound at start still are.", Compatible, &[])
        .elf(|check, pair| lost(check, pair, |hardening| hardening.bind_now, "bound at start"));

pub(crate) const PIE: Check =
    Check::tags("hardening-pie", "A program that could be loaded anywhere still can (PIE).", Compatible, &[])
        .elf(|check, pair| lost(check, pair, |hardening| hardening.pie, "position-independent"));

pub(crate) const STACK: Check =
    Check::tags("hardening-stack", "A stack that was not executable still is not.", Compatible, &[]).elf(
        |check, pair| lost(check, pair, |hardening| !hardening.executable_stack, "no code on the stack"),
    );

pub(crate) const BRANCHES: Check = Check::tags(
    "hardening-branches",
    "Branches that were protected still are (CET on x86, BTI and PAC on Arm).",
    Compatible,
    &[],
)
.elf(|check, pair| {
    let (expected, found) = (&pair.reference.hardening.branches, &pair.rebuilt.hardening.branches);
    let lost: Vec<_> = expected.difference(found).map(ToString::to_string).collect();
    if lost.is_empty() { Vec::new() } else { vec![differs(check, pair, (lost.join(", "), String::new()))] }
});

pub(crate) const ANNOBIN: Check = Check::tags(
    "hardening-annobin",
    "Protections that annobin recorded are still there, where both files have its notes.",
    Compatible,
    &[],
)
.elf(|check, pair| {
    let (expected, found) = (&pair.reference.hardening.annobin, &pair.rebuilt.hardening.annobin);
    if found.is_empty() || expected.is_empty() {
        return Vec::new();
    }
    let lost: Vec<_> = expected.difference(found).cloned().collect();
    let got: Vec<_> = found.difference(expected).cloned().collect();
    if lost.is_empty() {
        return Vec::new();
    }
    vec![differs(check, pair, (lost.join(", "), got.join(", ")))]
});

fn differs(check: &Check, pair: &ElfPair<'_>, values: (String, String)) -> Finding {
    check.differs(pair.path, values)
}

fn lost(check: &Check, pair: &ElfPair<'_>, has: fn(&Hardening) -> bool, what: &str) -> Vec<Finding> {
    match has(&pair.reference.hardening) && !has(&pair.rebuilt.hardening) {
        true => vec![differs(check, pair, (what.to_owned(), String::new()))],
        false => Vec::new(),
    }
}

/// Calls that are checked in the reference, and in the rebuild only without the check.
fn fortify(check: &Check, pair: &ElfPair<'_>) -> Vec<Finding> {
    let (expected, found) = (&pair.reference.hardening, &pair.rebuilt.hardening);
    let lost = expected.fortified.iter().filter(|checked| !found.fortified.contains(*checked));
    // A call that is gone altogether has lost no check.
    let plain = |checked: &str| checked.trim_start_matches("__").trim_end_matches("_chk").to_owned();
    let lost: Vec<_> = lost.filter(|checked| found.called.contains(&plain(checked))).cloned().collect();
    match lost.is_empty() {
        true => Vec::new(),
        false => vec![differs(check, pair, (lost.join(", "), String::new()))],
    }
}
