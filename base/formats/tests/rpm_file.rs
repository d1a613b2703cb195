//! Headers against rpm's own queries, and damaged files.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use heirloom_formats::rpm_file::{
    DependencyKind, Header, ScriptKind, TriggerKind, Value, check_complete, verify_digests,
};
use heirloom_model::Digest;
use support::{repository, run};

/// What rpm prints for a package in a query format.
fn query(path: &Path, format: &str) -> String {
    run(Command::new("rpm").args(["-qp", "--nosignature", "--qf", format]).arg(path))
}

/// All RPMs below a directory, sorted by path.
fn rpms(directory: &Path) -> Vec<PathBuf> {
    let listed = run(Command::new("find").arg(directory).args(["-name", "*.rpm"]));
    let mut paths: Vec<_> = listed.lines().map(PathBuf::from).collect();
    paths.sort();
    assert_eq!(paths.len(), 8);
    paths
}

/// Fixtures whose header is UTF-8; rpm recodes the others for the terminal.
fn utf8_rpms() -> Vec<PathBuf> {
    let is_latin = |path: &PathBuf| path.to_string_lossy().contains("latin");
    rpms(repository()).into_iter().filter(|path| !is_latin(path)).collect()
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "(none)" } else { text }
}

#[test]
fn single_values_are_rpm_s() {
    for path in utf8_rpms() {
        let Header { nevra, info, .. } = Header::open(&path).unwrap();
        for (tag, ours) in [
            ("NAME", nevra.name()),
            ("VERSION", nevra.evr().version()),
            ("RELEASE", nevra.evr().release()),
            ("EPOCHNUM", &nevra.evr().epoch().to_string()),
            ("SUMMARY", &info.summary),
            ("DESCRIPTION", &info.description),
            ("LICENSE", &info.license),
            ("GROUP", &info.group),
            ("URL", &info.url),
            ("BUGURL", &info.bug_url),
            ("VCS", &info.vcs),
            ("VENDOR", &info.vendor),
            ("PACKAGER", &info.packager),
            ("DISTRIBUTION", &info.distribution),
            ("BUILDHOST", &info.build_host),
            ("BUILDTIME", &info.build_time.to_string()),
            ("RPMVERSION", &info.rpm_version),
            ("PLATFORM", &info.platform),
            ("OPTFLAGS", &info.optflags),
            ("COOKIE", &info.cookie),
            ("SOURCERPM", &info.source_rpm),
            ("PAYLOADFORMAT", &info.payload_format),
            ("PAYLOADCOMPRESSOR", &info.payload_compressor),
            ("PAYLOADFLAGS", &info.payload_flags),
            ("PAYLOADDIGEST", &info.payload_digest),
            ("LONGSIZE", &info.installed_size.to_string()),
            ("LONGARCHIVESIZE", &info.archive_size.to_string()),
            ("FILEDIGESTALGO", &info.file_digest_algorithm.to_string()),
        ] {
            let theirs = query(&path, &format!("%{{{tag}}}"));
            let absent = tag == "FILEDIGESTALGO" && theirs == "(none)";
            assert!(absent || or_none(ours) == theirs, "{} {tag}: {ours} {theirs}", path.display());
        }
    }
}

