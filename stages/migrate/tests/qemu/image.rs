//! Disks, made without loop devices: partitions are files that are put into their place.

use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use testkit::tool::Tool;

const MIB: u64 = 1 << 20;

/// The menu: what grub's own scripts write of default and next entry, and an entry for each kernel. `/KERNELS/` is where entries go.
const MENU: &str = r#"### BEGIN /etc/grub.d/00_header ###
serial --unit=0 --speed=115200
terminal_output serial
load_env
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
   set next_entry=
   save_env next_entry
   set boot_once=true
else
   set default="${saved_entry}"
fi
set timeout=0
### END /etc/grub.d/00_header ###
### BEGIN /etc/grub.d/10_linux ###
"#;

/// Modules of grub that all need.
const MODULES: &[&str] = &[
    "normal",
    "configfile",
    "linux",
    "loadenv",
    "test",
    "serial",
    "terminal",
    "search",
    "search_fs_file",
    "echo",
    "ext2",
    "minicmd",
];

/// A disk for UEFI: an EFI system partition with the old vendor's boot loader, and /boot.
pub(crate) fn uefi(dir: &Path) {
    let esp = dir.join("esp");
    make(&esp, 48);
    Tool::new("mkfs.vfat").args(["-F", "32", "-n", "ESP"]).arg(&esp).run().unwrap();
    for name in ["EFI", "EFI/BOOT", "EFI/alpha"] {
        Tool::new("mmd").arg("-i").arg(&esp).arg(format!("::{name}")).run().unwrap();
    }
    let put = |file: &Path, name: &str| {
        Tool::new("mcopy").arg("-i").arg(&esp).arg(file).arg(format!("::{name}")).run().unwrap();
    };
    let boot = boot_files(dir);
    for vendor in ["alpha", "beta"] {
        let early = dir.join("early.cfg");
        let text = format!(
            "search --file --set=root /EFI/{vendor}/shimx64.efi\nset vendor={vendor}\nexport vendor\nset prefix=($root)/EFI/{vendor}\nnormal\n"
        );
        fs::write(&early, text).unwrap();
        let image = dir.join(format!("{vendor}.efi"));
        Tool::new("grub-mkimage")
            .args(["-O", "x86_64-efi", "-p", "/EFI", "-c"])
            .arg(&early)
            .arg("-o")
            .arg(&image)
            .args(MODULES)
            .args(["part_gpt", "fat"])
            .run()
            .unwrap();
        fs::copy(&image, boot.join(format!("{vendor}.efi"))).unwrap();
    }
    // The old vendor's is installed; the new one's comes with its package.
    put(&dir.join("alpha.efi"), "EFI/alpha/shimx64.efi");
    put(&dir.join("alpha.efi"), "EFI/alpha/grubx64.efi");
    put(&dir.join("alpha.efi"), "EFI/BOOT/BOOTX64.EFI");
    let stub = dir.join("stub.cfg");
    fs::write(&stub, "search --no-floppy --file --set=dev /boot-is-here\nset prefix=($dev)/grub2\nexport prefix\nset root=$dev\nconfigfile $prefix/grub.cfg\n").unwrap();
    put(&stub, "EFI/alpha/grub.cfg");
    let table = "label: gpt\nstart=2048, size=98304, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B\nstart=100352, size=393216, type=L\n";
    let disk = disk(dir, table, 256);
    write(&disk, MIB, &fs::read(&esp).unwrap());
    write(&disk, 49 * MIB, &fs::read(file_system(dir, &boot)).unwrap());
}

