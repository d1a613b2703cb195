use std::path::Path;
use std::process::{Command, Stdio};

use super::*;

const MOST: u64 = 1 << 20;

fn run(dir: &Path, script: &str) -> Vec<u8> {
    let done = Command::new("bash")
        .args(["-euc", script])
        .current_dir(dir)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(done.status.success(), "{script}");
    done.stdout
}

fn made() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    run(
        dir.path(),
        "mkdir sub; echo one > one; echo two > sub/a-name-that-is-longer-than-sixteen; chmod 755 one; ln -s one link
         ar rcsU ar.out one sub/a-name-that-is-longer-than-sixteen
         find one link sub | LC_ALL=C sort | cpio -o -H newc > cpio.out
         tar cf tar.out one link sub
         python3 -m zipfile -c zip.out one sub",
    );
    dir
}

type Read = fn(&[u8], u64) -> Result<Vec<Member<'_>>, ArchiveError>;
const FORMS: [(&str, Read); 4] = [("ar.out", ar), ("cpio.out", cpio), ("tar.out", tar), ("zip.out", zip)];

#[test]
fn reads_what_the_real_tools_write() {
    let dir = made();
    for (file, read) in FORMS {
        let bytes = std::fs::read(dir.path().join(file)).unwrap();
        let members = read(&bytes, MOST).unwrap();
        let one = members.iter().find(|member| member.name == "one").unwrap();
        assert_eq!((&*one.data, &one.kind), (&b"one\n"[..], &MemberKind::File), "{file}");
        assert_eq!(one.mode.map(|mode| mode & 0o777), Some(0o755), "{file}");
        let two = members.iter().find(|member| member.name.ends_with("sixteen")).unwrap();
        assert_eq!(&*two.data, b"two\n", "{file}");
        if let Some(link) = members.iter().find(|member| member.name == "link") {
            assert_eq!(link.kind, MemberKind::Link("one".to_owned()), "{file}");
        }
    }
}

#[test]
fn bounds_hold() {
    let dir = made();
    for (file, read) in FORMS {
        let bytes = std::fs::read(dir.path().join(file)).unwrap();
        assert!(read(&bytes, 5).is_err(), "{file}: more than allowed");
        assert!(read(&bytes[..bytes.len() / 3], MOST).is_err(), "{file}: cut");
    }
    let thin = run(dir.path(), "ar rcsT thin.out one; cat thin.out");
    assert!(ar(&thin, MOST).unwrap_err().to_string().contains("thin"));
    let bomb = run(dir.path(), "head -c 100M /dev/zero | gzip -9");
    assert!(decompress(&bomb, MOST).unwrap_err().to_string().contains("more than"));
}

#[test]
fn what_members_cost_is_counted() {
    let dir = made();
    let read = |script: &str| run(dir.path(), script);
    let many = read("mkdir many; touch many/{1..5000}; tar cf - many");
    assert!(tar(&many, 5000 * 300).is_ok());
    assert!(tar(&many, 5000 * 200).unwrap_err().to_string().contains("more bytes than are allowed"));
    let long = read(
        "python3 -c \"import sys, zipfile; zipfile.ZipFile(sys.stdout.buffer, 'w').writestr('n' * 5000, '')\"",
    );
    assert!(zip(&long, MOST).unwrap_err().to_string().contains("a name in it has 5000 bytes"));
    let whole = read("cat tar.out");
    // Between two members: the first has a header and one block.
    assert!(tar(&whole[..1024], MOST).unwrap_err().to_string().contains("no end mark"));
    assert!(zip(&read("cat zip.out"), u64::MAX).is_ok());
}

/// Members as they come.
fn streamed(file: &str, bytes: &[u8]) -> std::io::Result<Vec<(String, MemberKind, Vec<u8>)>> {
    let mut members = Vec::new();
    let mut take = |name: &str, kind: &MemberKind, data: &mut dyn std::io::Read| {
        let mut content = Vec::new();
        data.read_to_end(&mut content)?;
        members.push((name.to_owned(), kind.clone(), content));
        Ok(())
    };
    match file {
        "tar.out" => each_tar(&mut &*bytes, &mut take)?,
        "zip.out" => each_zip(bytes, &mut take)?,
        _ => drop(each_cpio(&mut &*bytes, &mut take)?),
    }
    Ok(members)
}

#[test]
fn members_as_they_come_are_the_same() {
    let dir = made();
    for (file, read) in &FORMS[1..] {
        let bytes = std::fs::read(dir.path().join(file)).unwrap();
        let mut wanted: Vec<_> = read(&bytes, MOST)
            .unwrap()
            .into_iter()
            .map(|one| (one.name, one.kind, one.data.into_owned()))
            .collect();
        // The stream has read a link's target.
        wanted.iter_mut().filter(|one| matches!(one.1, MemberKind::Link(_))).for_each(|one| one.2.clear());
        assert_eq!(streamed(file, &bytes).unwrap(), wanted, "{file}");
        assert!(streamed(file, &bytes[..bytes.len() / 3]).is_err(), "{file}: cut");
    }
    let mut two = std::fs::read(dir.path().join("cpio.out")).unwrap();
    two.extend_from_slice(b"what follows");
    assert_eq!(each_cpio(&mut &*two, &mut |_, _, _| Ok(())).unwrap(), b"what follows");
}

#[test]
fn long_names_come_whole() {
    let dir = tempfile::tempdir().unwrap();
    let name = format!("{}/{}", "d".repeat(150), "f".repeat(150));
    for format in ["gnu", "pax"] {
        let script =
            format!("mkdir -p {}; echo one > {name}; tar c --format={format} {name}", "d".repeat(150));
        let members = streamed("tar.out", &run(dir.path(), &script)).unwrap();
        assert_eq!(members, [(name.clone(), MemberKind::File, b"one\n".to_vec())], "{format}");
    }
}

proptest::proptest! {
    #[test]
    fn never_panics(form in 0usize..4, at in 0usize..2000, byte: u8, tail: Vec<u8>) {
        const STARTS: [&[u8]; 4] = [b"!<arch>\n", b"070701", b"", b"PK\x03\x04"];
        let _ = FORMS[form].1(&[STARTS[form], &tail].concat(), MOST);
        let _ = streamed(FORMS[form].0, &[STARTS[form], &tail].concat());
        thread_local!(static MADE: Vec<Vec<u8>> = {
            let dir = made();
            FORMS.iter().map(|(file, _)| std::fs::read(dir.path().join(file)).unwrap()).collect()
        });
        MADE.with(|made| {
            let mut bytes = made[form].clone();
            let at = at % bytes.len();
            bytes[at] = byte;
            let _ = FORMS[form].1(&bytes, MOST);
            let _ = streamed(FORMS[form].0, &bytes);
        });
    }
}