#[test]
fn files_are_rpm_s() {
    let format = "[%{FILENAMES}|%{FILEMODES}|%{LONGFILESIZES}|%{FILEMTIMES}|%{FILEUSERNAME}|%{FILEGROUPNAME}|\
                  %{FILEFLAGS}|%{FILEDIGESTS}|%{FILELINKTOS}|%{FILERDEVS}|%{FILEVERIFYFLAGS}|%{FILECOLORS}|\
                  %{FILELANGS}|%{FILECLASS}|%{FILEDEVICES}|%{FILEINODES}\\n]";
    for path in utf8_rpms() {
        let header = Header::open(&path).unwrap();
        let mut ours = String::new();
        for file in &header.files {
            writeln!(
                ours,
                "{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}",
                file.path,
                file.mode,
                file.size,
                file.mtime,
                file.user,
                file.group,
                file.flags,
                file.digest,
                file.link_target,
                file.rdev,
                file.verify,
                file.color,
                file.language,
                // rpm's own words for a link are not in the header.
                if file.is_symlink() {
                    format!("symbolic link to `{}'", file.link_target)
                } else {
                    file.class.clone()
                },
                file.device,
                file.inode
            )
            .unwrap();
        }
        let theirs = if header.files.is_empty() { String::new() } else { query(&path, format) };
        // Source packages have no colours.
        assert_eq!(ours, theirs.replace("|(none)|", "|0|"), "{}", path.display());
    }
    let rich = utf8_rpms().into_iter().find(|path| path.to_string_lossy().ends_with("x86_64.rpm")).unwrap();
    let header = Header::open(&rich).unwrap();
    let find = |path: &str| header.files.iter().find(|file| file.path == path).unwrap();
    assert_eq!(find("/usr/bin/own-tool").capabilities, query(&rich, "[%{FILECAPS}]"));
    assert!(find("/var/log/rich.log").is_ghost() && find("/etc/rich.d").is_dir());
    assert!(find("/usr/lib/sendmail").is_symlink() && find("/etc/rich.conf").is_regular());
    assert_eq!(find("/usr/bin/own-tool").inode, find("/usr/bin/own-link").inode, "hard links");
}

#[test]
fn dependencies_are_rpm_s() {
    for path in utf8_rpms() {
        let header = Header::open(&path).unwrap();
        for kind in DependencyKind::ALL {
            let tag = kind.name().to_uppercase();
            let tag = tag.trim_end_matches('S');
            let format = format!("[%{{{tag}NAME}}|%{{{tag}FLAGS}}|%{{{tag}VERSION}}\\n]");
            let line = |relation: &heirloom_formats::rpm_file::Relation| {
                format!("{}|{}|{}\n", relation.name, relation.flags, relation.version)
            };
            let ours: String = header.relations(kind).iter().map(line).collect();
            let theirs = query(&path, &format);
            assert_eq!(ours, if theirs == "(none)|(none)|(none)\n" { "" } else { &theirs }, "{tag}");

            let plain = format!(
                "[%{{{}}}\\n]",
                tag.replace("PROVIDE", "PROVIDENEVRS") + if tag == "PROVIDE" { "" } else { "NEVRS" }
            );
            let ours: String =
                header.relations(kind).iter().map(|r| format!("{}\n", r.dependency())).collect();
            let theirs = query(&path, &plain).replace(" 0:", " ");
            assert_eq!(ours, if theirs == "(none)\n" { "" } else { &theirs }, "{plain}");
        }
    }
}

