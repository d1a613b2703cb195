//! What is taken away before contents are compared, because it means nothing: one line for each rule.

/// A normalisation: what it takes away. Each application is recorded in the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Normaliser {
    /// The rule's name, as the result carries it.
    pub name: &'static str,
    /// One sentence: what it takes away, and why it means nothing.
    pub doc: &'static str,
}

/// All normalisations.
#[must_use]
pub fn normalisers() -> &'static [Normaliser] {
    ALL
}

macro_rules! normalisers {
    ($($constant:ident $name:literal $doc:literal)*) => {
        $(pub(crate) const $constant: Normaliser = Normaliser { name: $name, doc: $doc };)*
        static ALL: &[Normaliser] = &[$($constant),*];
    };
}

normalisers! {
    DIST_MAP "dist-map" "Dist tags that the declared map makes equal."
    BUILD_ID "build-id" "The build-id of an ELF file, a digest of its other bytes and of paths."
    DEBUG_LINK "debug-link" "The name and checksum of the separate debugging data."
    ANNOBIN "annobin" "Notes of the annobin plugin; what they say of hardening is compared by its own rules."
    PACKAGE_NOTE "package-note" "The note that names package and vendor in an ELF file."
    GO_BUILD_ID "go-build-id" "The Go tool chain's build identity, in its note and in the code's first bytes."
    COMPILER_COMMENT "compiler-comment" "The compiler's name and version in .comment."
    SECTION_NAMES "section-names" "The table of section names, and sections' places in the file."
    MINI_DEBUG_INFO "mini-debug-info" "Compressed symbols for backtraces, compared by symbol."
    SYMBOL_TABLE "symbol-table" "The order of static symbols, and those that annobin adds."
    COMPRESSED_SECTIONS "compressed-sections" "The compression of sections of debugging data."
    DEBUG_INFO "debug-info" "Producer and compilation directory in debugging data."
    RELOCATIONS "relocations" "Relocations of an object file, compared by the symbols that they name."
    GZIP "gzip" "The compression of a file, and what a gzip header says of its origin."
    XZ "xz" "The xz compression of a file."
    ZSTD "zstd" "The zstd compression of a file."
    BZIP2 "bzip2" "The bzip2 compression of a file."
    AR "ar" "Times, owners and order of a static library's members, and its index."
    ZIP "zip" "Times, order and compression of the members of a zip or jar file."
    CPIO "cpio" "Times, owners, inodes and order of a cpio archive's members."
    TAR "tar" "Times, owners and order of a tar archive's members."
    PYC_TIME "pyc-time" "The time and size of the source in the header of Python bytecode."
    PYC_CODE "pyc-code" "Reference flags and the order of sets in Python bytecode, whose code objects are equal."
    MAN_DATE "man-date" "The date on a manual page, and the generator's line about itself."
    ELC_ORIGIN "elc-origin" "The lines of compiled Emacs Lisp that say who compiled it, where and when."
    JAVADOC_DATE "javadoc-date" "The date of generation in javadoc's pages."
    PNG_DATE "png-date" "The time and the text chunks of a PNG picture that carry dates."
    PDF_DATE "pdf-date" "Dates and identity of a PDF document."
    CHECKSUM "checksum" "A checksum for FIPS 140 that is right for the file that it protects."
    SIGNATURE "signature" "The signature of a kernel module."
    AUTHENTICODE "authenticode" "The signature of a UEFI program, whose Authenticode digest is equal."
}
