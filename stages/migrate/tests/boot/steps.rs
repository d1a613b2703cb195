//! Steps on a made-up machine. `efibootmgr` is a script here that keeps its state in files and prints like version 16: what is tried is that its
//! output is understood and that steps can be done twice, not the tool itself. With the real one they are done in the virtual machines of `tests/qemu`.

use heirloom_migrate::boot::{self, BootError};
use heirloom_migrate::plan::BootStep;

use crate::root::{Root, files};

/// State: `/nvram/order`, `next`, and for each entry `Boot0003`: star or space, label and path. `/nvram/dev_sda-1` is what is said of a partition.
const EFIBOOTMGR: &str = r#"
cd /nvram
get() { value=; [ ! -f "$1" ] || IFS= read -r value <"$1" || :; }
put() { printf '%s\n' "$2" >"$1"; }
verbose= action= number= disk= part= label= loader= list=
while [ $# -gt 0 ]; do
    case "$1" in
    -q) ;; -v) verbose=1 ;;
    -C) [ ! -f old ] || { echo "efibootmgr: invalid option -- 'C'" >&2; exit 1; }; action=create ;;
    -c) action=first ;;
    -d) disk=$2; shift ;; -p) part=$2; shift ;; -L) label=$2; shift ;; -l) loader=$2; shift ;;
    -b) number=$2; shift ;; -B) action=delete ;; -a) action=active ;;
    -n) action=next list=$2; shift ;; -N) action=nonext ;; -o) action=order list=$2; shift ;;
    *) echo "invalid option $1" >&2; exit 1 ;;
    esac
    shift
done
printf '%s\n' "$action" >>calls
case "$action" in
create|first)
    [ ! -f full ] || { echo "Could not prepare Boot variable: No space left on device" >&2; exit 5; }
    name=
    for digit in 0 1 2 3 4 5 6 7 8 9 A; do
        get "Boot000$digit"
        if [ -z "$value" ]; then name=000$digit; break; fi
    done
    key=${disk#/dev/}-$part
    get "$key"; [ -n "$value" ] || { echo "Could not open $disk" >&2; exit 3; }
    put "Boot$name" "* $label	HD($part,GPT,$value,0x800,0x64000)/File($loader)"
    if [ $action = first ]; then get order; put order "$name,$value"; fi ;;
delete)
    get "Boot$number"; [ -n "$value" ] || { echo "Boot entry $number not found" >&2; exit 6; }
    : >"Boot$number"
    get order; left=; IFS=,
    for one in $value; do [ "$one" = "$number" ] || left=$left${left:+,}$one; done
    put order "$left" ;;
active) get "Boot$number"; put "Boot$number" "*${value#?}" ;;
next) get "Boot$list"; [ -n "$value" ] || exit 7; put next "$list" ;;
nonext) : >next ;;
order)
    IFS=,
    for one in $list; do get "Boot$one"; [ -n "$value" ] || { echo "Invalid BootOrder order entry value$one" >&2; exit 8; }; done
    put order "$list" ;;
esac
if [ -n "$verbose" ]; then
    get next; [ -z "$value" ] || echo "BootNext: $value"
    echo "BootCurrent: 0001"; echo "Timeout: 1 seconds"
    get order; echo "BootOrder: $value"
    for file in Boot*; do get "$file"; [ -z "$value" ] || printf '%s%s\n' "$file" "$value"; done
fi
exit 0
"#;

const OLD: &str = "* Old Linux\tHD(1,GPT,aaaaaaaa-0000-4000-8000-000000000001,0x800,0x64000)/File(\\EFI\\old\\shimx64.efi)\n";
const WINDOWS: &str = "* Windows Boot Manager\tHD(2,GPT,aaaaaaaa-0000-4000-8000-000000000002,0x64800,0x64000)/File(\\EFI\\Microsoft\\Boot\\bootmgfw.efi)WINDOWS...\n";
const ELSEWHERE: &str = "* Old Linux\tHD(1,GPT,cccccccc-0000-4000-8000-000000000001,0x800,0x64000)/File(\\EFI\\old\\shimx64.efi)\n";