/// A disk for a BIOS: grub before the first partition, as `grub2-install` puts it.
pub(crate) fn bios(dir: &Path) {
    let boot = boot_files(dir);
    let core = dir.join("core.img");
    Tool::new("grub-mkimage")
        .args(["-O", "i386-pc", "-p", "(hd0,msdos1)/grub2", "-o"])
        .arg(&core)
        .args(MODULES)
        .args(["part_msdos", "biosdisk"])
        .run()
        .unwrap();
    let disk = disk(dir, "label: dos\nstart=2048, size=393216, type=83, bootable\n", 256);
    // Code of the boot sector; the table behind it stays. It reads what follows from the second sector on.
    write(&disk, 0, &fs::read("/usr/lib/grub/i386-pc/boot.img").unwrap()[..440]);
    write(&disk, 512, &fs::read(core).unwrap());
    write(&disk, MIB, &fs::read(file_system(dir, &boot)).unwrap());
}

fn make(file: &Path, mebibytes: u64) {
    File::create(file).unwrap().set_len(mebibytes * MIB).unwrap();
}

fn write(disk: &Path, at: u64, bytes: &[u8]) {
    let mut file = File::options().write(true).open(disk).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
}

fn disk(dir: &Path, table: &str, mebibytes: u64) -> PathBuf {
    let disk = dir.join("disk");
    make(&disk, mebibytes);
    let script = dir.join("table");
    fs::write(&script, table).unwrap();
    Tool::new("sh").args(["-c", "sfdisk --quiet \"$1\" <\"$2\"", "-"]).args([&disk, &script]).run().unwrap();
    disk
}

fn file_system(dir: &Path, files: &Path) -> PathBuf {
    let out = dir.join("boot.img");
    make(&out, 192);
    Tool::new("mke2fs").args(["-q", "-t", "ext2", "-d"]).arg(files).arg(&out).run().unwrap();
    out
}

/// What is in /boot: the old kernel, the menu, and an initramfs in which the steps are done.
fn boot_files(dir: &Path) -> PathBuf {
    let boot = dir.join("boot");
    fs::create_dir_all(boot.join("grub2")).unwrap();
    let unpacked = kernel(dir);
    let name = super::guest::names(&unpacked.join("boot"))
        .into_iter()
        .find(|name| name.starts_with("vmlinuz-"))
        .unwrap();
    let version = name.strip_prefix("vmlinuz-").unwrap();
    fs::copy(unpacked.join("boot").join(&name), boot.join(format!("vmlinuz-{}", super::guest::OLD))).unwrap();
    fs::write(boot.join("boot-is-here"), "").unwrap();
    fs::write(boot.join("grub2/header"), MENU).unwrap();
    fs::write(boot.join("grub2/grub.cfg"), format!("{MENU}{}", super::guest::entry(super::guest::OLD)))
        .unwrap();
    let block = boot.join("grub2/grubenv");
    Tool::new("grub-editenv").arg(&block).arg("create").run().unwrap();
    let title = format!("saved_entry={}", super::guest::title(super::guest::OLD));
    Tool::new("grub-editenv").arg(&block).args(["set", &title]).run().unwrap();
    initramfs(dir, &unpacked, version, &boot.join("initramfs.img"));
    boot
}

/// A kernel of Debian's for virtual machines, unpacked and not installed.
fn kernel(dir: &Path) -> PathBuf {
    let script = "cd \"$1\" && apt-get -qq download \"$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image/ {print $2}')\" && dpkg-deb -x linux-image-*.deb kernel";
    Tool::new("sh").args(["-c", script, "-"]).arg(dir).run().unwrap();
    dir.join("kernel")
}

const INIT: &str = r#"#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in virtio_pci virtio_blk nls_cp437 nls_ascii vfat efivarfs; do modprobe $module 2>/dev/null; done
while [ ! -b /dev/vda ]; do sleep 1; done
mkdir -p /boot /run /tmp /root /var/lib
[ ! -d /sys/firmware/efi ] || mount -t efivarfs efivarfs /sys/firmware/efi/efivars
if [ -b /dev/vda2 ]; then mount -t ext2 /dev/vda2 /boot; mount -t vfat /dev/vda1 /boot/efi 2>/dev/null || { mkdir -p /boot/efi; mount -t vfat /dev/vda1 /boot/efi; }
else mount -t ext2 /dev/vda1 /boot; fi
mkdir -p /boot/state /var/lib/heirloom-migrate
mount --bind /boot/state /var/lib/heirloom-migrate
/guest --ignored --exact guest --nocapture --test-threads=1 || { echo "HEIRLOOM the guest failed"; touch /off; }
umount /var/lib/heirloom-migrate
umount /boot/efi 2>/dev/null
umount /boot
sync
if [ -e /off ]; then poweroff -f; else reboot -f; fi
"#;

