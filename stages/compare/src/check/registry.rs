//! Every rule, one line each; the weightiest come first, since this is the order of the findings.

use super::Weight::{Allowed, Breaking, Compatible, Expected};
use super::{
    Check, build_flags, build_id_links, changelog, code, conclusion, content, dependencies, file_content,
    file_dependencies, file_facts, file_list, hard_links, other_tags, payload_compressor, release,
    scriptlets, triggers, types,
};
use crate::elf::{hardening, linking, static_library, symbols};
use crate::tag::*;

/// All rules, in the order in which they are applied.
#[must_use]
pub fn checks() -> &'static [Check] {
    CHECKS
}

#[rustfmt::skip]
static CHECKS: &[Check] = &[
    // Identity.
    Check::tags("name", "The package's name is the same.", Breaking, &[NAME]),
    Check::tags("architecture", "The architecture is the same.", Breaking, &[ARCH]),
    release::VERSION_CHECK,
    Check::tags("operating-system", "The operating system is the same.", Breaking, &[OS]),
    release::SOURCE_PACKAGE,
    Check::tags("modularity-label", "The module that it belongs to is the same.", Compatible, &[MODULARITYLABEL]),
    // Dependencies.
    dependencies::PROVIDES,
    dependencies::REQUIRES,
    dependencies::CONFLICTS,
    dependencies::OBSOLETES,
    dependencies::RECOMMENDS,
    dependencies::SUGGESTS,
    dependencies::SUPPLEMENTS,
    dependencies::ENHANCES,
    Check::tags("order", "The hints for the order of installation are the same.", Compatible, &[ORDERNAME, ORDERFLAGS, ORDERVERSION]),
    // What runs at installation.
    scriptlets::SCRIPTLETS,
    triggers::TRIGGERS,
    // Files.
    file_list::FILE_LIST,
    file_list::FILE_TYPE,
    file_facts::MODE,
    file_facts::OWNER,
    file_facts::GROUP,
    file_facts::CAPABILITIES,
    file_facts::LINK_TARGET,
    file_facts::DEVICE,
    file_facts::FLAGS,
    file_facts::VERIFY,
    file_facts::COLOR,
    file_facts::LANGUAGE,
    hard_links::HARD_LINKS,
    // Contents.
    content::UNREADABLE,
    content::DEVELOPMENT_FILES,
    content::CONFIG_DEFAULTS,
    content::KERNEL_SYMBOLS,
    content::CHECKSUM,
    file_content::FILE_CONTENT,
    // What users of a library see.
    linking::MACHINE,
    linking::INTERPRETER,
    linking::SONAME,
    linking::NEEDED,
    linking::RUN_PATH,
    linking::VERSION_DEFINITIONS,
    linking::VERSION_FLOOR,
    linking::IMPORTS,
    linking::SYMBOLIC,
    linking::PROCESSOR,
    symbols::EXPORTS,
    symbols::OBJECT_SIZE,
    static_library::STATIC_SYMBOLS,
    types::TYPES,
    types::TYPES_UNKNOWN,
    // Hardening.
    hardening::STACK_PROTECTOR,
    hardening::FORTIFY,
    hardening::RELRO,
    hardening::BIND_NOW,
    hardening::PIE,
    hardening::STACK,
    hardening::BRANCHES,
    hardening::ANNOBIN,
    // Code itself.
    code::CODE,
    code::DATA,
    code::DEBUG_DATA,
    // Judgement: what differs and harms nobody.
    symbols::STD_INSTANTIATIONS,
    symbols::CRT_SYMBOLS,
    symbols::ADA_INTERNALS,
    symbols::PROGRAM_EXPORTS,
    Check::tags("relocation", "The prefixes that may be relocated are the same.", Compatible, &[PREFIXES]),
    Check::tags("payload-format", "The payload's archive format is the same.", Compatible, &[PAYLOADFORMAT]),
    // For people to read.
    Check::tags("summary", "The summary is the same, in the same languages.", Compatible, &[SUMMARY, HEADERI18NTABLE]),
    Check::tags("description", "The description is the same.", Compatible, &[DESCRIPTION]),
    Check::tags("license", "The licence is the same.", Compatible, &[LICENSE]),
    Check::tags("group", "The group is the same.", Compatible, &[GROUP]),
    Check::tags("url", "The home page is the same.", Compatible, &[URL]),
    Check::tags("encoding", "The encoding of texts is the same.", Compatible, &[ENCODING]),
    Check::tags("vcs", "The named source repository is the same.", Compatible, &[VCS]),
    changelog::CHANGELOG,
    // Anything that no other rule looks at.
    build_flags::OPTFLAGS,
    build_flags::PLATFORM,
    other_tags::OTHER_TAGS,
    // Reported, and allowed.
    Check::tags("rpm-version", "The rpm that packaged it; another version is allowed.", Allowed, &[RPMVERSION]),
    Check::tags("bug-url", "Where to report bugs; the rebuilder's own is allowed.", Allowed, &[BUGURL]),
    payload_compressor::PAYLOAD_COMPRESSOR,
    file_dependencies::FILE_DEPENDENCIES,
    // Always there.
    Check::tags("build-host", "The machine that it was built on always differs.", Expected, &[BUILDHOST]),
    Check::tags("build-time", "The time of the build always differs.", Expected, &[BUILDTIME, COOKIE]),
    Check::tags("vendor", "The vendor always differs.", Expected, &[VENDOR]),
    Check::tags("packager", "The packager always differs.", Expected, &[PACKAGER]),
    Check::tags("distribution", "The distribution's name always differs.", Expected, &[DISTRIBUTION, DISTURL, DISTTAG]),
    Check::tags("mtimes", "Files that the build made carry the build's time.", Expected, &[FILEMTIMES]),
    Check::tags("file-signatures", "IMA signatures of files need the vendor's key.", Expected, &[FILESIGNATURES, FILESIGNATURELENGTH]),
    Check::tags("payload-digest", "The payload's digests and sizes differ as soon as a file's time does.", Expected, &[PAYLOADDIGEST, PAYLOADDIGESTALGO, PAYLOADDIGESTALT, PAYLOADSIZE, PAYLOADSIZEALT, PAYLOADSHA512, PAYLOADSHA512ALT, PAYLOADSHA3_256, PAYLOADSHA3_256ALT, ARCHIVESIZE, LONGARCHIVESIZE]),
    Check::tags("source-digest", "The digest of the source package, which carries its own build time.", Expected, &[SOURCEPKGID]),
    Check::tags("file-class", "What file(1) says of the files, build-ids included.", Expected, &[FILECLASS, CLASSDICT, FILEMIMEINDEX, MIMEDICT]),
    Check::tags("installed-size", "The sum of the files' sizes, each of which is compared on its own.", Expected, &[SIZE, LONGSIZE]),
    build_id_links::BUILD_ID_LINKS,
    // What follows from all the others.
    conclusion::BYTES,
];
