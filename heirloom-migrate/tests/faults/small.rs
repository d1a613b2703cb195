//! A small machine: a root with bash, rpm and dnf of the host, and a dozen packages of an old vendor; and a target that has them, too.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use heirloom_migrate::assess::assess;
use heirloom_migrate::machine::Machine;
use heirloom_migrate::offer::SeenRepository;
use heirloom_migrate::plan::{
    Action, FileText, PAYLOAD_TYPE, PackageStep, Plan, RepositoryPlan, Source, TargetKey, TargetSeen,
};
use heirloom_migrate::seal::{Envelope, Signer};
use heirloom_model::Digest;
use tempfile::TempDir;
use testkit::gpg::Key;

use super::tree::{Tree, differences, look};
use testkit::rpm_builder::RpmBuilder;

/// The program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_heirloom-migrate");
/// The machine before, and what it is to become.
pub(crate) struct World {
    dir: TempDir,
    pub(crate) plan: Plan,
    signer: Signer,
    theirs: Key,
    /// A key that is nobody's.
    pub(crate) stranger: Key,
}

/// What a package of the test does.
struct Kind {
    name: String,
    old: &'static str,
    new: &'static str,
    action: Action,
    result: String,
}

/// What becomes of each package: name, version before and after, and the one that takes its place; and so many more that are upgraded.
fn kinds(bulk: usize) -> Vec<Kind> {
    let kind = |name: &str, old, new, action, result: &str| Kind {
        name: name.to_owned(),
        old,
        new,
        action,
        result: result.to_owned(),
    };
    let mut kinds = vec![
        kind("old-release", "9.4", "", Action::Swap, "new-release"),
        kind("new-release", "", "9.4", Action::Keep, ""),
        kind("base", "1", "1", Action::Reinstall, "base"),
        kind("app", "1", "2", Action::Upgrade, "app"),
        kind("lib", "3", "2", Action::Downgrade, "lib"),
        kind("conf", "1", "2", Action::Upgrade, "conf"),
        kind("loader", "1", "2", Action::Upgrade, "loader"),
        kind("gone", "1", "", Action::Remove, ""),
        kind("fresh", "", "1", Action::Install, "fresh"),
        kind("theirs", "1", "", Action::ThirdParty, ""),
    ];
    kinds.extend((0..bulk).map(|number| {
        let name = format!("bulk-{number}");
        kind(&name, "1", "2", Action::Upgrade, &name)
    }));
    kinds
}

fn package(name: &str, version: &str, vendor: &str) -> RpmBuilder {
    let text = |what: &str| format!("{what} of {name} {version} by {vendor}\n");
    let builder = RpmBuilder::new(name, version)
        .tag("Vendor", vendor)
        .file(&format!("/usr/share/{name}/one"), text("one"));
    let builder = builder.file(&format!("/usr/share/{name}/two"), text("two").repeat(3000));
    match name {
        "base" => builder.provides("/bin/sh").provides("/usr/bin/sh"),
        "old-release" | "new-release" => builder
            .file("/etc/os-release", format!("ID={vendor}\nVERSION_ID=9.4\nPRETTY_NAME=\"{vendor} 9.4\"\n"))
            .provides("system-release = 9.4"),
        "conf" => builder
            .file_as("%config(noreplace)", "/etc/conf.d/conf.conf", text("setting"))
            .file("/usr/lib/conf/written-in-place", text("state"))
            .scriptlet(
                "%post",
                "echo made by a scriptlet > /usr/lib/conf/made; echo line >> /etc/passwd-like",
            ),
        "loader" => builder.file("/boot/vmlinuz-test", text("kernel").repeat(5000)),
        "gone" => builder.file("/var/lib/gone/data", text("data")).file("/opt/gone/tool", "#!/bin/sh\n"),
        "fresh" => {
            builder.file("/opt/fresh/deep/er/file", text("file")).file("/usr/bin/fresh", "#!/bin/sh\n")
        }
        _ => builder,
    }
}

fn build(builder: RpmBuilder, into: &Path) -> PathBuf {
    builder.build(into).unwrap().binary
}

