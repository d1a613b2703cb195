//! Reads ELF files: what they export, import and need, how they were hardened, and their sections as the
//! linker meant them (decompressed, by name).
//!
//! Facts only: it compares nothing and judges nothing, so that every stage can use it. All bytes are
//! untrusted: sizes and offsets are checked, nothing is allocated by what a header claims.
