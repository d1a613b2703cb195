use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;

use super::*;

/// Every spec file of the repository.
fn specs() -> Vec<(PathBuf, Vec<u8>)> {
    let world = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../world");
    let mut found = Vec::new();
    for dir in ["sources", "bootstrap"] {
        for package in std::fs::read_dir(world.join(dir)).unwrap() {
            for file in std::fs::read_dir(package.unwrap().path()).unwrap() {
                let path = file.unwrap().path();
                if path.extension().is_some_and(|extension| extension == "spec") {
                    found.push((path.clone(), std::fs::read(path).unwrap()));
                }
            }
        }
    }
    found.sort();
    assert!(found.len() > 30, "{}", found.len());
    found
}

/// A spec file in other encodings and with other line ends.
fn variants(bytes: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let latin = text.replace("Mon Jan", "\u{0}Mon Jan").replace("%description\n", "# \u{0}\n%description\n");
    let latin: Vec<u8> = latin.bytes().map(|byte| if byte == 0 { 0xe9 } else { byte }).collect();
    vec![
        bytes.to_vec(),
        text.replace('\n', "\r\n").into_bytes(),
        text.trim_end().as_bytes().to_vec(),
        latin,
        text.replace("\n\n", "\r\n\n").into_bytes(),
    ]
}

type Edit = (&'static str, fn(&Spec<'_>) -> Result<Vec<Splice>, SpecError>);

/// Edits that every spec file allows. Done again, those up to `AGAIN` change nothing.
const EDITS: &[Edit] = &[
    ("set_tag", |spec| spec.set_tag("Summary", "Another summary", None)),
    ("set_macro", |spec| spec.set_macro("dist", ".kel9", true)),
    ("set_release", |spec| spec.set_release(".kes", Some(3))),
    ("append_to_tag", |spec| spec.append_to_tag("License", " and MIT", None)),
    ("add_tag", |spec| spec.add_tag("Provides", "another = 1", None)),
    ("add_lines", |spec| spec.add_lines(Some("preamble"), None, Place::Start, vec![b"# new".to_vec()])),
    ("add_lines", |spec| spec.add_lines(Some("description"), None, Place::End, vec![b"More.".to_vec()])),
    ("add_entry", |spec| spec.add_entry(EntryKind::Source, None, "new.txt").map(|(splices, _)| splices)),
    ("add_entry", |spec| {
        spec.add_entry(EntryKind::Patch, Some(900), "new.patch").map(|(splices, _)| splices)
    }),
    ("add_changelog", |spec| {
        let text = ["point".to_owned()];
        spec.add_changelog(&NewEntry {
            author: "A <a@b>",
            version: "1-1",
            text: &text,
            day: "2025-01-02".parse().ok(),
        })
    }),
];
const AGAIN: usize = 3;

#[test]
fn an_edit_changes_only_what_it_is_about() {
    for (path, bytes) in specs() {
        for variant in variants(&bytes) {
            let lines = Lines::read(&variant);
            assert_eq!(lines.to_bytes(), variant, "{path:?}");
            for (index, (name, edit)) in EDITS.iter().enumerate() {
                let splices =
                    edit(&Spec::read(&lines)).unwrap_or_else(|error| panic!("{path:?} {name}: {error}"));
                assert_eq!(splices.len(), 1, "{path:?} {name}");
                let mut edited = lines.clone();
                edited.apply(&splices);
                let (splice, after) = (&splices[0], splices[0].at.start + splices[0].with.len());
                // All before and behind it is as it was; the file's last line may have got an end.
                let old: Vec<&[u8]> = (0..lines.len()).map(|line| lines.whole(line)).collect();
                let new: Vec<&[u8]> = (0..edited.len()).map(|line| edited.whole(line)).collect();
                let before = splice.at.start;
                let kept = match before == old.len() {
                    true => new[..before].concat().starts_with(&old.concat()),
                    false => new[..before] == old[..before],
                };
                assert!(kept && new[after..] == old[splice.at.end..], "{path:?} {name}");
                assert_eq!(new.len(), old.len() - splice.at.len() + splice.with.len());
                let ends = if variant.windows(2).filter(|pair| pair == b"\r\n").count() == lines.len() {
                    &b"\r\n"[..]
                } else {
                    b"\n"
                };
                let written = &new[before..after.min(new.len() - 1)];
                assert!(written.iter().all(|line| line.ends_with(ends)), "{path:?} {name}");
                if index < AGAIN {
                    assert_eq!(edit(&Spec::read(&edited)).unwrap(), [], "{path:?} {name}");
                }
            }
        }
    }
}

