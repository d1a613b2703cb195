//! What mirrors may try: each attack is judged by python-tuf and by `heirloom verify` on the same tree.

use std::fs;

use jiff::{SignedDuration, Timestamp};

use crate::client::{Clients, Mirror, root, site};
use crate::site::Site;

const MARCH: u64 = 1_773_482_400;
const PACKAGE: &str = "BaseOS/x86_64/os/Packages/base-2-2.noarch.rpm";
const OLDER: &str = "BaseOS/x86_64/os/Packages/base-1-1.noarch.rpm";

/// The same channel in two states, the second one newer.
struct States {
    _site: Site,
    root: std::path::PathBuf,
    old: Mirror,
    new: Mirror,
}

fn states(more: &str) -> States {
    let site = site(more);
    site.snapshot(1, MARCH);
    site.run(&["publish", "9", "testing"]).expect(0);
    let old = Mirror::of(&site, "9");
    site.snapshot(2, MARCH + 1);
    site.run(&["publish", "9"]).expect(0);
    let new = Mirror::of(&site, "9");
    States { root: root(&site), _site: site, old, new }
}

fn after(days: i64) -> String {
    let now = Timestamp::now().checked_add(SignedDuration::from_hours(24 * days)).unwrap();
    Timestamp::from_second(now.as_second()).unwrap().to_string()
}

/// Whether clients have seen the newer state before.
#[derive(Clone, Copy, PartialEq)]
enum Before {
    Nothing,
    Newer,
}

/// One attack: what it is, what the mirror does to its newer state, and what both say.
struct Attack {
    name: &'static str,
    more: &'static str,
    before: Before,
    does: fn(&States),
    /// Days from now.
    at: i64,
    /// The error of python-tuf; nothing where it does not look.
    python: Option<&'static str>,
    own: &'static str,
}

impl Default for Attack {
    fn default() -> Self {
        Self {
            name: "",
            more: "",
            before: Before::Nothing,
            does: |_| {},
            at: 0,
            python: Some("LengthOrHashMismatchError"),
            own: "",
        }
    }
}

/// The newer state is replaced by the older one.
fn all_old(states: &States) {
    fs::rename(states.new.channel(), states.new.path("away")).unwrap();
    testkit::tool::Tool::new("cp")
        .arg("-r")
        .arg(states.old.channel())
        .arg(states.new.channel())
        .run()
        .unwrap();
}