impl World {
    /// Makes all of it.
    pub(crate) fn new(bulk: usize) -> Self {
        let dir = tempfile::Builder::new().prefix("faults-").tempdir().unwrap();
        let kinds = kinds(bulk);
        let [root, old, mirror] = ["root", "old", "mirror"].map(|name| dir.path().join(name));
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/root.sh");
        must(Command::new("bash").arg(script).arg(&root));
        let [ours, theirs, stranger] = ["Old", "New", "Nobody"]
            .map(|name| Key::throwaway(&format!("{name} <key@{name}.example>")).unwrap());
        for dir in [&old, &mirror] {
            fs::create_dir(dir).unwrap();
        }
        let (mut before, mut after) = (Vec::new(), BTreeMap::new());
        for kind in &kinds {
            if !kind.old.is_empty() {
                before.push(build(package(&kind.name, kind.old, "old"), &old));
            }
            if !kind.new.is_empty() {
                after.insert(kind.name.clone(), build(package(&kind.name, kind.new, "new"), &mirror));
            }
        }
        ours.sign_rpms(&before).unwrap();
        theirs.sign_rpms(&after.values().cloned().collect::<Vec<_>>()).unwrap();
        install(&root, &before, &ours);
        let signer = Signer::make(&dir.path().join("signer"), "test").unwrap();
        let signers = root.join("etc/heirloom-migrate/signers");
        fs::create_dir_all(&signers).unwrap();
        fs::copy(dir.path().join("signer.pub"), signers.join("test.pub")).unwrap();
        let plan = plan(&root, &kinds, &after, &theirs);
        Self { dir, plan, signer, theirs, stranger }
    }

    /// A copy of the machine, with the plan at `/plan.json` and the target's packages at `/mnt/mirror`.
    pub(crate) fn copy(&self, name: &str) -> Copy {
        self.copy_with(name, &self.plan)
    }

    pub(crate) fn copy_with(&self, name: &str, plan: &Plan) -> Copy {
        let memory = Path::new("/dev/shm");
        let dir = tempfile::Builder::new().prefix(&format!("faults-{name}-")).tempdir_in(memory).unwrap();
        let root = dir.path().join("root");
        must(Command::new("cp").args(["-a"]).arg(self.dir.path().join("root")).arg(&root));
        let mirror = root.join("home/mirror");
        must(Command::new("cp").arg("-a").arg(self.dir.path().join("mirror")).arg(&mirror));
        let envelope = Envelope::seal(PAYLOAD_TYPE, &serde_json::to_vec(plan).unwrap(), &self.signer);
        fs::write(root.join("home/plan.json"), envelope.to_bytes()).unwrap();
        Copy { dir, before: look(&root, false) }
    }

    /// Signs a package as the target does.
    pub(crate) fn sign(&self, path: &Path) {
        self.theirs.sign_rpms(&[path.to_owned()]).unwrap();
    }

    pub(crate) fn mirror(&self) -> PathBuf {
        self.dir.path().join("mirror")
    }
}

fn install(root: &Path, packages: &[PathBuf], key: &Key) {
    let inside = root.join("tmp/packages");
    fs::create_dir(&inside).unwrap();
    for path in packages {
        fs::copy(path, inside.join(path.file_name().unwrap())).unwrap();
    }
    fs::write(inside.join("key.asc"), key.public().unwrap()).unwrap();
    for node in ["null:3", "urandom:9"] {
        let (name, minor) = node.split_once(':').unwrap();
        must(
            Command::new("mknod")
                .args(["-m", "666"])
                .arg(root.join("dev").join(name))
                .args(["c", "1", minor]),
        );
    }
    let script = "rpmkeys --import /tmp/packages/key.asc && rpm -i --nosignature --nodeps /tmp/packages/*.rpm && rm -r /tmp/packages";
    must(Command::new("chroot").arg(root).args(["/bin/sh", "-c", script]));
    fs::write(root.join("etc/conf.d/conf.conf"), "changed by the administrator\n").unwrap();
    fs::write(
        root.join("etc/yum.repos.d/old.repo"),
        "[old]\nname=Old\nbaseurl=https://old.example/\nenabled=1\n",
    )
    .unwrap();
    fs::create_dir_all(root.join("usr/lib/unowned")).unwrap();
    fs::write(root.join("usr/lib/unowned/cache"), "of no package").unwrap();
}

