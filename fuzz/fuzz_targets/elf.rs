#![no_main]
//! ELF files: everything that the reader offers.

use heirloom_elf::Elf;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = heirloom_elf::module_signature(bytes);
    let Ok(elf) = Elf::parse(bytes) else { return };
    let _ = (elf.header().to_string(), elf.segments(), elf.dynamic(), elf.interpreter());
    let _ = (elf.soname(), elf.needed(), elf.runpath(), elf.rpath(), elf.is_executable_program());
    let _ = (elf.exports(), elf.imports(), elf.symbols());
    let _ = (elf.version_definitions(), elf.version_needs(), elf.hardening());
    let _ = (elf.build_id(), elf.go_build_id(), elf.debugaltlink());
    if let Ok(notes) = elf.notes() {
        let _ = notes.iter().map(|note| note.data.len()).sum::<usize>();
    }
    for section in elf.sections().unwrap_or_default().iter().take(8) {
        let _ = elf.function_at(section.address);
    }
});
