//! How a machine boots: what `efibootmgr`, `lsblk`, `mdadm` and the boot loader's files say.

use serde::{Deserialize, Serialize};

/// How a machine boots.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct BootFacts {
    /// What starts the boot loader.
    pub firmware: Firmware,
    /// What UEFI knows; none on a BIOS machine.
    pub efi: Option<EfiFacts>,
    /// Block devices: disks, partitions, arrays, volumes, with what they lie on.
    pub devices: Vec<BlockDevice>,
    /// Software RAID arrays.
    pub arrays: Vec<MdArray>,
    /// Kernels that are installed.
    pub kernels: Vec<InstalledKernel>,
    /// Version of the kernel that runs (`uname -r`); empty if not known.
    pub running_kernel: String,
    /// Version of the kernel that boots by default; empty if not known.
    pub default_kernel: String,
    /// Command line of the running kernel.
    pub command_line: String,
    /// `grub2`, `grub-legacy`, `systemd-boot`, `zipl`, `extlinux`, or empty if it is not known.
    pub loader: String,
    /// Whether the boot loader has a file for each kernel (`/boot/loader/entries`, BLS).
    pub has_bls: bool,
    /// Disks with a boot loader of grub in their first sector: `/dev/sda`.
    pub boot_sectors: Vec<String>,
    /// The boot loader's menus: `grub.cfg` below `/boot`.
    #[serde(default)]
    pub menus: Vec<BootMenu>,
}

/// A menu of the boot loader.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct BootMenu {
    /// Its file: `/boot/grub2/grub.cfg`.
    pub path: String,
    /// Whether it only leads to another one (`configfile`), as those on EFI system partitions do from EL9 on.
    pub is_stub: bool,
    /// Whether it lists the files in `/boot/loader/entries` (`blscfg`).
    pub uses_bls: bool,
    /// Whether `grub2-mkconfig` wrote it.
    pub is_generated: bool,
}

/// What starts the boot loader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Firmware {
    /// A BIOS, or a hypervisor that acts as one.
    Bios,
    /// UEFI.
    Uefi,
    /// Open Firmware or OPAL, on POWER.
    OpenFirmware,
    /// s390's IPL.
    Zipl,
    /// A container, or not known.
    #[default]
    None,
}

/// What UEFI knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EfiFacts {
    /// Bits of the firmware: 32 or 64.
    pub bits: u32,
    /// Whether only signed programs are started; none if the firmware does not say.
    pub secure_boot: Option<bool>,
    /// Whether its variables can be written.
    pub writable: bool,
    /// The entry that was booted.
    pub current: Option<u16>,
    /// The entry for the next boot only.
    pub next: Option<u16>,
    /// The order in which entries are tried.
    pub order: Vec<u16>,
    /// All entries.
    pub entries: Vec<EfiEntry>,
    /// Mount points of EFI system partitions: `/boot/efi`.
    pub system_partitions: Vec<String>,
    /// Directories below `EFI/` there, and the programs in each, as `redhat/shimx64.efi`.
    pub programs: Vec<String>,
    /// EFI system partitions, mounted or not.
    #[serde(default)]
    pub partitions: Vec<SystemPartition>,
    /// Variables that the kernel wrote when it crashed; they take room from entries.
    #[serde(default)]
    pub dump_variables: u32,
    /// Bytes that are free for variables; none if the kernel does not say (it does from 6.6 on).
    #[serde(default)]
    pub free_bytes: Option<u64>,
}

/// An EFI system partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SystemPartition {
    /// The device with its file system: `/dev/sda1`, or the array above several partitions; empty if it is not known (an unmounted line of fstab).
    pub device: String,
    /// Where it is mounted; empty if it is not.
    pub mount: String,
    /// Where `/etc/fstab` mounts it; empty if that does not name it.
    pub listed: String,
    /// Directories below `EFI/`, if it is mounted.
    pub directories: Vec<LoaderDirectory>,
}

/// A directory below `EFI/`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LoaderDirectory {
    /// Its name: `centos`.
    pub name: String,
    /// File names of the programs in it: `shimx64.efi`.
    pub programs: Vec<String>,
    /// Bytes of all its files.
    pub bytes: u64,
}

/// An entry of UEFI's boot menu.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EfiEntry {
    /// Its number: 3 in `Boot0003`.
    pub number: u16,
    /// Whether it is active.
    pub active: bool,
    /// Its label.
    pub label: String,
    /// Unique id, in lower case, of the partition that it is on, as `lsblk` says it: a GUID, or `1a2b3c4d-01` of a DOS table; empty if it says none.
    pub partition: String,
    /// The program, with backslashes: `\EFI\centos\shimx64.efi`; empty if it says none.
    pub loader: String,
    /// The whole device path as it was printed.
    pub path: String,
}

/// A block device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct BlockDevice {
    /// Its path: `/dev/nvme0n1p12`.
    pub path: String,
    /// `disk`, `part`, `raid1`, `lvm`, `mpath`, `crypt`, `loop`, `rom`.
    pub kind: String,
    /// Paths of the devices that it lies on: the disk of a partition, the members of an array.
    pub parents: Vec<String>,
    /// Its number in the partition table, as the kernel says (`/sys/class/block/*/partition`); none if it is no partition or not known.
    pub partition_number: Option<u32>,
    /// Unique id of the partition, in lower case; empty if none.
    pub partition_id: String,
    /// Type of the partition: a GUID in lower case, or `0xef`; empty if none.
    pub partition_type: String,
    /// Kind of the partition table on it: `gpt`, `dos`; empty if none.
    pub table: String,
    /// What is on it: `xfs`, `vfat`, `linux_raid_member`, `LVM2_member`; empty if nothing is known.
    pub content: String,
    /// Where it is mounted.
    pub mounts: Vec<String>,
    /// Bytes.
    pub size: u64,
    /// Whether it can be taken out.
    pub removable: bool,
}

/// A software RAID array.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MdArray {
    /// Its path: `/dev/md127`.
    pub path: String,
    /// `raid1`.
    pub level: String,
    /// Version of its metadata: `1.0`, `1.2`, `0.90`. With 1.0 and 0.90 a member looks like the file system itself.
    pub metadata: String,
    /// Paths of its active members.
    pub members: Vec<String>,
    /// Members that it should have and has not.
    pub missing: u32,
}

/// An installed kernel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct InstalledKernel {
    /// `uname -r` of it: `5.14.0-427.el9.x86_64`.
    pub version: String,
    /// The package that has it; empty if none.
    pub package: String,
    /// Bytes of all its files in `/boot`, initramfs among them.
    pub boot_bytes: u64,
    /// Bytes of its initramfs; 0 if it has none.
    pub initramfs_bytes: u64,
    /// Whether the boot loader has an entry for it.
    pub has_entry: bool,
}
