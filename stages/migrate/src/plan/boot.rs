//! How a machine boots afterwards.

use serde::{Deserialize, Serialize};

/// How a machine boots afterwards.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct BootPlan {
    /// What is done before the transaction.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<BootStep>,
    /// What is done, in this order, after the transaction.
    pub steps: Vec<BootStep>,
    /// What is done when the machine has booted well.
    pub finish: Vec<BootStep>,
    /// What is done to get back.
    pub rollback: Vec<BootStep>,
}

/// One step of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BootStep {
    /// UEFI: an entry is made, without being put into the order. One for each disk with a copy of the EFI system partition.
    CreateEntry {
        /// The disk: `/dev/nvme0n1`.
        disk: String,
        /// The partition's number on it.
        partition: u32,
        /// The label.
        label: String,
        /// The program: `\EFI\kestrel\shimx64.efi`.
        loader: String,
        /// Unique id of the partition, in lower case: an entry with it and the program is not made again. Empty if it is not known.
        #[serde(default)]
        partition_id: String,
    },
    /// UEFI: the entry that was made first is booted once, the next time.
    BootOnce,
    /// UEFI: the entries that were made come first in the order.
    PutFirst,
    /// UEFI: entries of this program are deleted; those of the vendor that the machine came from.
    DeleteEntries {
        /// The program: `\EFI\centos\shimx64.efi`.
        loader: String,
        /// Unique ids of the partitions that this machine boots from; entries on others are another system's.
        #[serde(default)]
        partitions: Vec<String>,
    },
    /// UEFI: entries that were made are deleted, the order is as it was.
    RestoreEntries {
        /// The order before.
        order: Vec<u16>,
        /// Entries that were there before, and are never deleted.
        #[serde(default)]
        existing: Vec<u16>,
    },
    /// UEFI: the old boot loader's files are copied aside before their package goes, so that the old entry can still be booted.
    KeepLoader {
        /// Their directory: `/boot/efi/EFI/centos`.
        directory: String,
    },
    /// UEFI: what was kept is put back where the transaction removed it.
    PutLoaderBack {
        /// The directory.
        directory: String,
    },
    /// UEFI: what was kept is forgotten; the directory stays as it is.
    ForgetLoader {
        /// The directory.
        directory: String,
    },
    /// UEFI: what was put back is removed from the directory, and what was kept is forgotten.
    RemoveLoader {
        /// The directory.
        directory: String,
    },
    /// UEFI: a boot loader is copied to another EFI system partition.
    CopyLoader {
        /// Its directory.
        from: String,
        /// The directory on the other partition.
        to: String,
    },
    /// UEFI: a copy on another EFI system partition is removed.
    RemoveCopy {
        /// The directory on the other partition.
        directory: String,
    },
    /// UEFI: the small menu on the EFI system partition that leads to `/boot/grub2/grub.cfg`, if there is none yet.
    WriteStub {
        /// Its file: `/boot/efi/EFI/kestrel/grub.cfg`.
        path: String,
        /// The old vendor's, whose lines (such as `cryptomount`) are taken over; empty if there is none.
        like: String,
    },
    /// The boot loader's menu is written anew: `grub2-mkconfig`.
    WriteMenu {
        /// Its file: `/boot/grub2/grub.cfg`.
        path: String,
    },
    /// BIOS: the boot loader is written to the first sectors of a disk; all of a RAID's members have it.
    InstallLoader {
        /// The disk.
        disk: String,
    },
    /// The initramfs of a kernel is made anew: `dracut`.
    MakeInitramfs {
        /// The kernel's version.
        kernel: String,
    },
    /// BIOS: a kernel is booted once, the next time (`grub2-reboot`); the default stays.
    BootKernelOnce {
        /// The kernel's version.
        kernel: String,
    },
    /// A kernel boots by default (`grubby --set-default`).
    SetDefaultKernel {
        /// The kernel's version.
        kernel: String,
    },
}