fn plan(root: &Path, kinds: &[Kind], after: &BTreeMap<String, PathBuf>, key: &Key) -> Plan {
    let machine = Machine::at(root).unwrap();
    let facts = assess(&machine, 1_700_000_000, "test");
    let installed =
        |name: &str| facts.packages.iter().find(|it| it.nevra.name() == name).map(|it| it.nevra.clone());
    let steps = kinds.iter().filter(|kind| kind.action != Action::Keep).map(|kind| PackageStep {
        action: kind.action,
        installed: installed(&kind.name),
        result: after.get(&kind.result).map(|path| source(path)),
        kept_as: "user".to_owned(),
        reason: "a test".to_owned(),
    });
    let fingerprint = key.fingerprint().to_lowercase();
    let repository = SeenRepository {
        id: "new".to_owned(),
        place: "file:///home/mirror".to_owned(),
        revision: "1".to_owned(),
        repomd: Digest::of(b""),
    };
    Plan {
        format: 1,
        program: "test".to_owned(),
        made: 1_700_000_000,
        machine: facts.machine.clone(),
        state: facts.database.state.clone(),
        from: "Old 9.4".to_owned(),
        target: TargetSeen {
            id: "new".to_owned(),
            name: "New".to_owned(),
            version: "9.4".to_owned(),
            file: Digest::of(b""),
            signer: fingerprint.clone(),
            certificates: key.public().unwrap(),
            repositories: vec![repository],
            boot: None,
        },
        checks: Vec::new(),
        packages: steps.collect(),
        repositories: RepositoryPlan {
            disabled: vec![("/etc/yum.repos.d/old.repo".to_owned(), vec!["old".to_owned()])],
            written: vec![FileText {
                path: "/etc/yum.repos.d/new.repo".to_owned(),
                text: "[new]\nname=New\nbaseurl=https://new.example/\n".to_owned(),
            }],
            kept: Vec::new(),
        },
        keys: vec![TargetKey { fingerprint, present: false }],
        keys_removed: Vec::new(),
        kernels_removed: Vec::new(),
        snapshot: None,
        modules: Vec::new(),
        configuration: Vec::new(),
        boot: Default::default(),
        services: Vec::new(),
        space: Vec::new(),
        download: 0,
        expected_seconds: 1,
    }
}

/// A package as a plan has it.
pub(crate) fn source(path: &Path) -> Source {
    let bytes = fs::read(path).unwrap();
    let header = heirloom_formats::rpm_file::Header::open(path).unwrap();
    Source {
        nevra: header.nevra,
        repository: "new".to_owned(),
        location: path.file_name().unwrap().to_string_lossy().into_owned(),
        digest: Digest::of(&bytes),
        size: bytes.len() as u64,
        installed_size: 0,
    }
}

/// A machine to break.
pub(crate) struct Copy {
    dir: TempDir,
    before: Tree,
}

/// What a run of the program gave.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) said: String,
}

/// Mounts what a machine has, in namespaces of its own, and runs the program in it. `$3` goes before it: a tracer.
const RUN: &str = r#"set -e
root=$1 program=$2 before=$3
shift 3
mount --make-rprivate /
mount --rbind "$root" "$root"
mount -t proc proc "$root/proc"
mkdir -p "$root/usr/local/bin" "$root/usr/local/lib"
touch "$root/usr/local/bin/heirloom-migrate"
mount --bind "$program" "$root/usr/local/bin/heirloom-migrate"
exec $before chroot "$root" /usr/local/bin/heirloom-migrate "$@"
"#;

