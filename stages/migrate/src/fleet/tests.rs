use proptest::prelude::*;

use super::*;
use crate::facts::Assessment;

fn assessment(host: &str, system: &str, checks: &[Check]) -> Assessment {
    let mut it = Assessment { format: FORMAT, taken: 7, package_count: 3, ..Assessment::default() };
    host.clone_into(&mut it.machine.host);
    system.clone_into(&mut it.system.name);
    it.checks = checks.to_vec();
    it
}

#[test]
fn checks_and_systems_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    let space = Check::blocker("boot-space", "12 MiB", "make room");
    let (lock, fips) = (Check::risk("version-locks", "1", "clear"), Check::info("fips", "on", "ask"));
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    let all = [
        assessment("a", "Rocky 9", &[space.clone(), lock.clone()]),
        assessment("b", "Rocky 9", &[lock.clone(), lock.clone(), fips]),
        assessment("", "CentOS 8", &[space]),
    ];
    for (number, it) in all.iter().enumerate() {
        write(&format!("{number}.json"), &serde_json::to_string(it).unwrap());
    }
    write("broken.json", "{\"format\": 1, \"taken\": ");
    write("other.json", "{\"format\": 2, \"taken\": 1}");
    write("notes.txt", "");
    let mut newer = all[0].clone();
    newer.format = 9;
    write("newer.json", &serde_json::to_string(&newer).unwrap());
    let fleet = read(dir.path()).unwrap();
    let matrix = fleet.matrix();
    let rows: Vec<_> =
        matrix.checks.iter().map(|row| (row.level, row.id.as_str(), row.machines.join(" "))).collect();
    let expected = [
        (Level::Blocker, "boot-space", "a 2.json".to_owned()),
        (Level::Risk, "version-locks", "a b".to_owned()),
        (Level::Info, "fips", "b".to_owned()),
    ];
    assert_eq!(rows, expected);
    let systems: Vec<_> =
        matrix.systems.iter().map(|row| (row.name.as_str(), row.count, row.ready)).collect();
    assert_eq!(systems, [("Rocky 9", 2, 1), ("CentOS 8", 1, 0)]);
    assert_eq!((matrix.machines, matrix.ready), (3, 1));
    let broken: Vec<_> = matrix.broken.iter().map(|(file, _)| file.as_str()).collect();
    assert_eq!(broken, ["broken.json", "newer.json", "other.json"]);
    assert!(matrix.broken[1].1.contains("format 9"), "{:?}", matrix.broken);
    let page = matrix.page();
    for part in
        ["3 machines, 1 without a blocker", "     2  boot-space: a, 2.json", "make room", "broken.json: "]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    let text = serde_json::to_string(&matrix).unwrap();
    assert_eq!(serde_json::from_str::<Matrix>(&text).unwrap(), matrix);
}

#[test]
fn what_can_t_be_read_is_told() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(read(dir.path()), Err(FleetError::Empty { .. })));
    assert!(matches!(read(&dir.path().join("none")), Err(FleetError::Io { .. })));
    fs::create_dir(dir.path().join("a.json")).unwrap();
    assert_eq!(read(dir.path()).unwrap().broken, [("a.json".to_owned(), "it is no file".to_owned())]);
}

/// What follows the beginning is not looked at.
#[test]
fn only_the_beginning_is_read() {
    let it = assessment("a", "b", &[]);
    let text = serde_json::to_string(&it).unwrap();
    let end = text.find("\"unseen\"").unwrap();
    let mut rest = text.as_bytes()[..end].to_vec();
    rest.extend([0xff; 100]);
    let head = read_head(&rest[..]).unwrap();
    assert_eq!((head.machine, head.package_count, head.taken), (it.machine, 3, 7));
    assert!(read_head(&text.as_bytes()[..end / 2]).is_err());
    assert!(read_head(&b"{}"[..]).unwrap_err().contains("missing"));
    assert!(read_head(&b"[]"[..]).is_err());
}

proptest! {
    #[test]
    fn never_panics(at in 0_usize..400, byte: u8) {
        let check = Check::risk("a", "b", "c");
        let mut text = serde_json::to_vec(&assessment("a", "b", &[check])).unwrap();
        let at = at % text.len();
        text[at] = byte;
        let _ = read_head(&text[..]);
        let _ = read_head(&text[..at]);
    }
}
