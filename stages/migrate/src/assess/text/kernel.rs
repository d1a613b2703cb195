//! What the kernel says in `/proc`, and lvm of its volumes.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde::Deserialize;

use crate::facts::Listener;

/// A line of `/proc/self/mountinfo` (proc(5)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MountLine {
    /// Where it is mounted.
    pub point: String,
    /// What of the file system is mounted: `/` for all of it.
    pub root: String,
    /// The device or source.
    pub source: String,
    /// The kind of file system.
    pub kind: String,
    /// Options of the mount, then those of the file system.
    pub options: Vec<String>,
    /// Whether nothing can be written to it.
    pub read_only: bool,
}

/// The mounts in the order in which they were made. A later one hides an earlier one at the same point.
#[must_use]
pub fn mountinfo(text: &str) -> Vec<MountLine> {
    text.lines().filter_map(mount).collect()
}

fn mount(line: &str) -> Option<MountLine> {
    let (left, right) = line.split_once(" - ")?;
    let left: Vec<&str> = left.split(' ').collect();
    let right: Vec<&str> = right.split(' ').collect();
    let [root, point, own] = left.get(3..6)? else { return None };
    let [kind, source, of_all] = right.get(..3)? else { return None };
    let mut options: Vec<String> = Vec::new();
    for option in own.split(',').chain(of_all.split(',')) {
        if !options.iter().any(|known| known == option) {
            options.push(option.to_owned());
        }
    }
    let is_read_only = |options: &str| options.split(',').any(|option| option == "ro");
    Some(MountLine {
        point: unescaped(point),
        root: unescaped(root),
        source: unescaped(source),
        kind: unescaped(kind),
        read_only: is_read_only(own) || is_read_only(of_all),
        options,
    })
}

