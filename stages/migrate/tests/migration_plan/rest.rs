//! What follows for all that is no package; and the page.

use std::collections::BTreeMap;

use heirloom_formats::rpm_file::FileEntry;
use heirloom_migrate::check::Check;
use heirloom_migrate::facts::{Changed, ChangedFile, InstalledKey, RepositoryFact, Service};
use heirloom_migrate::page;
use heirloom_migrate::plan::{Action, ConfigOutcome, headers_needed};

use super::case::{Case, KEY, RELEASE, VENDOR_KEY};

fn changed(path: &str, package: &str, local: &str) -> ChangedFile {
    ChangedFile {
        path: path.to_owned(),
        package: package.parse().unwrap(),
        is_config: true,
        is_noreplace: true,
        change: Changed::Content,
        vendor: "old0".to_owned(),
        local: local.to_owned(),
        algorithm: 8,
    }
}

#[test]
fn configuration_is_foretold_by_three_contents() {
    let mut case = Case::parse(&format!(
        "{RELEASE}
         vendor ssh-1-1.x86_64
         offer  ssh-2-1.x86_64 | file: /etc/a, /etc/b, /etc/c, /etc/d
         vendor gone-1-1.x86_64 | req: ssh = 1-1
         other  agent-1-1.x86_64"
    ));
    let ssh = "ssh-1-1.x86_64";
    case.assessment.changed = vec![
        changed("/etc/e", ssh, "mine"),
        changed("/etc/a", ssh, "mine"),
        changed("/etc/b", ssh, "mine"),
        changed("/etc/c", ssh, "new0"),
        changed("/etc/d", ssh, "mine"),
        changed("/etc/gone", "gone-1-1.x86_64", "mine"),
        changed("/etc/agent", "agent-1-1.x86_64", "mine"),
    ];
    let outcomes = |plan: &heirloom_migrate::plan::Plan| -> Vec<(String, ConfigOutcome)> {
        plan.configuration.iter().map(|it| (it.path.clone(), it.outcome)).collect()
    };
    let before = case.plan();
    assert_eq!(outcomes(&before)[0], ("/etc/a".to_owned(), ConfigOutcome::Unknown));
    let needs = headers_needed(&before, &case.offer);
    assert_eq!(needs.len(), 1);
    assert_eq!((needs[0].nevra.to_string().as_str(), needs[0].end), ("ssh-2-1.x86_64", 200));
    let file = |path: &str, digest: &str, flags: u32| FileEntry {
        path: path.to_owned(),
        digest: digest.to_owned(),
        mode: 0o100_644,
        flags,
        ..FileEntry::default()
    };
    let files = vec![
        file("/etc/a", "new0", 17),
        file("/etc/b", "new0", 1),
        file("/etc/c", "new0", 17),
        file("/etc/d", "old0", 17),
    ];
    let after = case.plan_with(&BTreeMap::from([(needs[0].nevra.clone(), files)]));
    let expected = [
        ("/etc/a", ConfigOutcome::NewBeside),
        ("/etc/b", ConfigOutcome::SavedBeside),
        ("/etc/c", ConfigOutcome::Same),
        ("/etc/d", ConfigOutcome::Kept),
        ("/etc/e", ConfigOutcome::Removed),
        ("/etc/gone", ConfigOutcome::Removed),
    ];
    let found = outcomes(&after);
    assert_eq!(found.iter().map(|(path, it)| (path.as_str(), *it)).collect::<Vec<_>>(), expected);
    assert!(headers_needed(&after, &case.offer).is_empty());
}

#[test]
fn repositories_and_keys() {
    let mut case = Case::parse(&format!(
        "{RELEASE}
         vendor a-1-1.x86_64
         offer  a-2-1.x86_64
         vendor epel-release-9-1.noarch"
    ));
    let repository = |id: &str, package: &str| RepositoryFact {
        id: id.to_owned(),
        file: format!("/etc/yum.repos.d/{id}.repo"),
        package: package.to_owned(),
        enabled: id != "off",
        ..RepositoryFact::default()
    };
    case.assessment.repositories = vec![
        repository("baseos", "centos-stream-release"),
        repository("own-vendor-repo", "centos-stream-release"),
        repository("off", "centos-stream-release"),
        repository("epel", "epel-release"),
        repository("mine", ""),
    ];
    let short = KEY.fingerprint()[32..].to_lowercase();
    let key = |package: String| InstalledKey { package, owner: String::new() };
    case.assessment.keys = vec![
        key(format!("gpg-pubkey-{}-5ccc5b19", &VENDOR_KEY[8..])),
        key(format!("gpg-pubkey-{short}-5ccc5b19")),
        key("gpg-pubkey-22222222-5ccc5b19".to_owned()),
    ];
    let plan = case.plan();
    let disabled: Vec<_> = plan.repositories.disabled.iter().flat_map(|(_, ids)| ids.clone()).collect();
    assert_eq!(disabled, ["baseos", "own-vendor-repo"]);
    assert_eq!(plan.repositories.kept, ["epel", "mine"]);
    let written: Vec<_> = plan.repositories.written.iter().map(|it| it.path.as_str()).collect();
    assert_eq!(written, ["/etc/pki/rpm-gpg/RPM-GPG-KEY-kestrel-9", "/etc/yum.repos.d/kestrel.repo"]);
    let text = &plan.repositories.written[1].text;
    assert!(text.contains("[kestrel-baseos]\n") && text.contains("gpgcheck=1\n"), "{text}");
    assert_eq!(plan.keys.len(), 1);
    assert!(plan.keys[0].present && plan.keys[0].fingerprint.ends_with(&short));
    // epel-release came from the vendor, who signed it, and stays.
    assert_eq!(plan.keys_removed, Vec::<String>::new());
    case.assessment.packages.retain(|it| it.nevra.name() != "epel-release");
    assert_eq!(case.plan().keys_removed, [format!("gpg-pubkey-{}-5ccc5b19", &VENDOR_KEY[8..])]);
    // The release package brings the file: primary metadata says so.
    let release =
        case.offer.packages.iter_mut().find(|it| it.package.nevra.name() == "kestrel-release").unwrap();
    let path = "/etc/yum.repos.d/kestrel.repo".to_owned();
    release.package.files.push(heirloom_model::PackageFile { path, is_dir: false, is_ghost: false });
    assert!(case.plan().repositories.written.is_empty());
}

