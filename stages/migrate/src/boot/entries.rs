//! What `efibootmgr -v` prints, in the forms of its versions 0.5 to 18.

use crate::facts::EfiEntry;

/// UEFI's boot menu.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Menu {
    /// The entry that was booted.
    pub(super) current: Option<u16>,
    /// The entry for the next boot only.
    pub(super) next: Option<u16>,
    /// The order in which entries are tried.
    pub(super) order: Vec<u16>,
    /// All entries.
    pub(super) entries: Vec<EfiEntry>,
}

/// Entries that are read; firmware has some dozens at most.
const MOST_ENTRIES: usize = 1024;

impl Menu {
    /// Reads the output. Lines of another form (`Timeout`, `dp:` and `data:` of version 18, traces of errors) are passed over.
    #[must_use]
    pub(super) fn parse(text: &str) -> Self {
        let mut menu = Self::default();
        for line in text.lines() {
            if let Some(number) = line.strip_prefix("BootCurrent:") {
                menu.current = hexadecimal(number.trim());
            } else if let Some(number) = line.strip_prefix("BootNext:") {
                menu.next = hexadecimal(number.trim());
            } else if let Some(list) = line.strip_prefix("BootOrder:") {
                menu.order = list.split(',').filter_map(|number| hexadecimal(number.trim())).collect();
            } else if let Some(entry) = entry(line)
                && menu.entries.len() < MOST_ENTRIES
            {
                menu.entries.push(entry);
            }
        }
        menu
    }

    /// The entry with a number.
    #[must_use]
    pub(super) fn entry(&self, number: u16) -> Option<&EfiEntry> {
        self.entries.iter().find(|entry| entry.number == number)
    }
}

fn hexadecimal(text: &str) -> Option<u16> {
    match text.len() {
        4 => u16::from_str_radix(text, 16).ok(),
        _ => None,
    }
}

/// `Boot0003* CentOS\tHD(...)/File(...)`; the star says that it is active.
fn entry(line: &str) -> Option<EfiEntry> {
    let rest = line.strip_prefix("Boot")?;
    let number = hexadecimal(rest.get(..4)?)?;
    let rest = rest.get(4..)?;
    let (active, rest) = match (rest.strip_prefix('*'), rest.strip_prefix(' ')) {
        (Some(rest), _) => (true, rest),
        (None, Some(_)) => (false, rest),
        (None, None) => return None,
    };
    let (label, path) = rest.split_once('\t').unwrap_or((rest, ""));
    // A path that it could not read is a message right behind the label.
    let label = label.split("Could not parse device path").next().unwrap_or(label);
    Some(EfiEntry {
        number,
        active,
        label: label.trim().to_owned(),
        partition: partition(path).unwrap_or_default(),
        loader: loader(path).unwrap_or_default(),
        path: path.trim_end().to_owned(),
    })
}

/// `HD(1,GPT,GUID,0x800,0x64000)`, `HD(1,MBR,0x1a2b3c4d,0x800,0x64000)`, or before version 12 `HD(1,800,64000,GUID)`.
fn partition(path: &str) -> Option<String> {
    let (inside, _) = path.split_once("HD(")?.1.split_once(')')?;
    let fields: Vec<&str> = inside.split(',').map(str::trim).collect();
    let id = match fields[..] {
        [_, "GPT", id, ..] => id.to_ascii_lowercase(),
        [number, "MBR", signature, ..] => {
            let signature = u32::from_str_radix(signature.trim_start_matches("0x"), 16).ok()?;
            format!("{signature:08x}-{:02x}", number.parse::<u32>().ok()?)
        }
        [_, _, _, id] => id.to_ascii_lowercase(),
        _ => return None,
    };
    Some(id)
}

