//! Cases as text, in the manner of libsolv's: a line for each package, and one for each step that is expected.
//!
//! ```text
//! vendor bash-5.1-1.el9.x86_64 | req: glibc >= 2.34, /bin/sh | why: user
//! other  agent-1-1.x86_64                  installed, someone else's
//! target bash-5.1-2.el9.x86_64             installed, the target's
//! offer  bash-5.1-2.el9.x86_64 | file: /bin/sh
//! stream php:8.1 default = php-8.1-1.x86_64
//! module php:8.1 enabled 3
//! =
//! upgrade bash-5.1-1.el9.x86_64 -> bash-5.1-2.el9.x86_64
//! risk    downgrades
//! ```

use std::collections::BTreeMap;
use std::sync::LazyLock;

use heirloom_formats::openpgp::Keyring;
use heirloom_migrate::check::Level;
use heirloom_migrate::facts::{Assessment, InstalledFact, ModuleFact, Mount};
use heirloom_migrate::offer::{Offer, Offered, OfferedStream, SeenRepository};
use heirloom_migrate::plan::{Action, Inputs, Options, Plan, make};
use heirloom_migrate::target::{Target, Verified};
use heirloom_model::{Dependency, Digest, Nevra, Package, PackageFile};
use testkit::gpg::Key;

/// The target's key.
pub(super) static KEY: LazyLock<Key> = LazyLock::new(|| Key::throwaway("Kestrel").unwrap());
static CERTIFICATES: LazyLock<String> = LazyLock::new(|| KEY.public().unwrap());
static KEY_ID: LazyLock<String> =
    LazyLock::new(|| Keyring::from_armoured(CERTIFICATES.as_bytes()).unwrap().key_ids()[0].clone());

static TARGET: LazyLock<Verified> = LazyLock::new(target);

/// CentOS'.
pub(super) const VENDOR_KEY: &str = "05b555b38483c65d";

pub(super) struct Case {
    pub(super) assessment: Assessment,
    pub(super) target: Verified,
    pub(super) offer: Offer,
    expected: Vec<String>,
}

impl Case {
    pub(super) fn parse(text: &str) -> Self {
        let is_rule = |line: &&str| line.trim() == "=";
        let before: Vec<&str> = text.lines().take_while(|line| !is_rule(line)).collect();
        let after: Vec<&str> = text.lines().skip_while(|line| !is_rule(line)).skip(1).collect();
        let mut case = Self::empty();
        let lines = |lines: &[&str]| -> Vec<String> {
            let lines = lines.iter().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
            lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
        };
        for line in lines(&before) {
            case.line(&line);
        }
        case.assessment.packages.sort_by_key(|it| it.nevra.to_string());
        case.assessment.package_count = case.assessment.packages.len() as u64;
        case.expected = lines(&after);
        case.expected.sort();
        case
    }

    pub(super) fn empty() -> Self {
        let mut assessment = Assessment::default();
        assessment.machine.architecture = "x86_64".to_owned();
        assessment.machine.host = "web1".to_owned();
        assessment.system.id = "centos".to_owned();
        assessment.system.vendor = "centos-stream".to_owned();
        assessment.system.name = "CentOS Stream 9".to_owned();
        assessment.system.major = 9;
        assessment.system.platform = "platform:el9".to_owned();
        assessment.package_manager.name = "dnf".to_owned();
        assessment.package_manager.can_replay = true;
        assessment.database.state = "0123456789abcdef".to_owned();
        let root = Mount { point: "/".to_owned(), free: 100 << 30, size: 200 << 30, ..Mount::default() };
        assessment.mounts = vec![root];
        let offer = Offer {
            repositories: vec![SeenRepository {
                id: "kestrel-baseos".to_owned(),
                place: "https://mirror.example/os".to_owned(),
                revision: "1".to_owned(),
                repomd: Digest::of(b"repomd"),
            }],
            ..Offer::default()
        };
        Self { assessment, target: TARGET.clone(), offer, expected: Vec::new() }
    }

