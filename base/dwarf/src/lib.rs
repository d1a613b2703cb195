//! Reads debugging data (DWARF 2 to 5, supplementary files of dwz included) and answers two questions
//! about a pair of files: are the types that can be reached from these exported symbols laid out alike,
//! and is the debugging data the same but for producer and compilation directory?
//!
//! It gives differences as data and weighs none of them. All bytes are untrusted: cycles, depths and sizes
//! are bounded, and what can't be read is an error, never a silent gap.
