//! What `lsblk` prints: a tree in JSON, or lines of `NAME="value"` where it is older (EL7).

use serde_json::Value;

use crate::facts::BlockDevice;

/// Columns that newer versions have (util-linux 2.34, EL9).
pub(super) const COLUMNS: &str =
    "NAME,KNAME,PKNAME,PATH,TYPE,FSTYPE,PARTUUID,PARTTYPE,PTTYPE,MOUNTPOINT,SIZE,RM,MAJ:MIN";
/// Columns that util-linux 2.32 (EL8) has.
pub(super) const OLDER_COLUMNS: &str =
    "NAME,KNAME,PKNAME,TYPE,FSTYPE,PARTUUID,PARTTYPE,MOUNTPOINT,SIZE,RM,MAJ:MIN";
/// Columns that util-linux 2.23 (EL7) has.
pub(super) const OLDEST_COLUMNS: &str = "NAME,KNAME,PKNAME,TYPE,FSTYPE,PARTUUID,MOUNTPOINT,SIZE,RM,MAJ:MIN";

/// A device as it was printed, with what leads to what the kernel and udev say of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Printed {
    /// The device. Its parents are kernel names until [`finish`].
    pub(super) device: BlockDevice,
    /// The kernel's name: `dm-3`, `cciss/c0d0p1`.
    pub(super) kernel_name: String,
    /// `253:3`.
    pub(super) numbers: String,
}

/// Devices that are read.
const MOST_DEVICES: usize = 4096;
/// How deep devices can lie on each other.
const DEEPEST: usize = 32;

/// Reads `lsblk --json`; none if it is no such text.
#[must_use]
pub(super) fn from_json(text: &str) -> Option<Vec<Printed>> {
    let value: Value = serde_json::from_str(text).ok()?;
    let mut found = Vec::new();
    tree(value.get("blockdevices")?, "", 0, &mut found);
    Some(found)
}

fn tree(list: &Value, parent: &str, depth: usize, found: &mut Vec<Printed>) {
    for value in list.as_array().into_iter().flatten() {
        if depth > DEEPEST || found.len() >= MOST_DEVICES {
            return;
        }
        let printed = one(&|name| field(value, name), parent);
        let name = printed.kernel_name.clone();
        add(found, printed);
        if let Some(children) = value.get("children") {
            tree(children, &name, depth + 1, found);
        }
    }
}

/// A value of a column: strings in older versions are numbers and booleans in newer ones; MOUNTPOINTS is a list.
fn field(value: &Value, name: &str) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(u8::from(*flag).to_string()),
        _ => None,
    };
    match value.get(name) {
        Some(Value::Array(list)) => list.iter().filter_map(text).collect(),
        Some(value) => text(value).into_iter().collect(),
        None => Vec::new(),
    }
}

/// Reads `lsblk --pairs`.
#[must_use]
pub(super) fn from_pairs(text: &str) -> Vec<Printed> {
    let mut found = Vec::new();
    for line in text.lines().take(MOST_DEVICES) {
        let pairs = pairs(line);
        if !pairs.is_empty() {
            let get = |name: &str| {
                let of = |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
                pairs.iter().find(of).map(|(_, value)| value.clone()).into_iter().collect()
            };
            add(&mut found, one(&get, ""));
        }
    }
    found
}

/// `NAME="sda" KNAME="sda"`. Bytes that would end a value are written `\x22`.
fn pairs(line: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some((name, after)) = rest.split_once("=\"") {
        let Some((value, left)) = after.split_once('"') else { break };
        found.push((name.trim().to_owned(), unescape(value)));
        rest = left;
    }
    found
}