fn machine() -> Root {
    let root = Root::new();
    root.tool("efibootmgr", EFIBOOTMGR);
    root.write("/nvram/Boot0000", WINDOWS);
    root.write("/nvram/Boot0001", OLD);
    root.write("/nvram/Boot0003", ELSEWHERE);
    root.write("/nvram/order", "0001,0000,0003\n");
    root.write("/nvram/sda-1", "aaaaaaaa-0000-4000-8000-000000000001\n");
    root.write("/nvram/sdb-1", "bbbbbbbb-0000-4000-8000-000000000001\n");
    root
}

fn create(disk: &str) -> BootStep {
    let id = if disk == "sda" { 'a' } else { 'b' };
    BootStep::CreateEntry {
        disk: format!("/dev/{disk}"),
        partition: 1,
        label: "Kestrel Linux".to_owned(),
        loader: r"\EFI\kestrel\shimx64.efi".to_owned(),
        partition_id: format!("{}-0000-4000-8000-000000000001", id.to_string().repeat(8)),
    }
}

/// Each step is done twice, the second time as after a crash that lost what was noted of the first.
fn twice(root: &Root, step: &BootStep, made: &mut Vec<u16>) {
    let mut lost = made.clone();
    boot::run(&root.machine(), step, &mut lost).unwrap();
    boot::run(&root.machine(), step, made).unwrap();
    assert_eq!(*made, lost, "{step:?}");
}

fn line(root: &Root, name: &str) -> String {
    root.read(&format!("/nvram/{name}")).unwrap_or_default().trim().to_owned()
}

#[test]
fn entries_are_made_booted_once_and_put_first() {
    let root = machine();
    let mut made = Vec::new();
    twice(&root, &create("sda"), &mut made);
    twice(&root, &create("sdb"), &mut made);
    assert_eq!(made, [2, 4], "free numbers are taken");
    assert_eq!(
        line(&root, "order"),
        "0001,0000,0003",
        "nothing comes into the order before it is known to work"
    );
    twice(&root, &BootStep::BootOnce, &mut made);
    assert_eq!(line(&root, "next"), "0002");
    twice(&root, &BootStep::PutFirst, &mut made);
    assert_eq!(line(&root, "order"), "0002,0004,0001,0000,0003");
    let loader = r"\efi\OLD\shimx64.efi".to_owned();
    let partitions = vec!["aaaaaaaa-0000-4000-8000-000000000001".to_owned()];
    twice(&root, &BootStep::DeleteEntries { loader, partitions }, &mut made);
    assert_eq!(
        line(&root, "order"),
        "0002,0004,0000,0003",
        "another installation of the old vendor keeps its entry"
    );
    assert_eq!(line(&root, "Boot0001"), "");
    assert_eq!(line(&root, "Boot0000"), WINDOWS.trim());
    let calls = line(&root, "calls");
    assert_eq!(calls.lines().filter(|call| *call == "create").count(), 2, "an entry is made once: {calls}");
}

#[test]
fn the_way_back_leaves_what_was() {
    let root = machine();
    let mut made = Vec::new();
    twice(&root, &create("sda"), &mut made);
    twice(&root, &BootStep::BootOnce, &mut made);
    twice(&root, &BootStep::PutFirst, &mut made);
    let step = BootStep::RestoreEntries { order: vec![1, 0, 3], existing: vec![0, 1, 3] };
    let mut lost = made.clone();
    boot::run(&root.machine(), &step, &mut lost).unwrap();
    boot::run(&root.machine(), &step, &mut made).unwrap();
    assert_eq!((line(&root, "order").as_str(), line(&root, "next").as_str()), ("0001,0000,0003", ""));
    assert_eq!((line(&root, "Boot0002"), line(&root, "Boot0001")), (String::new(), OLD.trim().to_owned()));
    assert!(made.is_empty());
}

