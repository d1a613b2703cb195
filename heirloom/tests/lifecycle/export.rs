//! What is published, and who can read it.

use std::fs;

use testkit::pypi;
use testkit::tool::Tool;

use crate::{distribution, heirloom};

#[test]
fn what_is_published_is_signed_and_read_by_others() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let key = distribution(dir);
    heirloom(dir, &["lifecycle", "export", "--to", "out"]).expect(0);
    let again = heirloom(dir, &["lifecycle", "export", "--to", "out"]).expect(1);
    assert!(again.stderr.contains("out is there already"), "{}", again.stderr);
    heirloom(dir, &["lifecycle", "export", "--to", "twice"]).expect(0);
    let out = dir.join("out");
    for file in ["endoflife.json", "lifecycle.ics", "lifecycle.json", "lifecycle.svg"] {
        assert_eq!(
            fs::read(out.join(file)).unwrap(),
            fs::read(dir.join("twice").join(file)).unwrap(),
            "{file}"
        );
    }

    // gpg believes the signature.
    let verify = || {
        let gpg = Tool::new("gpg").arg("--homedir").arg(key.home()).args(["--batch", "--verify"]);
        gpg.arg(out.join("lifecycle.json.asc")).arg(out.join("lifecycle.json")).run()
    };
    verify().unwrap();

    // The document does for those who have no definition, as long as nobody touches it.
    let published = [
        "lifecycle",
        "show",
        "--document",
        "out/lifecycle.json",
        "--key",
        "public.asc",
        "--today",
        "2026-03-02",
    ];
    fs::rename(dir.join("heirloom.toml"), dir.join("away.toml")).unwrap();
    let shown = heirloom(dir, &published).expect(0).stdout;
    fs::rename(dir.join("away.toml"), dir.join("heirloom.toml")).unwrap();
    let declared = heirloom(dir, &["lifecycle", "show", "--today", "2026-03-02"]).expect(0).stdout;
    assert_eq!(shown, declared);
    let text = fs::read_to_string(out.join("lifecycle.json")).unwrap();
    fs::write(out.join("lifecycle.json"), text.replace("2032-05-31", "2036-05-31")).unwrap();
    assert!(verify().is_err());
    let refused = heirloom(dir, &published).expect(1);
    assert!(refused.stderr.contains("it was changed after it was signed"), "{}", refused.stderr);
    fs::remove_file(out.join("lifecycle.json.asc")).unwrap();
    let unsigned = heirloom(dir, &published).expect(1);
    assert!(unsigned.stderr.contains("lifecycle.json.asc"), "{}", unsigned.stderr);
    let keyless = heirloom(dir, &["lifecycle", "show", "--document", "out/lifecycle.json"]).expect(2);
    assert!(keyless.stderr.contains("--key"), "{}", keyless.stderr);
}

/// A calendar's own library reads the feed, and says what it has.
#[test]
fn a_calendar_reads_the_feed() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    distribution(dir);
    heirloom(dir, &["lifecycle", "export", "--to", "out"]).expect(0);
    let read = "
import sys, icalendar
calendar = icalendar.Calendar.from_ical(open(sys.argv[1], 'rb').read())
assert not calendar.errors, calendar.errors
for event in calendar.walk('VEVENT'):
    assert not event.errors, event.errors
    print(event.decoded('dtstart'), event.decoded('dtstamp'), event['uid'], event['summary'], event.get('description', '').replace('\\n', ' '), sep='|')
";
    let library = pypi::packages(&["icalendar==6.3.2"]).unwrap();
    let text = Tool::new("/usr/bin/python3")
        .env("PYTHONPATH", library)
        .args(["-c", read])
        .arg(dir.join("out/lifecycle.ics"))
        .run()
        .unwrap();
    let lines: Vec<_> = text.lines().collect();
    let of = "Kestrel Enterprise Linux";
    assert_eq!(lines.len(), 10, "{text}");
    for line in [
        format!(
            "2025-04-30|2026-01-15 00:00:00+00:00|9/stream-ends/nodejs:18@kestrel.lifecycle|{of} 9: stream nodejs:18 ends|"
        ),
        format!(
            "2024-05-09|2026-01-15 00:00:00+00:00|9/minor-released/9.4@kestrel.lifecycle|{of} 9.4 is released|"
        ),
        format!(
            "2027-05-31|2026-01-15 00:00:00+00:00|9/upstream-ends/@kestrel.lifecycle|{of} 9: no more sources from Upstream 9, the \
             one; and only|backports from newer ones, made by the foundation and reviewed by two of its members each"
        ),
    ] {
        assert!(lines.contains(&line.as_str()), "`{line}` is not in:\n{text}");
    }
}