/// `/File(\EFI\x.efi)`, before version 12 without the slash, with libefivar 38 `/\EFI\x.efi`; optional data of the entry follow at once, as text or
/// hexadecimal digits.
fn loader(path: &str) -> Option<String> {
    // `FvFile(` is a file of the firmware itself.
    let wrapped = path.match_indices("File(").find(|(at, _)| *at == 0 || path[..*at].ends_with(['/', ')']));
    let (is_wrapped, file) = match (wrapped, path.find(r"/\")) {
        (Some((at, mark)), _) => (true, &path[at + mark.len()..]),
        (None, Some(at)) => (false, &path[at + 1..]),
        (None, None) => return None,
    };
    let lower = file.to_ascii_lowercase();
    let end = match (is_wrapped, lower.find(".efi)"), lower.find(".efi")) {
        (true, Some(at), _) | (false, _, Some(at)) => at + 4,
        (true, None, _) => file.rfind(')').unwrap_or(file.len()),
        (false, _, None) => file.trim_end().len(),
    };
    let name = file.get(..end)?.replace('/', r"\");
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> EfiEntry {
        Menu::parse(line).entries.into_iter().next().expect("an entry")
    }

    const GUID: &str = "9a1f3e02-4c5d-4e6f-8a7b-0c1d2e3f4a5b";

    #[test]
    fn every_version_s_form_of_a_file() {
        for path in [
            r"HD(1,800,64000,9A1F3E02-4c5d-4e6f-8a7b-0c1d2e3f4a5b)File(\EFI\centos\shim.efi)",
            r"HD(1,GPT,9a1f3e02-4c5d-4e6f-8a7b-0c1d2e3f4a5b,0x800,0x64000)/File(\EFI\centos\shim.efi)",
            r"HD(1,GPT,9a1f3e02-4c5d-4e6f-8a7b-0c1d2e3f4a5b,0x800,0x64000)/\EFI\centos\shim.efi",
            r"HD(1,GPT,9a1f3e02-4c5d-4e6f-8a7b-0c1d2e3f4a5b,0x800,0x64000)/\EFI\centos\shim.efi..BO",
            r"HD(1,GPT,9a1f3e02-4c5d-4e6f-8a7b-0c1d2e3f4a5b,0x800,0x64000)/File(\EFI\centos\shim.efi)57494e44",
            r"HD(1,GPT,9a1f3e02-4c5d-4e6f-8a7b-0c1d2e3f4a5b,0x800,0x64000)/File(\EFI\centos\shim.efi)WIN.(x).",
            r"PciRoot(0x0)/Pci(0x1f,0x2)/Sata(0,65535,0)/HD(1,GPT,9a1f3e02-4c5d-4e6f-8a7b-0c1d2e3f4a5b,0x800,0x64000)/File(\EFI\centos\shim.efi)",
        ] {
            let entry = one(&format!("Boot000A* CentOS Linux\t{path}"));
            assert_eq!((entry.number, entry.active, entry.label.as_str()), (10, true, "CentOS Linux"));
            assert_eq!(
                (entry.partition.as_str(), entry.loader.as_str()),
                (GUID, r"\EFI\centos\shim.efi"),
                "{path}"
            );
        }
    }

    #[test]
    fn what_is_no_file_has_no_loader() {
        for path in [
            "BBS(HD,,0x0)P0: ST9640320AS               .",
            "PciRoot(0x0)/Pci(0x3,0x0)/MAC(525400123456,1)/IPv4(0.0.0.00.0.0.0,0,0)N.....YM....R,Y.",
            "FvVol(7cb8bdc9-f8eb-4f34-aaea-3ee4af6516a1)/FvFile(462caa21-7614-4503-836e-8ab6f4662331)",
            "VenHw(99e275e7-75a0-4b37-a2e6-c5385e6c00cb)",
        ] {
            let entry = one(&format!("Boot0002  Thing\t{path}"));
            assert!(!entry.active && entry.loader.is_empty() && entry.partition.is_empty(), "{entry:?}");
            assert_eq!(entry.path, path);
        }
    }

    #[test]
    fn a_dos_partition_is_named_as_lsblk_does() {
        let entry = one("Boot0001* x\tHD(12,MBR,0x677a4f,0x800,0x100)/File(\\EFI\\x\\grubx64.efi)");
        assert_eq!(entry.partition, "00677a4f-0c");
    }

    #[test]
    fn lines_around_entries_are_read_or_passed_over() {
        let menu = Menu::parse(
            "BootNext: 0001\nBootCurrent: 0000\nTimeout: 2 seconds\nBootOrder: 0003,0001,001C\n\
             Boot0000* winCould not parse device path: Invalid argument\nerror trace:\n \
             efivar-dp.h:1208 efidp_is_valid(): invalid node\nBootXYZW* no\nBoot12\n\
             Boot0003* Dot\tHD(1,GPT,9a1f3e02-4c5d-4e6f-8a7b-0c1d2e3f4a5b,0x800,0x20)/\\EFI\\a\\b.efi\n      \
             dp: 04 01 2a 00 / 7f ff 04 00\n    data: 4e ac 08 81\nMirroredPercentageAbove4G: 0.00\n",
        );
        assert_eq!((menu.current, menu.next, &menu.order[..]), (Some(0), Some(1), &[3, 1, 28][..]));
        let labels: Vec<&str> = menu.entries.iter().map(|entry| entry.label.as_str()).collect();
        assert_eq!(labels, ["win", "Dot"]);
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in "(Boot[0-9A-F]{4}[* ]|HD\\(|File\\(|[\\\\/,)\\t\\n]|\\.efi|GPT|MBR|é|0x|.){0,40}") {
            let _ = Menu::parse(&text);
        }
    }
}