    fn line(&mut self, line: &str) {
        let (kind, rest) = line.split_once(' ').unwrap();
        match kind {
            "vendor" | "other" | "target" => self.assessment.packages.push(installed(kind, rest)),
            "offer" => self.offer.packages.push(offered(rest)),
            "stream" => self.offer.streams.push(stream(rest)),
            "module" => self.assessment.modules.push(module(rest)),
            other => panic!("{other}"),
        }
    }

    pub(super) fn plan(&self) -> Plan {
        self.plan_with(&BTreeMap::new())
    }

    pub(super) fn plan_with(
        &self,
        headers: &BTreeMap<Nevra, Vec<heirloom_formats::rpm_file::FileEntry>>,
    ) -> Plan {
        make(&Inputs {
            assessment: &self.assessment,
            target: &self.target,
            offer: &self.offer,
            headers,
            now: 1_700_000_000,
            program: "0.1.0",
            options: &Options::default(),
        })
    }

    /// Makes the plan and holds it against what is expected: all steps but `third-party` and `keep` of those that are not named, and all findings.
    pub(super) fn check(&self) -> Plan {
        let plan = self.plan();
        let mut found: Vec<String> = plan.packages.iter().map(step).collect();
        let level = |level: Level| match level {
            Level::Blocker => "blocker",
            Level::Risk => "risk",
            Level::Info => "info",
        };
        found.extend(plan.checks.iter().map(|check| format!("{} {}", level(check.level), check.id)));
        let silent = |line: &String| {
            (line.starts_with("keep ") || line.starts_with("third-party ")) && !self.expected.contains(line)
        };
        found.retain(|line| !silent(line));
        found.sort();
        found.dedup();
        let reasons: Vec<String> =
            plan.packages.iter().map(|it| format!("{}: {}", step(it), it.reason)).collect();
        let checks: Vec<String> =
            plan.checks.iter().map(|it| format!("{}: {} -> {}", it.id, it.found, it.advice)).collect();
        assert_eq!(found, self.expected, "\n{}\n{}", reasons.join("\n"), checks.join("\n"));
        plan
    }
}

/// Makes the plan of a case, which must be as expected.
pub(super) fn check(text: &str) -> Plan {
    Case::parse(text).check()
}

/// A step as a line of a case.
pub(super) fn step(step: &heirloom_migrate::plan::PackageStep) -> String {
    let action = match step.action {
        Action::Keep => "keep",
        Action::Reinstall => "reinstall",
        Action::Upgrade => "upgrade",
        Action::Downgrade => "downgrade",
        Action::Swap => "swap",
        Action::Install => "install",
        Action::Remove => "remove",
        Action::Orphan => "orphan",
        Action::ThirdParty => "third-party",
    };
    let result = step.result.as_ref().map(|source| source.nevra.to_string());
    match (&step.installed, result) {
        (Some(old), Some(new)) if old.to_string() == new => format!("{action} {old}"),
        (Some(old), Some(new)) => format!("{action} {old} -> {new}"),
        (Some(one), None) => format!("{action} {one}"),
        (None, new) => format!("{action} {}", new.unwrap_or_default()),
    }
}

fn target() -> Verified {
    let text = format!(
        r#"
format = 1
id = "kestrel"
name = "Kestrel Linux"
version = "9.4"
architectures = ["x86_64"]
platform = "platform:el9"
certificates = """
{}"""
[roles]
release = "kestrel-release"
[[repositories]]
id = "kestrel-baseos"
name = "Kestrel Linux 9 - BaseOS"
baseurls = ["https://mirror.example/kestrel/9/BaseOS/$basearch/os"]
"#,
        *CERTIFICATES
    );
    let target = Target::read("kestrel.toml", &text).unwrap();
    Verified { target, signer: KEY.fingerprint().to_owned(), digest: Digest::of(text.as_bytes()) }
}

struct Fields {
    nevra: Nevra,
    lists: BTreeMap<String, Vec<String>>,
}

