//! The packages that only one of the two distributions has in this form, made by code.

use crate::rpm_builder::RpmBuilder;

use super::Side;

/// A package, and the repository that it is in.
pub(super) type Placed = (&'static str, RpmBuilder);

/// Everything that is made for a distribution beside what both have.
pub(super) fn of(side: Side, key: &str) -> Vec<Placed> {
    let mut all = vec![
        ("BaseOS", kernel(side)),
        ("BaseOS", alternatives(side)),
        ("BaseOS", grub(side)),
        ("BaseOS", steward(side)),
        ("BaseOS", steward_libs(side)),
        ("BaseOS", quarry(side)),
        ("AppStream", java(side, 17, side.pick(10, 12))),
        ("AppStream", java(side, 21, side.pick(2, 4))),
        ("AppStream", scribe(side, "5", "5.1", side.pick(1, 2))),
        ("AppStream", scribe(side, "6", "6.0", 1)),
    ];
    match side {
        Side::Tarnholt => all.extend([
            ("BaseOS", stationery(side, "1.0").file("/usr/share/stationery/paper", "A4 of Tarnholt\n")),
            ("AppStream", made(side, "netwatch", "1.0", 4).file("/usr/bin/netwatch", "#!/bin/sh\necho 1\n")),
            (
                "AppStream",
                made(side, "heron-guide", "9", 1).file("/usr/share/heron-guide/guide", "A grey heron.\n"),
            ),
        ]),
        Side::Kestrel => {
            all.push(("BaseOS", stationery(side, "1.1").requires("stationery-common = 1.1")));
            let common = made(side, "stationery-common", "1.1", 1).tag("Conflicts", "stationery < 1.1");
            all.push(("BaseOS", common.file("/usr/share/stationery/paper", "A4 of Kestrel\n")));
            let watch =
                made(side, "netwatchd", "2.0", 1).tag("Obsoletes", "netwatch < 2").provides("netwatch = 2.0");
            all.push(("AppStream", watch.file("/usr/bin/netwatch", "#!/bin/sh\necho 2\n")));
            all.extend(release(key));
        }
    }
    all
}

/// A package of a side: its vendor, its release tag.
fn made(side: Side, name: &str, version: &str, release: u32) -> RpmBuilder {
    let release = format!("{release}{}", side.dist());
    RpmBuilder::new(name, version).release(&release).tag("Vendor", side.vendor())
}

/// Files in /boot, several versions side by side, and what its scriptlets make.
fn kernel(side: Side) -> RpmBuilder {
    let release = side.pick("427.el9", "427.13.1.el9_4");
    let version = format!("5.14.0-{release}.x86_64");
    let entry = format!("/boot/loader/entries/0123456789abcdef0123456789abcdef-{version}.conf");
    let post = format!(
        "mkdir -p /boot/loader/entries\nseq 1 20000 > /boot/initramfs-{version}.img\n\
         printf 'title {} ({version})\\nversion {version}\\nlinux /vmlinuz-{version}\\ninitrd /initramfs-{version}.img\\n' > {entry}",
        side.name()
    );
    let image = format!("a kernel of {}\n", side.name()).repeat(40_000);
    RpmBuilder::new("kernel-core", "5.14.0")
        .release(release)
        .arch("x86_64")
        .tag("Vendor", side.vendor())
        .provides(&format!("kernel = 5.14.0-{release}"))
        .provides(&format!("kernel-core-uname-r = {version}"))
        .provides(&format!("kernel-uname-r = {version}"))
        .provides("installonlypkg(kernel)")
        .requires("coreutils")
        .file(&format!("/boot/vmlinuz-{version}"), &image)
        .file(&format!("/boot/config-{version}"), "CONFIG_EFI=y\n")
        .file(&format!("/boot/System.map-{version}"), "ffffffff81000000 T _text\n")
        .file(&format!("/usr/lib/modules/{version}/vmlinuz"), &image)
        .file(&format!("/usr/lib/modules/{version}/modules.order"), "kernel/fs/xfs/xfs.ko\n")
        .ghost(&format!("/boot/initramfs-{version}.img"))
        .scriptlet("%posttrans", &post)
        .scriptlet("%preun", &format!("rm -f {entry}"))
}

/// Enterprise Linux keeps its own lists of alternatives; as far as packages here use it.
fn alternatives(side: Side) -> RpmBuilder {
    made(side, "alternatives", "1.24", 1)
        .requires("bash")
        .file("/usr/sbin/alternatives", include_str!("alternatives.sh"))
        .symlink("/usr/sbin/update-alternatives", "alternatives")
        .directory_as("", "/etc/alternatives")
        .directory_as("", "/var/lib/alternatives")
}

/// The tools of a boot loader; nothing boots here.
fn grub(side: Side) -> RpmBuilder {
    let tools = made(side, "grub2-tools", "2.06", side.pick(70, 77))
        .requires("bash")
        .requires("coreutils")
        .requires("sed")
        .requires("grep")
        .file("/usr/sbin/grub2-editenv", include_str!("grub2.sh"))
        .file_as("%config(noreplace)", "/etc/default/grub", "GRUB_DEFAULT=saved\nGRUB_ENABLE_BLSCFG=true\n");
    let names = ["grub2-set-default", "grub2-reboot", "grub2-mkconfig"];
    names.iter().fold(tools, |tools, name| tools.symlink(&format!("/usr/sbin/{name}"), "grub2-editenv"))
}

/// A service with everything that a file can have: setuid, capabilities, two names, an owner that its package makes.
fn steward(side: Side) -> RpmBuilder {
    let policy = format!("# policy of {}\nallow = {}\n", side.name(), side.pick("local", "local, mesh"));
    let conf = format!("port = {}\nworkers = 4\n", side.pick(7000, 7001));
    made(side, "steward", "1.0", side.pick(1, 2))
        .arch("x86_64")
        .requires("bash")
        .requires("steward-libs = 1.0")
        .tag("Requires(pre)", "shadow-utils")
        .tag("Requires(pre)", "glibc-common")
        .file("/usr/bin/steward", format!("#!/bin/bash\necho steward of {}\n", side.name()))
        .hard_link("/usr/bin/stewardctl", "/usr/bin/steward")
        .file_as("%attr(4755,root,root)", "/usr/libexec/steward-helper", "#!/bin/bash\nid -u\n")
        .file_as(
            "%attr(0755,root,root) %caps(cap_net_raw=ep)",
            "/usr/bin/steward-ping",
            "#!/bin/bash\necho pong\n",
        )
        .file_as("%config(noreplace)", "/etc/steward/steward.conf", conf)
        .file_as("%config", "/etc/steward/policy.conf", policy)
        .file("/usr/lib/systemd/system/steward.service", UNIT)
        .directory_as("%attr(0750,steward,steward)", "/var/lib/steward")
        .scriptlet("%pre", USER)
}

const UNIT: &str = "[Unit]\nDescription=Steward\n[Service]\nExecStart=/usr/bin/steward\n[Install]\nWantedBy=multi-user.target\n";
const USER: &str = "getent group steward >/dev/null || groupadd -r steward\n\
    getent passwd steward >/dev/null || useradd -r -g steward -d /var/lib/steward -s /sbin/nologin steward\nexit 0";

/// The library that a third party's package needs.
fn steward_libs(side: Side) -> RpmBuilder {
    made(side, "steward-libs", "1.0", side.pick(1, 2))
        .arch("x86_64")
        .provides("libsteward.so.1()(64bit)")
        .file("/usr/lib64/steward/libsteward.so.1", format!("a library of {}\n", side.name()))
}

/// Configuration that the vendors have in different words, and the administrator left alone.
fn quarry(side: Side) -> RpmBuilder {
    made(side, "quarry", "3.2", side.pick(5, 6))
        .file("/usr/bin/quarry", "#!/bin/sh\ncat /etc/quarry.conf\n")
        .file_as(
            "%config(noreplace)",
            "/etc/quarry.conf",
            format!("stone = {}\n", side.pick("slate", "granite")),
        )
        .file_as("%config(noreplace)", "/etc/quarry.d/tools.conf", "hammer = 1\n")
}

/// Two of these can be installed side by side; their directories have the whole version in the name.
fn java(side: Side, major: u32, patch: u32) -> RpmBuilder {
    let version = format!("{major}.0.{patch}");
    let home = format!("/usr/lib/jvm/java-{major}-openjdk-{version}-1{}.x86_64", side.dist());
    let priority = major * 100_000 + patch;
    made(side, &format!("java-{major}-openjdk-headless"), &version, 1)
        .arch("x86_64")
        .tag("Requires(post)", "alternatives")
        .tag("Requires(postun)", "alternatives")
        .file(&format!("{home}/bin/java"), format!("#!/bin/sh\necho openjdk {version}\n"))
        .file_as("%config(noreplace)", &format!("{home}/conf/security.policy"), "grant {};\n")
        .scriptlet(
            "%posttrans",
            &format!("alternatives --install /usr/bin/java java {home}/bin/java {priority}"),
        )
        .scriptlet("%postun", &format!("alternatives --remove java {home}/bin/java\nexit 0"))
}

/// A package of a module's stream.
fn scribe(side: Side, stream: &str, version: &str, build: u32) -> RpmBuilder {
    RpmBuilder::new("scribe", version)
        .release(&scribe_release(side, build))
        .arch("x86_64")
        .tag("Vendor", side.vendor())
        .tag(
            "ModularityLabel",
            &format!("scribe:{stream}:{}:{}:x86_64", side.pick(904_001_u64, 904_002), CONTEXT),
        )
        .file("/usr/bin/scribe", format!("#!/bin/sh\necho scribe {version}\n"))
}

const CONTEXT: &str = "5c7e1b2a";

fn scribe_release(side: Side, build: u32) -> String {
    format!("{build}.module_el9+{}+{CONTEXT}", side.pick(101, 202))
}

/// The document of modules that belongs to it.
pub(super) fn modules(side: Side) -> String {
    let stream = |stream: &str, version: &str, build: u32| {
        format!(
            "---\ndocument: modulemd\nversion: 2\ndata:\n  name: scribe\n  stream: \"{stream}\"\n  version: {}\n  context: {CONTEXT}\n  \
             arch: x86_64\n  summary: Scribe {stream}\n  description: Scribe {stream}.\n  license:\n    module: [MIT]\n  \
             dependencies:\n  - requires:\n      platform: [el9]\n  profiles:\n    common:\n      rpms: [scribe]\n  \
             artifacts:\n    rpms:\n    - scribe-0:{version}-{}.x86_64\n...\n",
            side.pick(904_001_u64, 904_002),
            scribe_release(side, build)
        )
    };
    format!(
        "{}{}---\ndocument: modulemd-defaults\nversion: 1\ndata:\n  module: scribe\n  stream: \"6\"\n  profiles:\n    \"6\": [common]\n...\n",
        stream("5", "5.1", side.pick(1, 2)),
        stream("6", "6.0", 1)
    )
}

/// One package in Tarnholt, two in Kestrel.
fn stationery(side: Side, version: &str) -> RpmBuilder {
    made(side, "stationery", version, 1)
        .file("/usr/bin/stationery", "#!/bin/sh\ncat /usr/share/stationery/paper\n")
}

/// Kestrel's own; Tarnholt's are packages of the stand-in upstream.
fn release(key: &str) -> Vec<Placed> {
    let os_release = "NAME=\"Kestrel Linux\"\nVERSION=\"9.4\"\nID=\"kestrel\"\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID=\"9.4\"\n\
        PLATFORM_ID=\"platform:el9\"\nPRETTY_NAME=\"Kestrel Linux 9.4\"\nCPE_NAME=\"cpe:/o:kestrel:linux:9\"\n";
    let side = Side::Kestrel;
    let release = made(side, "kestrel-release", "9.4", 1)
        .provides("system-release = 9.4-1")
        .provides("system-release(releasever) = 9")
        .provides("redhat-release = 9.4-1")
        .provides("base-module(platform:el9)")
        .requires("kestrel-repos(9) = 9.4-1")
        .file("/usr/lib/os-release", os_release)
        .file("/etc/kestrel-release", "Kestrel Linux release 9.4\n")
        .file_as("%config", "/etc/system-release-cpe", "cpe:/o:kestrel:linux:9\n")
        .file_as("%config(noreplace)", "/etc/issue", "\\S\nKernel \\r on an \\m\n\n")
        .file_as("%config(noreplace)", "/etc/issue.net", "\\S\nKernel \\r on an \\m\n")
        .symlink("/etc/os-release", "../usr/lib/os-release")
        .symlink("/etc/redhat-release", "kestrel-release")
        .symlink("/etc/system-release", "kestrel-release")
        .directory_as("", "/etc/issue.d");
    let repos = made(side, "kestrel-repos", "9.4", 1)
        .provides("kestrel-repos(9) = 9.4-1")
        .provides("system-repos = 9.4-1")
        .requires("kestrel-gpg-keys = 9.4")
        .file_as("%config(noreplace)", "/etc/yum.repos.d/kestrel.repo", super::targets::repo_file(side));
    let keys = made(side, "kestrel-gpg-keys", "9.4", 1)
        .directory_as("", "/etc/pki/rpm-gpg")
        .file("/etc/pki/rpm-gpg/RPM-GPG-KEY-kestrel-9", key);
    let logos = made(side, "kestrel-logos", "90.1", 1)
        .provides("system-logos = 90.1")
        .file("/usr/share/pixmaps/kestrel-logo.svg", "<svg/>\n")
        .symlink("/usr/share/pixmaps/system-logo.png", "kestrel-logo.svg");
    vec![("BaseOS", release), ("BaseOS", repos), ("BaseOS", keys), ("BaseOS", logos)]
}

/// Packages of a third party, for machines of either distribution.
pub(super) fn third_party(key: &str) -> Vec<RpmBuilder> {
    let harbour =
        |name: &str, version: &str| RpmBuilder::new(name, version).tag("Vendor", "Harbour Packages");
    let repo = "[harbour]\nname=Harbour Packages for Enterprise Linux 9\nbaseurl=file:///mnt/mirror/harbour\nenabled=1\ngpgcheck=1\n\
        gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-harbour\n";
    vec![
        harbour("harbour-release", "9")
            .file_as("%config(noreplace)", "/etc/yum.repos.d/harbour.repo", repo)
            .file("/etc/pki/rpm-gpg/RPM-GPG-KEY-harbour", key),
        harbour("harbour-agent", "2.4")
            .arch("x86_64")
            .requires("libsteward.so.1()(64bit)")
            .requires("bash")
            .file("/opt/harbour/agent", "#!/bin/bash\necho agent\n")
            .file_as("%config(noreplace)", "/etc/harbour/agent.conf", "token =\n"),
        harbour("harbour-tools", "1.1").file("/opt/harbour/tools", "#!/bin/bash\necho tools\n"),
    ]
}

/// A package that no repository has any more.
pub(super) fn orphan() -> RpmBuilder {
    made(Side::Tarnholt, "bygone", "0.9", 1).file("/usr/bin/bygone", "#!/bin/sh\necho bygone\n")
}