/// Blanks and backslashes stand as three octal digits.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut left = text.as_bytes();
    while let Some((&first, rest)) = left.split_first() {
        let code =
            rest.get(..3).filter(|digits| first == b'\\' && digits.iter().all(|c| (b'0'..=b'7').contains(c)));
        let code =
            code.map(|digits| digits.iter().fold(0_u32, |code, digit| code * 8 + u32::from(digit - b'0')));
        match code.and_then(|code| u8::try_from(code).ok()) {
            Some(code) => {
                bytes.push(code);
                left = &rest[3..];
            }
            None => {
                bytes.push(first);
                left = rest;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Ports that are listened on, by `/proc/net/tcp`, `tcp6`, `udp` or `udp6`; `protocol` is `tcp` or `udp`.
#[must_use]
pub fn listeners(protocol: &str, text: &str) -> Vec<Listener> {
    let one = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().take(4).collect();
        let [_, local, remote, state] = fields[..] else { return None };
        // Listening; for udp, bound and with no other end.
        let is_open = match protocol {
            "tcp" => state == "0A",
            _ => state == "07" && remote.ends_with(":0000"),
        };
        let (address, port) = local.split_once(':')?;
        let (address, port) = (address_of(address)?, u16::from_str_radix(port, 16).ok()?);
        is_open.then(|| Listener { protocol: protocol.to_owned(), address, port })
    };
    let mut all: Vec<Listener> = text.lines().skip(1).filter_map(one).collect();
    all.sort();
    all.dedup();
    all
}

/// Words of four bytes, each in the order of the machine.
fn address_of(digits: &str) -> Option<String> {
    let word = |at: usize| u32::from_str_radix(digits.get(at..at + 8)?, 16).ok();
    let bytes = |at: usize| word(at).map(u32::to_ne_bytes);
    Some(match digits.len() {
        8 => match Ipv4Addr::from(bytes(0)?) {
            Ipv4Addr::UNSPECIFIED => "*".to_owned(),
            address => address.to_string(),
        },
        32 => {
            let mut all = [0; 16];
            for (at, part) in all.chunks_exact_mut(4).enumerate() {
                part.copy_from_slice(&bytes(at * 8)?);
            }
            match Ipv6Addr::from(all) {
                Ipv6Addr::UNSPECIFIED => "*".to_owned(),
                address => address.to_string(),
            }
        }
        _ => return None,
    })
}

/// Names of the modules that are loaded, by `/proc/modules`.
#[must_use]
pub fn modules(text: &str) -> Vec<String> {
    text.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

/// A logical volume.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// `group/volume`.
    pub name: String,
    /// Paths that lead to it: `/dev/group/volume`, `/dev/mapper/group-volume`.
    pub paths: Vec<String>,
    /// Bytes that are free in its group.
    pub free: u64,
}

#[derive(Deserialize)]
struct Report {
    report: Vec<Volumes>,
}

#[derive(Deserialize)]
struct Volumes {
    #[serde(default)]
    lv: Vec<Lv>,
}

#[derive(Deserialize)]
struct Lv {
    #[serde(default)]
    lv_name: String,
    #[serde(default)]
    vg_name: String,
    #[serde(default)]
    vg_free: String,
    #[serde(default)]
    lv_path: String,
    #[serde(default)]
    lv_dm_path: String,
}

/// What `lvs --reportformat json --units b --nosuffix` says. None if it is no such report.
#[must_use]
pub fn volumes(text: &str) -> Option<Vec<Volume>> {
    let report: Report = serde_json::from_str(text).ok()?;
    let volume = |lv: Lv| Volume {
        name: format!("{}/{}", lv.vg_name, lv.lv_name),
        paths: [lv.lv_path, lv.lv_dm_path].into_iter().filter(|path| !path.is_empty()).collect(),
        free: lv.vg_free.trim().parse().unwrap_or(0),
    };
    Some(report.report.into_iter().flat_map(|part| part.lv).map(volume).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_read() {
        let text = "24 1 253:0 / / rw,relatime shared:1 - xfs /dev/mapper/rl-root rw,seclabel\n\
            25 24 0:40 /@home /a\\040b\\134 rw,nodev - btrfs /dev/sda2 ro,subvol=/@home\nbad\n26 24 0:1 / /x rw -\n";
        let [root, other] = &mountinfo(text)[..] else { panic!() };
        assert_eq!((root.point.as_str(), root.kind.as_str(), root.read_only), ("/", "xfs", false));
        assert_eq!(root.options, ["rw", "relatime", "seclabel"]);
        assert_eq!((other.point.as_str(), other.root.as_str(), other.read_only), ("/a b\\", "/@home", true));
        assert!(other.options.contains(&"subvol=/@home".to_owned()));
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn listeners_are_told_from_connections() {
        let tcp = "  sl  local_address rem_address   st\n   0: 00000000:0016 00000000:0000 0A 0\n\
            1: 0100007F:0019 00000000:0000 0A 0\n2: 0100007F:0019 0100007F:9999 01 0\n3: junk\n4: 00:1 00:1 0A\n";
        let shown = |all: Vec<Listener>| -> Vec<String> {
            all.iter().map(|it| format!("{} {}:{}", it.protocol, it.address, it.port)).collect()
        };
        assert_eq!(shown(listeners("tcp", tcp)), ["tcp *:22", "tcp 127.0.0.1:25"]);
        let tcp6 = "h\n0: 00000000000000000000000001000000:0016 00000000000000000000000000000000:0000 0A\n";
        assert_eq!(shown(listeners("tcp", tcp6)), ["tcp ::1:22"]);
        let udp = "h\n0: 00000000:0143 00000000:0000 07\n1: 0100007F:0999 0100007F:0035 01\n";
        assert_eq!(shown(listeners("udp", udp)), ["udp *:323"]);
    }

    #[test]
    fn volumes_are_read() {
        let text = r#"{"report":[{"lv":[{"lv_path":"/dev/rl/root","lv_dm_path":"/dev/mapper/rl-root","vg_name":"rl","lv_name":"root","vg_free":"4194304"}]}],"log":[]}"#;
        let expected = Volume {
            name: "rl/root".to_owned(),
            paths: vec!["/dev/rl/root".to_owned(), "/dev/mapper/rl-root".to_owned()],
            free: 4_194_304,
        };
        assert_eq!(volumes(text), Some(vec![expected]));
        assert_eq!(volumes(r#"{"report":[{}]}"#), Some(vec![]));
        assert_eq!(volumes("  WARNING: Running as a non-root user"), None);
        assert_eq!(modules("xfs 1 2 - Live 0x0\nnvidia 3\n"), ["xfs", "nvidia"]);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "[0-9A-F:/ \\\\\n,a-z\u{e9}-]{0,200}") {
            let _ = (mountinfo(&text), listeners("tcp", &text), listeners("udp", &text), volumes(&text), modules(&text));
        }
    }
}