#[test]
fn services_of_changed_packages_are_started_anew() {
    let mut case = Case::parse(&format!(
        "{RELEASE}
         vendor chrony-1-1.x86_64
         offer  chrony-2-1.x86_64
         vendor openssh-server-1-1.x86_64
         offer  openssh-server-1-1.x86_64
         vendor dbus-1-1.x86_64
         offer  dbus-2-1.x86_64
         other  agent-1-1.x86_64"
    ));
    let service = |name: &str, package: &str| Service {
        name: name.to_owned(),
        running: name != "chrony-wait.service",
        package: package.to_owned(),
        ..Service::default()
    };
    case.assessment.services = vec![
        service("sshd.service", "openssh-server"),
        service("chronyd.service", ""),
        service("chrony-wait.service", "chrony"),
        service("dbus.service", "dbus"),
        service("agent.service", "agent"),
    ];
    let plan = case.plan();
    let steps: Vec<_> = plan.services.iter().map(|it| (it.name.as_str(), it.reason.as_str())).collect();
    assert_eq!(
        steps,
        [
            ("chronyd.service", "chrony, which has its name, becomes chrony-2-1.x86_64."),
            ("sshd.service", "openssh-server, which has its unit file, becomes openssh-server-1-1.x86_64."),
        ]
    );
}

#[test]
fn room_is_counted_where_a_package_has_its_files() {
    let mut case = Case::parse(&format!("{RELEASE} \n vendor a-1-1.x86_64 | size: 400\n offer a-2-1.x86_64"));
    let mount = |point: &str, free: u64| heirloom_migrate::facts::Mount {
        point: point.to_owned(),
        free,
        ..Default::default()
    };
    case.assessment.mounts = vec![mount("/", 1 << 40), mount("/opt", 100), mount("/var", 600)];
    let fact = case.assessment.packages.iter_mut().find(|it| it.nevra.name() == "a").unwrap();
    fact.bytes = [("/".to_owned(), 300), ("/opt".to_owned(), 100)].into();
    let plan = case.plan();
    let part = |point: &str, part: &str| {
        let need = plan.space.iter().find(|it| it.point == point).unwrap();
        need.parts.iter().find(|(name, _)| name == part).map(|(_, bytes)| *bytes)
    };
    // 1000 bytes when installed, a quarter of it in /opt; the release package is all in /.
    assert_eq!((part("/opt", "packages"), part("/", "packages")), (Some(250), Some(1750)));
    assert_eq!(part("/var", "downloads"), Some(1000));
    assert!(part("/var", "way back").unwrap() > 0);
    let short: Vec<_> =
        plan.blockers().map(|it| (it.id.as_str(), it.found.split(' ').next().unwrap())).collect();
    assert_eq!(short, [("disk-space", "/opt"), ("disk-space", "/var")]);
}

#[test]
fn a_page_says_first_what_is_to_be_decided() {
    let mut case = Case::parse(&format!(
        "{RELEASE}
         vendor a-1-1.x86_64
         offer  a-2-1.x86_64
         vendor tool-1-1.x86_64
         other  agent-1-1.x86_64 | req: a = 1-1"
    ));
    case.assessment.checks.push(Check::info("good", "it has a clock\u{1b}[31m", "Nothing to do."));
    let plan = case.plan();
    let text = page::plan(&plan);
    assert!(text.starts_with("web1: CentOS Stream 9 becomes Kestrel Linux 9.4\n====="), "{text}");
    assert!(text.contains("It can't be applied yet: 1 thing has to be mended first."), "{text}");
    let at = |word: &str| text.find(word).unwrap_or_else(|| panic!("{word}\n{text}"));
    assert!(at("[third-party-needs]") < at("replaced by newer ones"));
    assert!(at("replaced by newer ones") < at("[orphans]") && at("[orphans]") < at("[good]"));
    assert!(!text.contains('\u{1b}'));
    let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
    assert!(widest <= 100, "{widest}");
    let all = page::packages(&plan, &page::Filter::default());
    assert!(
        all.contains("a-1-1.x86_64 -> 2-1") && all.contains("tool-1-1") && !all.contains("agent"),
        "{all}"
    );
    let some = page::Filter { actions: vec![Action::ThirdParty], name: "ag*".to_owned() };
    assert!(page::packages(&plan, &some).contains("agent-1-1.x86_64"));
    let why = page::why(&plan, "a").unwrap();
    assert!(why.contains("The target has 2-1.") && why.contains("from kestrel-baseos"), "{why}");
    assert_eq!(page::why(&plan, "nothing"), None);
    case.assessment.packages.retain(|it| it.nevra.name() == "a");
    case.assessment.packages[0].requires.clear();
    assert!(page::plan(&case.plan()).contains("It can be applied."), "{}", page::plan(&case.plan()));
}