#[test]
fn an_entry_that_was_there_before_is_used_and_stays() {
    let root = machine();
    root.write("/nvram/Boot0005", "  Kestrel\tHD(1,GPT,aaaaaaaa-0000-4000-8000-000000000001,0x800,0x64000)/\\EFI\\KESTREL\\SHIMX64.EFI\n");
    let mut made = Vec::new();
    twice(&root, &create("sda"), &mut made);
    assert_eq!(made, [5]);
    assert!(line(&root, "Boot0005").starts_with('*'), "it is made active");
    boot::run(
        &root.machine(),
        &BootStep::RestoreEntries { order: vec![1, 0, 9], existing: vec![0, 1, 3, 5] },
        &mut made,
    )
    .unwrap();
    assert!(line(&root, "Boot0005").contains("Kestrel"));
    assert_eq!(line(&root, "order"), "0001,0000", "an entry that is gone is left out of the order");
}

#[test]
fn a_tool_that_can_not_only_create_has_its_order_put_right() {
    let root = machine();
    root.write("/nvram/old", "");
    let mut made = Vec::new();
    twice(&root, &create("sda"), &mut made);
    assert_eq!((made, line(&root, "order").as_str()), (vec![2], "0001,0000,0003"));
}

#[test]
fn what_fails_is_said() {
    let root = machine();
    root.write("/nvram/full", "");
    let error = boot::run(&root.machine(), &create("sda"), &mut Vec::new()).unwrap_err();
    assert!(error.to_string().contains("No space left on device"), "{error}");
    let error = boot::run(&root.machine(), &BootStep::BootOnce, &mut Vec::new()).unwrap_err();
    assert!(matches!(error, BootError::NothingMade));
    let error = boot::run(&root.machine(), &BootStep::WriteMenu { path: "/x".to_owned() }, &mut Vec::new())
        .unwrap_err();
    assert!(error.to_string().contains("grub2-mkconfig -o /x"), "{error}");
}

#[test]
fn the_old_boot_loader_is_there_until_the_end() {
    let root = machine();
    let old = "/boot/efi/EFI/old";
    let directory = || old.to_owned();
    for (file, content) in [
        ("shimx64.efi", "old shim"),
        ("BOOTX64.CSV", "csv"),
        ("fonts/unicode.pf2", "font"),
        ("grub.cfg", "configfile x\n"),
    ] {
        root.write(&format!("{old}/{file}"), content);
    }
    root.write("/boot/efi/EFI/Microsoft/Boot/bootmgfw.efi", "windows");
    let mut made = Vec::new();
    twice(&root, &BootStep::KeepLoader { directory: directory() }, &mut made);
    // The transaction: rpm removes the package's files; an administrator's stays.
    for file in ["shimx64.efi", "BOOTX64.CSV", "fonts/unicode.pf2"] {
        std::fs::remove_file(root.place(&format!("{old}/{file}"))).unwrap();
    }
    root.write(&format!("{old}/notes.txt"), "mine");
    // Keeping again now must not forget what was.
    twice(&root, &BootStep::KeepLoader { directory: directory() }, &mut made);
    twice(&root, &BootStep::PutLoaderBack { directory: directory() }, &mut made);
    assert_eq!(files(&root.place(old)), ["fonts/unicode.pf2", "grub.cfg", "notes.txt", "shimx64.efi"]);
    // The stub of the target is like the old one, and is not written over.
    let stub = BootStep::WriteStub {
        path: "/boot/efi/EFI/kestrel/grub.cfg".to_owned(),
        like: format!("{old}/grub.cfg"),
    };
    twice(&root, &stub, &mut made);
    assert_eq!(root.read("/boot/efi/EFI/kestrel/grub.cfg").unwrap(), "configfile x\n");
    twice(&root, &BootStep::RemoveLoader { directory: directory() }, &mut made);
    assert_eq!(
        files(&root.place("/boot/efi")),
        ["EFI/Microsoft/Boot/bootmgfw.efi", "EFI/kestrel/grub.cfg", "EFI/old/notes.txt"]
    );
    assert!(files(&root.place("/var/lib/heirloom-migrate")).is_empty());
}