impl Copy {
    pub(crate) fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    /// Runs the program in the machine, to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_under("", arguments)
    }

    /// Starts it, and cuts the power when this is true.
    pub(crate) fn run_until(&self, arguments: &[&str], mut is_time: impl FnMut(&Path) -> bool) {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--pid", "--ipc", "--fork", "--kill-child", "bash", "-c", RUN, "run"]);
        command.arg(self.root()).args([PROGRAM, ""]).args(arguments);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let current = self.root().join("var/lib/heirloom-migrate/current");
        while !is_time(&current) {
            assert!(child.try_wait().unwrap().is_none(), "it ended before its time");
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// The same under a tracer.
    pub(crate) fn run_under(&self, tracer: &str, arguments: &[&str]) -> Ran {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--pid", "--ipc", "--fork", "--kill-child", "bash", "-c", RUN, "run"]);
        command.arg(self.root()).args([PROGRAM, tracer]).args(arguments).stdin(Stdio::null());
        let output = command.output().unwrap();
        Ran { code: output.status.code().unwrap_or(-1), said: said(&output) }
    }

    /// Whether it is as it was before.
    pub(crate) fn is_before(&self) -> Result<(), String> {
        differences(&self.before, &look(&self.root(), false))
    }

    /// Goes on elsewhere, as a disk does in another machine; what was written last can be torn.
    pub(crate) fn cut(self, is_torn: bool) -> Self {
        let dir = tempfile::Builder::new().prefix("faults-cut-").tempdir_in("/dev/shm").unwrap();
        must(Command::new("cp").arg("-a").arg(self.root()).arg(dir.path().join("root")));
        let journal = dir.path().join("root/var/lib/heirloom-migrate/current/journal");
        if is_torn && let Ok(bytes) = fs::read(&journal) {
            let last = bytes.len()
                - bytes.iter().rev().skip(1).position(|byte| *byte == b'\n').unwrap_or(bytes.len() - 1)
                - 1;
            fs::write(&journal, &bytes[..(last + bytes.len()) / 2]).unwrap();
        }
        Self { dir, before: self.before.clone() }
    }

    /// The root, or a directory of it, on a file system of its own with so many bytes free.
    pub(crate) fn on_small(&self, dir: &str, free: u64) -> Small {
        let place = self.root().join(dir.trim_start_matches('/'));
        let aside = self.dir.path().join("aside");
        fs::rename(&place, &aside).unwrap();
        fs::create_dir(&place).unwrap();
        must(Command::new("mount").args(["-t", "tmpfs", "-o", "size=4g,mode=755", "tmpfs"]).arg(&place));
        must(Command::new("cp").args(["-a", "-T"]).arg(&aside).arg(&place));
        let used = rustix::fs::statvfs(&place).map(|fs| (fs.f_blocks - fs.f_bfree) * fs.f_frsize).unwrap();
        must(Command::new("mount").args(["-o", &format!("remount,size={}", used + free)]).arg(&place));
        Small { place }
    }

    pub(crate) fn journal(&self) -> String {
        fs::read_to_string(self.root().join("var/lib/heirloom-migrate/current/journal")).unwrap_or_default()
    }

    pub(crate) fn packages(&self) -> String {
        let mut list: Vec<String> = said(
            &Command::new("chroot")
                .arg(self.root())
                .args(["rpm", "-qa", "--qf", "%{NEVRA} %{RSAHEADER:pgpsig}\n"])
                .output()
                .unwrap(),
        )
        .lines()
        .map(str::to_owned)
        .collect();
        list.sort();
        list.join("\n")
    }
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

pub(crate) fn must(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", said(&output));
    said(&output)
}

/// A package with the same name and another content.
pub(crate) fn rebuilt(
    name: &str,
    version: &str,
    with: impl FnOnce(RpmBuilder) -> RpmBuilder,
    key: Option<&Key>,
    into: &Path,
) -> PathBuf {
    let path = build(with(package(name, version, "new")), into);
    if let Some(key) = key {
        key.sign_rpms(std::slice::from_ref(&path)).unwrap();
    }
    path
}

/// A plan with another package in the place of the one with this name.
pub(crate) fn with_source(plan: &Plan, path: &Path) -> Plan {
    let (mut plan, new) = (plan.clone(), source(path));
    for step in &mut plan.packages {
        if let Some(result) = step.result.as_mut().filter(|result| result.nevra.name() == new.nevra.name()) {
            *result = new.clone();
        }
    }
    plan
}

/// A small file system of a test; it goes when this is dropped.
pub(crate) struct Small {
    place: PathBuf,
}

impl Small {
    /// There is room now.
    pub(crate) fn widen(&self) {
        must(Command::new("mount").args(["-o", "remount,size=4g"]).arg(&self.place));
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.place).status();
    }
}
