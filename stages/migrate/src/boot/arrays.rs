//! Software RAID: `/proc/mdstat`, and what `mdadm --detail --export` adds.

use crate::facts::MdArray;

/// Arrays that are read.
const MOST: usize = 256;

/// Reads `/proc/mdstat`.
///
/// ```text
/// md127 : active raid1 sdb1[1] sda1[0]
///       614336 blocks super 1.0 [2/1] [U_]
/// ```
#[must_use]
pub(super) fn from_mdstat(text: &str) -> Vec<MdArray> {
    let mut found: Vec<MdArray> = Vec::new();
    for line in text.lines() {
        if let Some((name, rest)) = line.split_once(" : ")
            && !name.contains(' ')
        {
            if found.len() < MOST && rest.contains("active") {
                found.push(heading(name, rest));
            }
        } else if let Some(array) = found.last_mut()
            && line.contains(" blocks")
        {
            details(array, line);
        }
    }
    found
}

/// `active (auto-read-only) raid1 sdb1[1](F) sda1[0]`; an inactive array names no level.
fn heading(name: &str, rest: &str) -> MdArray {
    let mut array =
        MdArray { path: format!("/dev/{name}"), metadata: "0.90".to_owned(), ..MdArray::default() };
    for word in rest.split_whitespace() {
        match word.split_once('[') {
            // Faulty ones and spares have no part in it.
            Some((_, flags)) if flags.contains("(F)") || flags.contains("(S)") => {}
            Some((member, _)) => array.members.push(format!("/dev/{}", member.replace('!', "/"))),
            None if word.starts_with("raid") || ["linear", "multipath", "faulty"].contains(&word) => {
                word.clone_into(&mut array.level);
            }
            None => {}
        }
    }
    array.members.sort();
    array
}

/// `614336 blocks super 1.0 [2/1] [U_]`. Metadata of version 0.90 is not named; that of a BIOS' RAID is `external:/md127/0`.
fn details(array: &mut MdArray, line: &str) {
    let words: Vec<&str> = line.split_whitespace().collect();
    if let Some(at) = words.iter().position(|word| *word == "super")
        && let Some(version) = words.get(at + 1)
    {
        (*version).clone_into(&mut array.metadata);
    }
    let counts = words.iter().filter_map(|word| word.strip_prefix('[')?.strip_suffix(']')?.split_once('/'));
    for (should, is) in counts {
        if let (Ok(should), Ok(is)) = (should.parse::<u32>(), is.parse::<u32>()) {
            array.missing = should.saturating_sub(is);
        }
    }
}

/// Takes what `mdadm --detail --export` says of an array: lines of `MD_METADATA=1.0`, `MD_LEVEL=raid1`.
pub(super) fn add_export(array: &mut MdArray, text: &str) {
    for line in text.lines() {
        match line.split_once('=') {
            Some(("MD_METADATA", version)) => version.trim().clone_into(&mut array.metadata),
            Some(("MD_LEVEL", level)) => level.trim().clone_into(&mut array.level),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MDSTAT: &str = "Personalities : [raid1] [raid6] [raid5] [raid4]\n\
        md126 : active raid1 sda[1] sdb[0]\n      976759808 blocks super external:/md127/0 [2/2] [UU]\n      \n\
        md127 : inactive sdb[1](S) sda[0](S)\n      5288 blocks super external:imsm\n       \n\
        md2 : active (auto-read-only) raid1 nvme1n1p1[1](F) nvme0n1p1[0]\n      614336 blocks super 1.0 [2/1] [U_]\n      bitmap: 0/1 pages [0KB], 65536KB chunk\n\n\
        md0 : active raid1 sdc1[0] sdd1[1]\n      204736 blocks [2/2] [UU]\n\nunused devices: <none>\n";

    #[test]
    fn arrays_of_all_kinds() {
        let arrays = from_mdstat(MDSTAT);
        let shown: Vec<_> = arrays
            .iter()
            .map(|a| (a.path.as_str(), a.level.as_str(), a.metadata.as_str(), a.members.join(" "), a.missing))
            .collect();
        assert_eq!(
            shown,
            [
                ("/dev/md126", "raid1", "external:/md127/0", "/dev/sda /dev/sdb".into(), 0),
                ("/dev/md127", "", "external:imsm", String::new(), 0),
                ("/dev/md2", "raid1", "1.0", "/dev/nvme0n1p1".into(), 1),
                ("/dev/md0", "raid1", "0.90", "/dev/sdc1 /dev/sdd1".into(), 0),
            ]
        );
    }

    #[test]
    fn mdadm_knows_better() {
        let mut array = MdArray { metadata: "0.90".to_owned(), ..MdArray::default() };
        add_export(&mut array, "MD_LEVEL=raid1\nMD_DEVICES=2\nMD_METADATA=1.2\nMD_DEVICE_dev_sda1_ROLE=0\n");
        assert_eq!((array.level.as_str(), array.metadata.as_str()), ("raid1", "1.2"));
    }
}