#[test]
fn rpmspec_reads_what_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let query = |path: &Path, format: &str| {
        let mut rpmspec = Command::new("rpmspec");
        rpmspec.args(["-q", "--srpm", "--queryformat", format]).arg(path);
        rpmspec.env("HOME", dir.path()).args(["--define", &format!("_sourcedir {}", dir.path().display())]);
        let output = rpmspec.output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let mut judged = 0;
    for (path, bytes) in specs() {
        // Some need macros of the target even to be read.
        let (good, before) = query(&path, "%{NAME} %{VERSION} %{RELEASE}");
        if !good {
            continue;
        }
        judged += 1;
        let mut lines = Lines::read(&bytes);
        let identity = Spec::read(&lines).identity(Some(""));
        let known =
            [identity.name, identity.version, identity.release].map(|part| part.unwrap_or("?".to_owned()));
        for (known, judge) in known.iter().zip(before.split(' ')) {
            assert!(known == "?" || known == judge, "{path:?}: {known:?}, {before}");
        }
        for (_, edit) in EDITS {
            let splices = edit(&Spec::read(&lines)).unwrap();
            lines.apply(&splices);
        }
        let edited = dir.path().join("edited.spec");
        std::fs::write(&edited, lines.to_bytes()).unwrap();
        let format = "%{SUMMARY}|%{RELEASE}|%{LICENSE}|[%{SOURCE} ]|[%{PATCH} ]|%{CHANGELOGNAME}|%{CHANGELOGTIME:day}|%{CHANGELOGTEXT}";
        let (good, after) = query(&edited, format);
        assert!(good, "{path:?}: {after}\n{}", String::from_utf8_lossy(&lines.to_bytes()));
        assert!(after.starts_with("Another summary|"), "{path:?}: {after}");
        assert!(after.contains(".kes.3|"), "{path:?}: {after}");
        assert!(
            after.contains(" and MIT|") && after.contains("new.txt ") && after.contains("new.patch "),
            "{after}"
        );
        assert!(after.contains("|A <a@b> - 1-1|") && after.ends_with("|- point"), "{path:?}: {after}");
    }
    assert!(judged > 20, "{judged}");
}

fn sections(text: &str) -> Vec<String> {
    let lines = Lines::read(text.as_bytes());
    Spec::read(&lines)
        .sections()
        .iter()
        .map(|section| match &section.package {
            Subpackage::Main => section.name.clone(),
            package => format!("{} {package}", section.name),
        })
        .collect()
}

#[test]
fn sections_begin_where_rpm_sees_them() {
    let text = "\
%global body %{expand:
%package inside
Summary: no section
}
%define lines() \\
%files continued \\
%description\\
%{nil}
%{!?x:
%build
}
Name: a
%Description -l de -n b-c
%prep
cat > x <<EOF
%%package heredoc
  %files indented
%packager
EOF
echo '%{' | sed 's/}//'
%post -p <lua>
-- %description
%post -n other -p /bin/sh
%triggerin devel -- bash < 1
%transfiletriggerin -P 10 -- /usr
%files -f list -f other devel
%files -n b-c -f list
%changelog\t
";
    assert_eq!(
        sections(text),
        [
            "preamble",
            "description b-c",
            "prep",
            "post",
            "post other",
            "triggerin devel",
            "transfiletriggerin",
            "files devel",
            "files b-c",
            "changelog"
        ]
    );
}

