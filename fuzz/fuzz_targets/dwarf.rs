#![no_main]
//! Debugging data: one file against itself, or against the other half of the bytes. The last two bytes say
//! where the halves meet; halves of which one is no ELF file are one file.

use heirloom_dwarf::{Debug, Export, compare_types, same_debug};
use heirloom_elf::{Elf, Symbol};

#[path = "support/halves.rs"]
mod halves;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((left, right)) = halves::of(bytes) else { return };
    let (left, right) = if heirloom_elf::is_elf(right) { (left, right) } else { (bytes, bytes) };
    let (Ok(reference), Ok(rebuilt)) = (Debug::parse(left, None), Debug::parse(right, Some(left))) else {
        return;
    };
    let symbols = symbols(left);
    let others = symbols_by_name(right);
    let exports: Vec<_> = symbols
        .iter()
        .map(|symbol| Export {
            name: symbol.name,
            reference: symbol.address,
            rebuilt: others.get(symbol.name).copied().unwrap_or(symbol.address),
        })
        .collect();
    let _ = reference.is_empty();
    let _ = compare_types(&reference, &rebuilt, &exports);
    let _ = same_debug(&reference, &rebuilt);
    if let Ok(rebuilt) = Debug::parse(right, None) {
        let _ = compare_types(&reference, &rebuilt, &exports);
        let _ = same_debug(&reference, &rebuilt);
    }
});

/// What a file defines, exported or not: object files export nothing.
fn symbols(bytes: &[u8]) -> Vec<Symbol<'_>> {
    let Ok(elf) = Elf::parse(bytes) else { return Vec::new() };
    let mut all = elf.symbols().unwrap_or_default();
    all.extend(elf.exports().unwrap_or_default());
    all
}

fn symbols_by_name(bytes: &[u8]) -> std::collections::HashMap<&str, u64> {
    symbols(bytes).into_iter().map(|symbol| (symbol.name, symbol.address)).collect()
}