impl Fields {
    fn read(text: &str) -> Self {
        let mut parts = text.split(" | ");
        let nevra = parts.next().unwrap().trim().parse().unwrap();
        let lists = parts.map(|part| {
            let (name, list) = part.split_once(':').unwrap();
            (name.to_owned(), list.split(", ").map(|it| it.trim().to_owned()).collect())
        });
        Self { nevra, lists: lists.collect() }
    }

    fn list(&self, name: &str) -> Vec<String> {
        self.lists.get(name).cloned().unwrap_or_default()
    }

    fn dependencies(&self, name: &str) -> Vec<Dependency> {
        self.list(name).iter().map(|it| it.parse().unwrap()).collect()
    }

    fn provides(&self) -> Vec<Dependency> {
        let own = format!("{} = {}", self.nevra.name(), self.nevra.evr());
        let mut all = vec![own.parse().unwrap()];
        all.extend(self.dependencies("prov"));
        all
    }

    fn source(&self) -> String {
        let evr = self.nevra.evr();
        let name = self.list("src").pop().unwrap_or_else(|| self.nevra.name().to_owned());
        format!("{name}-{}-{}.src.rpm", evr.version(), evr.release())
    }
}

fn installed(kind: &str, text: &str) -> InstalledFact {
    let fields = Fields::read(text);
    let (vendor, key) = match kind {
        "vendor" => ("CentOS", VENDOR_KEY.to_owned()),
        "target" => ("Kestrel", KEY_ID.clone()),
        _ => ("Somebody", "1111111111111111".to_owned()),
    };
    let size = fields.list("size").pop().map_or(1000, |it| it.parse().unwrap());
    InstalledFact {
        vendor: vendor.to_owned(),
        key,
        source: fields.source(),
        module: String::new(),
        reason: fields.list("why").pop().unwrap_or_else(|| "user".to_owned()),
        repository: String::new(),
        installed: 1_600_000_000,
        bytes: [("/".to_owned(), size)].into(),
        provides: fields.provides(),
        requires: fields.dependencies("req"),
        conflicts: fields.dependencies("con"),
        obsoletes: fields.dependencies("obs"),
        files: fields.list("file"),
        has_kernel_files: false,
        nevra: fields.nevra,
    }
}

pub(super) fn offered(text: &str) -> Offered {
    let fields = Fields::read(text);
    let file = |path: String| PackageFile { path, is_dir: false, is_ghost: false };
    let package = Package {
        digest: Digest::of(text.as_bytes()),
        size: 500,
        build_time: 0,
        location: format!("Packages/{}", fields.nevra.file_name()),
        source_rpm: fields.source(),
        provides: fields.provides(),
        requires: fields.dependencies("req"),
        conflicts: fields.dependencies("con"),
        obsoletes: fields.dependencies("obs"),
        recommends: Vec::new(),
        suggests: Vec::new(),
        supplements: Vec::new(),
        enhances: Vec::new(),
        files: fields.list("file").into_iter().map(file).collect(),
        nevra: fields.nevra,
    };
    Offered { repository: "kestrel-baseos".to_owned(), package, installed_size: 1000, header: (100, 200) }
}

fn stream(text: &str) -> OfferedStream {
    let (head, packages) = text.split_once('=').unwrap();
    let (id, default) = head.trim().split_once(' ').unwrap_or((head.trim(), ""));
    let (name, stream) = id.split_once(':').unwrap();
    OfferedStream {
        name: name.to_owned(),
        stream: stream.to_owned(),
        is_default: default == "default",
        packages: packages.split_whitespace().map(ToOwned::to_owned).collect(),
    }
}

fn module(text: &str) -> ModuleFact {
    let words: Vec<_> = text.split(' ').collect();
    let (name, stream) = words[0].split_once(':').unwrap();
    ModuleFact {
        name: name.to_owned(),
        stream: stream.to_owned(),
        state: words[1].to_owned(),
        profiles: Vec::new(),
        packages: words[2].parse().unwrap(),
    }
}

/// What every case has: the release packages.
pub(super) const RELEASE: &str = "
vendor centos-stream-release-9.0-26.el9.noarch | prov: system-release = 9.0
offer  kestrel-release-9.4-1.el9.noarch | prov: system-release = 9.4
";