fn unescape(value: &str) -> String {
    let mut parts = value.split("\\x");
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        match part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend_from_slice(&part.as_bytes()[2..]);
            }
            None => {
                bytes.extend_from_slice(b"\\x");
                bytes.extend_from_slice(part.as_bytes());
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn one(get: &dyn Fn(&str) -> Vec<String>, above: &str) -> Printed {
    let first = |name: &str| get(name).into_iter().next().unwrap_or_default();
    let kernel_name = first("kname").replace('!', "/");
    let path = match first("path") {
        path if !path.is_empty() => path,
        _ if kernel_name.starts_with("dm-") => format!("/dev/mapper/{}", first("name")),
        _ => format!("/dev/{kernel_name}"),
    };
    let stated = first("pkname").replace('!', "/");
    let parent = if stated.is_empty() { above.to_owned() } else { stated };
    let mounts = [get("mountpoints"), get("mountpoint")].concat();
    let mut device = BlockDevice {
        path,
        kind: first("type"),
        parents: Vec::from_iter((!parent.is_empty()).then_some(parent)),
        partition_id: first("partuuid").to_lowercase(),
        partition_type: first("parttype").to_lowercase(),
        table: first("pttype"),
        content: first("fstype"),
        size: first("size").parse().unwrap_or_default(),
        removable: first("rm") == "1",
        ..BlockDevice::default()
    };
    for mount in mounts.into_iter().filter(|mount| !mount.is_empty()) {
        if !device.mounts.contains(&mount) {
            device.mounts.push(mount);
        }
    }
    Printed { device, kernel_name, numbers: first("maj:min") }
}

/// A device that lies on several others is printed below each of them.
fn add(found: &mut Vec<Printed>, new: Printed) {
    match found.iter_mut().find(|printed| printed.kernel_name == new.kernel_name) {
        Some(known) => {
            for parent in new.device.parents {
                if !known.device.parents.contains(&parent) {
                    known.device.parents.push(parent);
                }
            }
        }
        None if !new.kernel_name.is_empty() => found.push(new),
        None => {}
    }
}

/// The devices, with their parents' paths instead of kernel names.
#[must_use]
pub(super) fn finish(printed: Vec<Printed>) -> Vec<BlockDevice> {
    let paths: Vec<(String, String)> =
        printed.iter().map(|one| (one.kernel_name.clone(), one.device.path.clone())).collect();
    printed
        .into_iter()
        .map(|mut one| {
            for parent in &mut one.device.parents {
                if let Some((_, path)) = paths.iter().find(|(name, _)| name == parent) {
                    parent.clone_from(path);
                }
            }
            one.device
        })
        .collect()
}

/// The partition's number in the id of a device-mapper device that kpartx made: `part12-mpath-3600a0b80`.
#[must_use]
pub(super) fn number_of_mapped(id: &str) -> Option<u32> {
    id.trim().strip_prefix("part")?.split_once('-')?.0.parse().ok()
}

/// Takes what udev knows (`/run/udev/data/b253:3`, lines of `E:NAME=value`) or `blkid -o udev` prints (without `E:`) where `lsblk` said nothing.
pub(super) fn add_udev(device: &mut BlockDevice, data: &str) {
    for line in data.lines() {
        let Some((name, value)) = line.strip_prefix("E:").unwrap_or(line).split_once('=') else { continue };
        let place = match name {
            "ID_PART_ENTRY_UUID" => &mut device.partition_id,
            "ID_PART_ENTRY_TYPE" => &mut device.partition_type,
            "ID_PART_TABLE_TYPE" => &mut device.table,
            "ID_FS_TYPE" => &mut device.content,
            "ID_PART_ENTRY_NUMBER" => {
                device.partition_number = device.partition_number.or_else(|| value.parse().ok());
                continue;
            }
            _ => continue,
        };
        if place.is_empty() {
            value.to_lowercase().clone_into(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_s_array_is_one_device_with_two_parents() {
        let text = r#"{"blockdevices": [
            {"name":"sda","kname":"sda","type":"disk","rm":"0","size":"10","children":[
              {"name":"sda1","kname":"sda1","pkname":"sda","type":"part","children":[
                {"name":"md0","kname":"md0","pkname":"sda1","type":"raid1","mountpoint":"/boot"}]}]},
            {"name":"sdb","kname":"sdb","type":"disk","rm":true,"size":10,"children":[
              {"name":"sdb1","kname":"sdb1","type":"part","children":[
                {"name":"md0","kname":"md0","type":"raid1","mountpoints":["/boot", null]}]}]}]}"#;
        let devices = finish(from_json(text).expect("JSON"));
        let md = devices.iter().find(|device| device.path == "/dev/md0").expect("the array");
        assert_eq!(md.parents, ["/dev/sda1", "/dev/sdb1"]);
        assert_eq!(md.mounts, ["/boot"]);
        assert_eq!(devices.len(), 5);
        let flags: Vec<bool> = devices.iter().filter(|d| d.kind == "disk").map(|d| d.removable).collect();
        assert_eq!(flags, [false, true]);
    }

    #[test]
    fn pairs_have_escapes_and_mapper_names() {
        let text = "NAME=\"cl-root\" KNAME=\"dm-0\" PKNAME=\"sda2\" TYPE=\"lvm\" MOUNTPOINT=\"/a\\x20b\\x22\" SIZE=\"7\" RM=\"0\"\n\
                    NAME=\"cciss!c0d0p1\" KNAME=\"cciss!c0d0p1\" PKNAME=\"cciss!c0d0\" TYPE=\"part\"\nrubbish";
        let devices = finish(from_pairs(text));
        assert_eq!(devices[0].path, "/dev/mapper/cl-root");
        assert_eq!(devices[0].mounts, ["/a b\""]);
        assert_eq!(
            (devices[1].path.as_str(), &devices[1].parents[..]),
            ("/dev/cciss/c0d0p1", &["cciss/c0d0".to_owned()][..])
        );
        assert_eq!(devices.len(), 2);
    }

    #[test]
    fn kpartx_says_the_number() {
        assert_eq!(number_of_mapped("part12-mpath-3600a0b8000123"), Some(12));
        assert_eq!(number_of_mapped("mpath-3600a0b8000123"), None);
        assert_eq!(number_of_mapped("LVM-part1-x"), None);
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in "(KNAME=\"|\"|\\\\x|[0-9a-f]{1,2}|é|\\n| ){0,40}") {
            let _ = from_pairs(&text);
        }
    }
}
