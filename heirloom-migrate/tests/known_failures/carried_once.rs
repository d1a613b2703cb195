//! One machine with several of the field's troubles at once is carried over, and back; another one is, and stays. Each test looks at one
//! thing that came of it.

use std::sync::OnceLock;

use testkit::machine::{Kind, Side, Tree};

use crate::carried::{PLAN, PROGRAM, carry, key_id, machine, migrate, packages, plan};

/// What came of the first.
struct Back {
    java: String,
    java_is: String,
    verified: String,
    noexec: String,
    differences: Vec<String>,
    label: String,
    /// Exit codes of `dnf makecache`: by the vendor's repositories before, by the target's after.
    upgrade: (i32, i32, String),
    /// Packages that the vendor signed and that are still there, but kernels.
    left: Vec<String>,
}

fn there_and_back() -> &'static Back {
    static BACK: OnceLock<Back> = OnceLock::new();
    BACK.get_or_init(|| {
        let machine = machine(Kind::Small);
        machine
            .sh("sed -i 's|file:///mnt/mirror/tarnholt|https://download.tarnholt.invalid|' /etc/yum.repos.d/tarnholt.repo
                 setfattr -n security.selinux -v system_u:object_r:bin_t:s0 /usr/bin/stationery
                 mount -t tmpfs -o noexec,mode=1777 tmpfs /var/tmp
                 mount -t tmpfs -o noexec,mode=1777 tmpfs /tmp")
            .unwrap();
        let before = Tree::read(machine.root()).unwrap();
        let label = before.0["/usr/bin/stationery"].clone();
        let dead = machine.run(&["dnf", "-q", "-y", "--refresh", "--setopt=skip_if_unavailable=0", "makecache"]).unwrap().code;
        machine.sh("rm -rf /var/cache/dnf/*").unwrap();
        carry(&machine, Side::Kestrel);
        let alive = machine.run(&["dnf", "-q", "-y", "--refresh", "--setopt=skip_if_unavailable=0", "makecache"]).unwrap();
        let id = key_id("tarnholt");
        let is_left = |line: &String| line.ends_with(&id) && !line.starts_with("kernel");
        let left = packages(&machine).into_iter().filter(is_left).collect();
        let java = machine.sh("readlink -e /usr/bin/java; :").unwrap();
        let java_is = machine.run(&["java"]).unwrap().out;
        let verified = migrate(&machine, &["verify"]).out;
        let noexec = machine.sh("findmnt -no OPTIONS /var/tmp").unwrap();
        let back = migrate(&machine, &["rollback"]);
        assert_eq!(back.code, 0, "{}{}", back.out, back.err);
        let mut after = Tree::read(machine.root()).unwrap();
        // The plan is there, and the directory that it is in has another time.
        after.0.remove(PLAN);
        after.0.insert("/srv".to_owned(), before.0["/srv"].clone());
        let differences = before.differences(&after);
        Back { java, java_is, verified, noexec, differences, label, upgrade: (dead, alive.code, alive.err), left }
    })
}

#[test]
fn dead_source_repositories_of_a_machine() {
    // The vendor's repositories are gone, and it was carried over all the same.
    let back = there_and_back();
    let (before, after, said) = &back.upgrade;
    assert_eq!((*before, *after), (1, 0), "the vendor's repositories answer, or the target's do not: {said}");
    assert_eq!(back.left, [""; 0]);
}

#[test]
fn var_tmp_without_programs() {
    let back = there_and_back();
    assert!(back.noexec.contains("noexec"));
    assert_eq!(back.left, [""; 0], "scriptlets failed, and packages with them");
}

#[test]
fn java_leads_to_a_program() {
    let back = there_and_back();
    assert!(back.java.contains("/usr/lib/jvm/") && back.java_is.starts_with("openjdk "), "{}", back.java);
}

#[test]
fn java_that_was_set_by_hand_stays() {
    let back = there_and_back();
    assert!(back.java_is.starts_with("openjdk 17."), "{}: {}", back.java_is, back.verified);
    assert!(!back.verified.contains("changed-alternatives"), "{}", back.verified);
}

#[test]
fn labels_of_selinux_are_put_back() {
    let back = there_and_back();
    assert!(back.label.contains("security.selinux="), "{}", back.label);
    assert_eq!(back.differences, [""; 0]);
}

/// What came of the second: packages with the vendor's signature, keys, whether it was finished.
fn without_a_terminal() -> &'static (Vec<String>, String, bool) {
    static STAYED: OnceLock<(Vec<String>, String, bool)> = OnceLock::new();
    STAYED.get_or_init(|| {
        let machine = machine(Kind::Small);
        let planned = plan(&machine, Side::Kestrel);
        assert_eq!(planned.code, 0, "{}{}", planned.out, planned.err);
        // The terminal goes away a moment after the work began: `timeout` hangs up.
        let lost = machine.run(&["timeout", "--signal=HUP", "2", PROGRAM, "apply", PLAN]).unwrap();
        // It was at work when its terminal went.
        let was_at_work = !migrate(&machine, &["status"]).out.contains("converted");
        let followed = migrate(&machine, &["status", "--follow"]);
        let status = migrate(&machine, &["status"]);
        let verified = migrate(&machine, &["verify"]);
        assert_eq!(verified.code, 0, "{lost:?}\n{followed:?}\n{status:?}\n{verified:?}");
        let finished = migrate(&machine, &["finish", "--force"]);
        assert_eq!(finished.code, 0, "{finished:?}");
        let id = key_id("tarnholt");
        let left = packages(&machine).into_iter().filter(|line| line.ends_with(&id)).collect();
        (left, machine.sh("rpm -qa 'gpg-pubkey*'").unwrap(), was_at_work)
    })
}

#[test]
fn the_terminal_is_lost() {
    let (left, _, was_at_work) = without_a_terminal();
    assert!(was_at_work, "the terminal went too late to show anything");
    assert_eq!(left, &[""; 0], "it was not carried to the end");
}

#[test]
fn the_vendor_s_key_does_not_stay() {
    let (left, keys, _) = without_a_terminal();
    let short = &key_id("tarnholt")[8..];
    assert_eq!(left, &[""; 0]);
    assert!(!keys.contains(short), "{keys}");
    assert!(keys.contains(&key_id("kestrel")[8..]), "{keys}");
}