#[test]
fn subpackages_are_meant_by_suffix_or_whole_name() {
    let lines = Lines::read(b"Name: a\n%package devel\nSummary: one\n%package -n %{name}-doc\nSummary: two\n%package -n libb\nSummary: three\n");
    let spec = Spec::read(&lines);
    for (name, value) in [("devel", "one"), ("doc", "two"), ("%{name}-doc", "two"), ("libb", "three")] {
        let tag = spec.tag("summary", Some(name)).unwrap();
        assert_eq!(spec.value(&tag), value.as_bytes(), "{name}");
    }
    assert!(spec.tag("Summary", None).is_err() && spec.tag("Summary", Some("b")).is_err());
}

#[test]
fn tags_are_read_as_written() {
    let lines = Lines::read(b"name :a\nRequires(post , preun):  b \r\nURL:\n# Version: 1\n%{?x:Epoch: 1}\nhttp://x:80\n  Source0:\thttp://a/b\n");
    let spec = Spec::read(&lines);
    let tags: Vec<_> = spec
        .tags()
        .map(|tag| (tag.name.clone(), String::from_utf8_lossy(spec.value(&tag)).into_owned()))
        .collect();
    let expected = [
        ("name", "a"),
        ("Requires(post , preun)", "b"),
        ("URL", ""),
        ("http", "//x:80"),
        ("Source0", "http://a/b"),
    ];
    assert_eq!(tags, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

fn identity(text: &str, dist: Option<&str>) -> [String; 4] {
    let lines = Lines::read(text.as_bytes());
    let Identity { name, epoch, version, release } = Spec::read(&lines).identity(dist);
    [name, epoch.map(|epoch| epoch.to_string()), version, release].map(|part| part.unwrap_or("?".to_owned()))
}

#[test]
fn identity_is_known_or_not_but_never_guessed() {
    let head = "%global major 5\n%define minor 2\nName: a-%{major}\nEpoch: 1\nVersion: %{major}.%minor\n";
    assert_eq!(
        identity(&format!("{head}Release: 3%{{?dist}}\n"), Some(".el9")),
        ["a-5", "1", "5.2", "3.el9"]
    );
    assert_eq!(identity(&format!("{head}Release: 3%{{?dist}}\n"), None), ["a-5", "1", "5.2", "?"]);
    assert_eq!(
        identity(&format!("{head}Release: 0%{{?major:.%{{major}}}}%{{!?minor:x}}%%\n"), None)[3],
        "0.5%"
    );
    for unknown in [
        "%{elsewhere}",
        "%{?elsewhere}",
        "%{lua: print(1)}",
        "%(date)",
        "%[1+1]",
        "%{major:x}",
        "%",
        "%{major",
        "%{upper:a}",
        "1 2",
        "",
    ] {
        assert_eq!(identity(&format!("{head}Release: {unknown}\n"), None)[3], "?", "{unknown}");
    }
    for unknown in [
        "%if 1\n%global major 6\n%endif\n",
        "%{!?major: %global major 6}\n",
        "%undefine major\n",
        "%global major(x) 6\n",
        "%global major %{expand:\n6}\n",
    ] {
        assert_eq!(
            identity(&format!("%global major 5\n{unknown}Name: %{{major}}\n"), None)[0],
            "?",
            "{unknown}"
        );
    }
    assert_eq!(identity("Version: 1\nVersion: 2\n%if 1\nName: a\n%endif\n", None)[..3], ["?", "0", "?"]);
    assert_eq!(identity("%global a %b\n%global b %a\nName: %a\n", None)[0], "?");
    let bomb: String = (0..40).map(|n| format!("%global a{} %{{a{n}}}%{{a{n}}}\n", n + 1)).collect();
    assert_eq!(identity(&format!("%global a0 xx\n{bomb}Name: %a40\n"), None)[0], "?");
}

#[test]
fn days_have_their_weekday() {
    for (day, shown) in [
        ("2024-01-15", "Mon Jan 15 2024"),
        ("2000-02-29", "Tue Feb 29 2000"),
        ("1999-12-31", "Fri Dec 31 1999"),
        ("2024-03-01", "Fri Mar 01 2024"),
    ] {
        assert_eq!(day.parse::<Day>().unwrap().to_string(), shown);
    }
    let lines = Lines::read(b"%changelog\n* Mon Jan  5 2024 A\n- x\n* Tue May 02 10:00:00 CEST 2023 B\n* note\n* Mon Feb 30 2023 C\n");
    let days: Vec<_> =
        Spec::read(&lines).changelog().map(|entry| (entry.line, entry.day.to_string(), entry.rest)).collect();
    assert_eq!(
        days,
        [(1, "Fri Jan 05 2024".to_owned(), b"A".to_vec()), (3, "Tue May 02 2023".to_owned(), b"B".to_vec())]
    );
}

#[test]
fn a_file_without_a_last_line_end_stays_without() {
    let apply = |text: &str, splice: Splice| {
        let mut lines = Lines::read(text.as_bytes());
        lines.apply(&[splice]);
        String::from_utf8(lines.to_bytes()).unwrap()
    };
    let new = |text: &str| vec![text.as_bytes().to_vec()];
    assert_eq!(apply("a\r\nb", Splice::insert(2, new("c"))), "a\r\nb\r\nc");
    assert_eq!(apply("a\nb", Splice::line(1, b"c".to_vec())), "a\nc");
    assert_eq!(apply("a\nb", Splice { at: 1..2, with: [new("c"), new("d")].concat() }), "a\nc\nd");
    assert_eq!(apply("a\nb", Splice::delete(1..2)), "a\n");
    assert_eq!(apply("a\nb\n", Splice::insert(2, new("c"))), "a\nb\nc\n");
    assert_eq!(apply("", Splice::insert(0, new("c"))), "c\n");
    // Lines that are not there are not touched.
    assert_eq!(apply("a\n", Splice { at: 5..9, with: new("c") }), "a\nc\n");
}

proptest! {
    #[test]
    fn any_bytes_come_back_and_nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        all(&bytes)?;
    }

    #[test]
    fn anything_like_a_spec_file_is_edited_without_a_panic(
        parts in proptest::collection::vec(proptest::sample::select(vec![
            "Name: a", "Version:", "Release: 1%{?dist}", "Source: x", "Source3: %{name}.y", "Patch:", "Patch0001: p", "%if 1",
            "%else", "%endif", "%elif x", "%global a %{expand:", "}", "%define b \\", "%prep", "%autosetup -p1", "%autosetup -N",
            "%patch -P 1 -P 2", "%patch1 -p1", "%autopatch -m 1 -M", "git am %{patches}", "%package -n", "%package x",
            "%patchlist", "%sourcelist", "%files x", "%changelog", "* Mon Jan 15 2024 x", "\r", "%{a}", "%%", "\\", "",
        ]), 0..25),
    ) {
        all(parts.join("\n").as_bytes())?;
    }
}

fn all(bytes: &[u8]) -> Result<(), TestCaseError> {
    let lines = Lines::read(bytes);
    prop_assert_eq!(lines.to_bytes(), bytes);
    let spec = Spec::read(&lines);
    let covered: usize = spec.sections().iter().map(|section| section.lines.len()).sum();
    prop_assert_eq!(covered, lines.len());
    let _ = (spec.identity(None), spec.prep(), spec.changelog().count());
    let mut results: Vec<Result<Vec<Splice>, SpecError>> =
        EDITS.iter().map(|(_, edit)| edit(&spec)).collect();
    results.push(spec.apply_patch(1, "p", None));
    results.push(spec.unapply_patch(1));
    for kind in [EntryKind::Source, EntryKind::Patch] {
        for entry in spec.entries(kind) {
            let _ = spec.entry_file(&entry);
            results.push(spec.remove_entry(&entry));
            results.push(Ok(spec.set_entry(&entry, "new")));
        }
    }
    for splices in results.into_iter().flatten() {
        prop_assert!(splices.windows(2).all(|pair| pair[0].at.end <= pair[1].at.start));
        prop_assert!(splices.iter().all(|splice| splice.at.end <= lines.len()), "{:?}", splices);
        let mut edited = lines.clone();
        edited.apply(&splices);
        let gone: usize = splices.iter().map(|splice| splice.at.len()).sum();
        let new: usize = splices.iter().map(|splice| splice.with.len()).sum();
        prop_assert_eq!(edited.len(), lines.len() - gone + new);
    }
    Ok(())
}