/// Tools that an Enterprise Linux has by other names, or as scripts around `grub-editenv`; the menu is written as on every transaction of a kernel.
const TOOLS: &[(&str, &str)] = &[
    ("grub2-reboot", "exec grub2-editenv /boot/grub2/grubenv set \"next_entry=$1\""),
    ("grub2-set-default", "exec grub2-editenv /boot/grub2/grubenv set \"saved_entry=$1\""),
    (
        "grub2-mkconfig",
        "cd /boot && { cat grub2/header; for k in vmlinuz-*; do k=${k#vmlinuz-}; printf \"menuentry 'Linux (%s)' {\\n linux /vmlinuz-%s kernel=%s vendor=\\$vendor console=ttyS0 quiet panic=5\\n initrd /initramfs.img\\n}\\n\" $k $k $k; done; } >\"$2.new\" && mv \"$2.new\" \"$2\"",
    ),
];

fn initramfs(dir: &Path, unpacked: &Path, version: &str, out: &Path) {
    let root = dir.join("initramfs");
    for name in ["bin", "proc", "sys", "dev", "usr/sbin", "lib"] {
        fs::create_dir_all(root.join(name)).unwrap();
    }
    symlink("../bin", root.join("usr/bin")).unwrap();
    symlink("usr/sbin", root.join("sbin")).unwrap();
    let executable = |path: &str, text: &str| {
        fs::write(root.join(path), text).unwrap();
        fs::set_permissions(root.join(path), fs::Permissions::from_mode(0o755)).unwrap();
    };
    executable("init", INIT);
    for (name, script) in TOOLS {
        executable(&format!("usr/sbin/{name}"), &format!("#!/bin/sh\n{script}\n"));
    }
    let program = root.join("guest");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    Tool::new("strip").arg(&program).run().unwrap();
    libraries(&root, &program);
    for (name, to) in [
        ("efibootmgr", "usr/sbin/efibootmgr"),
        ("lsblk", "bin/lsblk"),
        ("blkid", "usr/sbin/blkid"),
        ("grub-editenv", "usr/sbin/grub2-editenv"),
        ("busybox", "bin/busybox"),
    ] {
        let from = which(name);
        fs::copy(&from, root.join(to)).unwrap();
        libraries(&root, &from);
    }
    let script = "mkdir -p \"$2/lib/modules\" && cp -a \"$1/lib/modules/$3\" \"$2/lib/modules/\" && cd \"$2/lib/modules/$3/kernel\" \
        && find . -name '*.ko' | grep -vE '/(virtio|virtio_.*|vfat|fat|nls_.*|efivarfs)\\.ko$' | xargs rm -f && depmod -b \"$2\" \"$3\" \
        && cd \"$2\" && find . | cpio --quiet -o -H newc | gzip -1 >\"$4\"";
    Tool::new("sh").args(["-c", script, "-"]).args([unpacked, &root]).arg(version).arg(out).run().unwrap();
}

fn which(name: &str) -> PathBuf {
    let dirs = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map(|dir| Path::new(dir).join(name));
    dirs.into_iter()
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("no {name}; ./dev boot-test installs it"))
}

fn libraries(root: &Path, program: &Path) {
    let said = std::process::Command::new("ldd").arg(program).output().unwrap();
    for path in String::from_utf8_lossy(&said.stdout).split_whitespace().filter(|word| word.starts_with('/'))
    {
        let to = root.join(path.trim_start_matches('/'));
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(path, to).unwrap();
    }
}