#[test]
fn another_system_partition_gets_a_copy_and_loses_it() {
    let root = machine();
    root.write("/boot/efi/EFI/kestrel/shimx64.efi", "shim");
    root.write("/boot/efi2/EFI/old/shimx64.efi", "old");
    let to = "/boot/efi2/EFI/kestrel".to_owned();
    let mut made = Vec::new();
    twice(
        &root,
        &BootStep::CopyLoader { from: "/boot/efi/EFI/kestrel".to_owned(), to: to.clone() },
        &mut made,
    );
    assert_eq!(files(&root.place("/boot/efi2")), ["EFI/kestrel/shimx64.efi", "EFI/old/shimx64.efi"]);
    twice(&root, &BootStep::RemoveCopy { directory: to }, &mut made);
    assert_eq!(files(&root.place("/boot/efi2")), ["EFI/old/shimx64.efi"]);
}

#[test]
fn only_directories_of_boot_loaders_are_touched() {
    let root = machine();
    root.write("/etc/passwd", "root");
    for directory in ["/etc", "/boot/efi/EFI", "/boot/efi/EFI/..", "/boot/efi/EFI/"] {
        let step = BootStep::RemoveCopy { directory: directory.to_owned() };
        let error = boot::run(&root.machine(), &step, &mut Vec::new()).unwrap_err();
        assert!(matches!(error, BootError::NoLoaderDirectory { .. }), "{directory}: {error}");
    }
    assert!(root.read("/etc/passwd").is_some());
}

#[test]
fn a_link_does_not_lead_out_of_the_machine() {
    let root = machine();
    let outside = tempfile::tempdir().unwrap();
    root.link("/boot/efi", outside.path().to_str().unwrap());
    let step = BootStep::WriteStub { path: "/boot/efi/EFI/kestrel/grub.cfg".to_owned(), like: String::new() };
    assert!(boot::run(&root.machine(), &step, &mut Vec::new()).is_err());
    assert!(files(outside.path()).is_empty());
}

const LOG: &str = "printf '%s\\n' \"$0 $*\" >>/calls\n";

#[test]
fn kernels_are_named_as_the_menu_names_them() {
    let root = machine();
    for tool in ["grub2-reboot", "grub2-set-default", "grub2-editenv"] {
        root.tool(tool, LOG);
    }
    let kernel = || "5.14.0-1.el9.x86_64".to_owned();
    let once = || BootStep::BootKernelOnce { kernel: kernel() };
    let error = boot::run(&root.machine(), &once(), &mut Vec::new()).unwrap_err();
    assert!(matches!(error, BootError::NotInMenu { .. }));
    // By the title in a menu of EL7, below its submenu.
    root.write(
        "/boot/grub2/grub.cfg",
        "submenu 'More' {\nmenuentry 'Old (5.14)' {\n linux16 /vmlinuz-5.14.0-1.el9.x86_64 ro\n}\n}\n",
    );
    boot::run(&root.machine(), &once(), &mut Vec::new()).unwrap();
    // By the name of its file.
    root.write(
        "/boot/loader/entries/abc-5.14.0-1.el9.x86_64.conf",
        "title x\nversion 5.14.0-1.el9.x86_64\nlinux /vmlinuz-5.14.0-1.el9.x86_64\n",
    );
    boot::run(&root.machine(), &once(), &mut Vec::new()).unwrap();
    // Without grubby; the next boot that was set is taken back.
    root.write("/boot/grub2/grubenv", "# GRUB Environment Block\nsaved_entry=a\nnext_entry=b\n");
    boot::run(&root.machine(), &BootStep::SetDefaultKernel { kernel: kernel() }, &mut Vec::new()).unwrap();
    root.write("/boot/grub2/grubenv", "# GRUB Environment Block\nsaved_entry=a\n");
    root.tool("grubby", LOG);
    boot::run(&root.machine(), &BootStep::SetDefaultKernel { kernel: kernel() }, &mut Vec::new()).unwrap();
    let calls = root.read("/calls").unwrap();
    let names: Vec<&str> = calls.lines().map(|call| call.rsplit_once("sbin/").unwrap().1).collect();
    assert_eq!(
        names,
        [
            "grub2-reboot More>Old (5.14)",
            "grub2-reboot abc-5.14.0-1.el9.x86_64",
            "grub2-set-default abc-5.14.0-1.el9.x86_64",
            "grub2-editenv - unset next_entry",
            "grubby --set-default /boot/vmlinuz-5.14.0-1.el9.x86_64",
        ]
    );
}