#[test]
fn scripts_and_triggers_are_rpm_s() {
    for path in utf8_rpms() {
        let header = Header::open(&path).unwrap();
        for (kind, tag) in [
            (ScriptKind::Pre, "PREIN"),
            (ScriptKind::Post, "POSTIN"),
            (ScriptKind::PreUn, "PREUN"),
            (ScriptKind::PostUn, "POSTUN"),
            (ScriptKind::PreTrans, "PRETRANS"),
            (ScriptKind::PostTrans, "POSTTRANS"),
            (ScriptKind::VerifyScript, "VERIFYSCRIPT"),
        ] {
            let theirs = query(&path, &format!("%{{{tag}}}|[%{{{tag}PROG}} ]"));
            let script = header.scripts.iter().find(|script| script.kind == kind);
            let ours = script.map_or("(none)|".to_owned(), |script| {
                format!("{}|{} ", or_none(&script.text), script.program.join(" "))
            });
            assert_eq!(ours, theirs, "{} {tag}", path.display());
        }
        for (kind, tag) in [
            (TriggerKind::Package, "TRIGGER"),
            (TriggerKind::File, "FILETRIGGER"),
            (TriggerKind::TransactionFile, "TRANSFILETRIGGER"),
        ] {
            let (mut ours, mut conditions) = (String::new(), Vec::new());
            let triggers = header.triggers.iter().filter(|trigger| trigger.kind == kind);
            for (index, trigger) in triggers.enumerate() {
                writeln!(ours, "{}|{}", trigger.text, trigger.program).unwrap();
                conditions.extend(
                    trigger
                        .conditions
                        .iter()
                        .map(|c| format!("{index}|{}|{}|{}", c.name, c.flags, c.version)),
                );
            }
            let theirs = query(&path, &format!("[%{{{tag}SCRIPTS}}|%{{{tag}SCRIPTPROG}}\\n]"));
            assert_eq!(ours, theirs.replace("(none)|(none)\n", ""), "{tag}");
            let format = format!("[%{{{tag}INDEX}}|%{{{tag}NAME}}|%{{{tag}FLAGS}}|%{{{tag}VERSION}}\\n]");
            let theirs = query(&path, &format).replace("(none)|(none)|(none)|(none)\n", "");
            let mut theirs: Vec<_> = theirs.lines().collect();
            theirs.sort_unstable();
            conditions.sort();
            assert_eq!(conditions, theirs, "{tag}");
        }
    }
}

#[test]
fn every_tag_is_there_and_text_is_not_lost() {
    let rpms = rpms(repository());
    let latin = rpms.iter().find(|path| path.to_string_lossy().ends_with("latin-1-1.noarch.rpm")).unwrap();
    let header = Header::open(latin).unwrap();
    assert_eq!(header.info.summary, "Français");
    assert_eq!(header.changelog[0].text, "- résumé");
    assert!(header.raw(1004).unwrap().starts_with(b"Fran\xe7ais\0"));
    assert_eq!(header.value(1004), Some(Value::Texts(vec!["Français".to_owned()])));
    assert!(header.tags().any(|tag| tag == 1004) && !header.is_signed() && !header.is_source);
    assert!(header.value(1).is_none() && matches!(header.value(1009), Some(Value::Numbers(_))));
}

#[test]
fn whole_files_verify_and_damaged_ones_do_not() {
    let scratch = tempfile::tempdir().unwrap();
    for path in rpms(repository()) {
        check_complete(&path).unwrap();
        let header = verify_digests(&path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let damaged = |bytes: &[u8]| {
            let copy = scratch.path().join("copy.rpm");
            std::fs::write(&copy, bytes).unwrap();
            verify_digests(&copy).unwrap_err().to_string()
        };
        let flipped = |place: u64| {
            let mut bytes = bytes.clone();
            bytes[usize::try_from(place).unwrap()] ^= 1;
            damaged(&bytes)
        };
        let size = bytes.len();
        assert!(damaged(&bytes[..size - 1]).contains(&format!("should have {size} bytes")));
        assert!(damaged(&bytes[..200]).contains("is cut short: its signature should have"));
        assert!(damaged(&[]).contains("is not an RPM file"));
        assert!(flipped(header.range.end - 20).contains("its header was changed"));
        assert!(flipped(size as u64 - 1).contains("its payload was changed"));
        let package = header.package(Digest::of(&bytes), size as u64, "");
        assert_eq!(package.nevra.file_name(), path.file_name().unwrap().to_str().unwrap());
    }
}

#[test]
fn damage_anywhere_in_the_header_never_panics() {
    let path = &rpms(repository())[0];
    let bytes = std::fs::read(path).unwrap();
    let end = usize::try_from(Header::open(path).unwrap().range.end).unwrap();
    for place in (0..end).step_by(3) {
        for value in [0, 0x7f, 0xff] {
            let mut damaged = bytes[..end].to_vec();
            damaged[place] = value;
            let _ = Header::read("damaged", &damaged[..]);
        }
        assert!(Header::read("cut", &bytes[..place]).is_err());
    }
}