fn attacks() -> Vec<Attack> {
    vec![
        Attack {
            name: "an old timestamp with all that belongs to it, after the newer was seen",
            before: Before::Newer,
            does: all_old,
            python: Some("BadVersionNumberError"),
            own: "the timestamp of channel 9 is version 1000000, but version 2000000 was seen before",
            ..Attack::default()
        },
        Attack {
            name: "an old timestamp alone, after the newer was seen",
            before: Before::Newer,
            does: |states| states.new.take(&states.old, "timestamp.json", "timestamp.json"),
            python: Some("BadVersionNumberError"),
            own: "was seen before",
            ..Attack::default()
        },
        Attack {
            name: "the targets of another state",
            does: |states| states.new.take(&states.old, "1.targets.json", "2.targets.json"),
            python: Some("LengthOrHashMismatchError"),
            own: "2.targets.json has",
            ..Attack::default()
        },
        Attack {
            name: "the snapshot of another state",
            does: |states| states.new.take(&states.old, "1000000.snapshot.json", "2000000.snapshot.json"),
            own: "2000000.snapshot.json has the SHA-256",
            ..Attack::default()
        },
        Attack {
            name: "a new timestamp in an old state",
            does: |states| {
                fs::remove_file(states.new.metadata("2000000.snapshot.json")).unwrap();
                states.new.take(&states.old, "1000000.snapshot.json", "1000000.snapshot.json");
            },
            python: Some("DownloadHTTPError"),
            own: "there is no 2000000.snapshot.json, which the timestamp names",
            ..Attack::default()
        },
        Attack {
            name: "targets altered after they were signed",
            does: |states| states.new.edit("tuf/2.targets.json", "\"length\":", "\"lengtH\":"),
            own: "2.targets.json has the SHA-256",
            ..Attack::default()
        },
        Attack {
            name: "a timestamp altered after it was signed",
            does: |states| {
                states.new.edit("tuf/timestamp.json", "\"version\":2000000", "\"version\":2000001")
            },
            python: Some("UnsignedMetadataError"),
            own: "timestamp.json has 0 of the 1 signatures",
            ..Attack::default()
        },
        Attack {
            name: "no signature at all",
            does: |states| {
                let text = fs::read_to_string(states.new.metadata("timestamp.json")).unwrap();
                let signed = text.split_once("\"signed\":").unwrap().1;
                fs::write(
                    states.new.metadata("timestamp.json"),
                    format!("{{\"signatures\":[],\"signed\":{signed}"),
                )
                .unwrap();
            },
            python: Some("UnsignedMetadataError"),
            own: "timestamp.json has 0 of the 1 signatures",
            ..Attack::default()
        },
        Attack {
            name: "something else than JSON",
            does: |states| fs::write(states.new.metadata("timestamp.json"), "<html>sorry</html>").unwrap(),
            python: Some("DeserializationError"),
            own: "timestamp.json is no metadata of the role timestamp",
            ..Attack::default()
        },
        Attack {
            name: "an altered package",
            does: |states| {
                let path = states.new.channel().join(PACKAGE);
                let mut bytes = fs::read(&path).unwrap();
                let last = bytes.len() - 1;
                bytes[last] ^= 1;
                fs::write(path, bytes).unwrap();
            },
            python: Some("LengthOrHashMismatchError"),
            own: "base-2-2.noarch.rpm: has",
            ..Attack::default()
        },
        Attack {
            name: "a package swapped for an older one",
            does: |states| {
                let to = states.new.channel().join(PACKAGE);
                fs::copy(states.new.channel().join(OLDER), to).unwrap();
            },
            python: Some("RepositoryError|LengthOrHashMismatchError|DownloadLengthMismatchError"),
            own: "base-2-2.noarch.rpm: has",
            ..Attack::default()
        },
        Attack {
            name: "a timestamp that is withheld",
            at: 3,
            python: Some("ExpiredMetadataError"),
            own: "the timestamp of channel 9 expired on",
            ..Attack::default()
        },
        Attack {
            name: "a snapshot that is withheld",
            more: "timestamp_hours = 2000\nsnapshot_days = 1\n",
            at: 3,
            python: Some("ExpiredMetadataError"),
            own: "the snapshot of channel 9 expired on",
            ..Attack::default()
        },
        Attack {
            name: "targets that are withheld",
            more: "timestamp_hours = 2000\ntargets_days = 1\n",
            at: 3,
            python: Some("ExpiredMetadataError"),
            own: "the targets of channel 9 expired on",
            ..Attack::default()
        },
        Attack {
            name: "a root that is withheld",
            more: "timestamp_hours = 2000\nroot_days = 1\n",
            at: 3,
            python: Some("ExpiredMetadataError"),
            own: "root 1 expired on",
            ..Attack::default()
        },
        Attack {
            name: "a timestamp without end",
            does: |states| {
                let text = fs::read_to_string(states.new.metadata("timestamp.json")).unwrap();
                fs::write(states.new.metadata("timestamp.json"), text + &" ".repeat(1 << 20)).unwrap();
            },
            python: Some("DownloadLengthMismatchError"),
            own: "timestamp.json has more than 16384 bytes",
            ..Attack::default()
        },
        Attack {
            name: "a snapshot without end",
            does: |states| {
                let text = fs::read_to_string(states.new.metadata("2000000.snapshot.json")).unwrap();
                fs::write(states.new.metadata("2000000.snapshot.json"), text + &" ".repeat(1 << 20)).unwrap();
            },
            python: Some("DownloadLengthMismatchError"),
            own: "the length that the timestamp names",
            ..Attack::default()
        },
        Attack {
            name: "a package without end",
            does: |states| {
                let file =
                    fs::OpenOptions::new().write(true).open(states.new.channel().join(PACKAGE)).unwrap();
                file.set_len(1 << 30).unwrap();
            },
            python: Some("DownloadLengthMismatchError"),
            own: "base-2-2.noarch.rpm: has more than the",
            ..Attack::default()
        },
        Attack {
            name: "a clock that is a year ahead",
            at: 364,
            python: Some("ExpiredMetadataError"),
            own: "look at this machine's clock first",
            ..Attack::default()
        },
        Attack {
            // TUF's metadata has no time when it was made; ours says it.
            name: "a clock that is a year behind",
            at: -365,
            python: None,
            own: "days behind; set it, then try again",
            ..Attack::default()
        },
        Attack {
            // Versions of channels have nothing to do with each other; python-tuf does not know of channels.
            name: "another channel of the same distribution",
            before: Before::Newer,
            does: |states| {
                let site = &states._site;
                for _ in 0..2 {
                    site.run(&["publish", "testing", "--snapshot", "9"]).expect(0);
                    site.run(&["rollback", "testing"]).expect(0);
                }
                fs::rename(states.new.channel(), states.new.path("away")).unwrap();
                let testing = Mirror::of(site, "testing");
                testkit::tool::Tool::new("cp")
                    .arg("-r")
                    .arg(testing.channel())
                    .arg(states.new.channel())
                    .run()
                    .unwrap();
            },
            python: None,
            own: "the timestamp is of channel `testing`, expected `9`",
            ..Attack::default()
        },
    ]
}

#[test]
fn both_clients_refuse_the_same() {
    for attack in attacks() {
        let states = states(attack.more);
        let clients = Clients::new(&states.root);
        if attack.before == Before::Newer {
            clients.follow(&states.new.channel(), &[]);
        }
        (attack.does)(&states);
        let time = if attack.at == 0 { "now".to_owned() } else { after(attack.at) };
        let targets = if attack.python.is_some() { &[PACKAGE][..] } else { &[] };
        let said = clients.python(&states.new.channel(), &time, targets);
        let expected: Vec<_> = attack.python.into_iter().flat_map(|names| names.split('|')).collect();
        match said.error() {
            None => assert!(expected.is_empty(), "{}: python-tuf accepts it", attack.name),
            Some(found) => assert!(expected.contains(&found), "{}: {said:?}", attack.name),
        }
        let own = clients.own(&states.new.channel(), &time, &[]).expect(5);
        assert!(own.stdout.contains(attack.own), "{}:\n{}", attack.name, own.stdout);
        assert!(own.stdout.contains("is not to be trusted"), "{}:\n{}", attack.name, own.stdout);
    }
}
