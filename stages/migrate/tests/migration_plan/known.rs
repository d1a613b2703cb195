//! What carrying machines over is known to fail of, one by one.

use super::case::{Case, RELEASE, check};
use heirloom_migrate::facts::{Firmware, InstalledKernel, Mount, RepositoryFact};

const SWAPPED: &str = "swap centos-stream-release-9.0-26.el9.noarch -> kestrel-release-9.4-1.el9.noarch";

fn case(before: &str, after: &str) -> Case {
    Case::parse(&format!("{RELEASE}{before}\n=\n{after}\n{SWAPPED}"))
}

#[test]
fn excluded_packages() {
    let mut case = case(
        "vendor kernel-tools-1-1.x86_64
         offer  kernel-tools-1-2.x86_64",
        "upgrade kernel-tools-1-1.x86_64 -> kernel-tools-1-2.x86_64
         blocker excluded-packages",
    );
    case.assessment.package_manager.excludes = vec!["kernel*".to_owned(), "java*".to_owned()];
    let plan = case.check();
    assert!(plan.blockers().next().unwrap().found.ends_with("kernel-tools"));
}

#[test]
fn excluded_packages_that_the_plan_does_not_touch() {
    let mut case = case("target java-1-1.x86_64\n offer java-1-1.x86_64", "keep java-1-1.x86_64");
    case.assessment.package_manager.excludes = vec!["java*".to_owned()];
    case.check();
}

#[test]
fn version_locks() {
    let mut case = case(
        "vendor a-1-1.x86_64
         offer  a-1-2.x86_64
         vendor b-1-1.x86_64
         offer  b-1-1.x86_64
         vendor c-1-1.x86_64
         offer  c-1-2.x86_64",
        "upgrade a-1-1.x86_64 -> a-1-2.x86_64
         reinstall b-1-1.x86_64
         upgrade c-1-1.x86_64 -> c-1-2.x86_64
         blocker version-locks",
    );
    case.assessment.package_manager.locks =
        vec!["a-0:1-1.*".to_owned(), "b-0:1-1.*".to_owned(), "!c-0:1-2.*".to_owned()];
    let plan = case.check();
    assert!(plan.blockers().next().unwrap().found.ends_with(": a, c"));
}

#[test]
fn protected_packages() {
    let mut case = case(
        "vendor boot-helper-1-1.x86_64 | req: a = 1-1
         vendor a-1-1.x86_64
         offer  a-2-1.x86_64",
        "remove boot-helper-1-1.x86_64
         upgrade a-1-1.x86_64 -> a-2-1.x86_64
         risk packages-removed
         blocker protected-packages",
    );
    case.assessment.package_manager.protected = vec!["boot-helper".to_owned(), "a".to_owned()];
    case.check();
}

#[test]
fn module_streams_come_from_the_same_stream() {
    let plan = check(&format!(
        "{RELEASE}
         module php:8.1 enabled 1
         module perl:5.26 enabled 0
         vendor php-8.1.1-1.module+1.x86_64
         offer  php-8.1.2-1.module+2.x86_64
         offer  php-8.2.1-1.module+2.x86_64
         offer  php-9-1.x86_64
         vendor node-1-1.x86_64
         offer  node-2-1.module+1.x86_64
         offer  node-3-1.module+1.x86_64
         stream php:8.1 = php-8.1.2-1.module+2.x86_64
         stream php:8.2 = php-8.2.1-1.module+2.x86_64
         stream nodejs:2 default = node-2-1.module+1.x86_64
         stream nodejs:3 = node-3-1.module+1.x86_64
         =
         {SWAPPED}
         upgrade php-8.1.1-1.module+1.x86_64 -> php-8.1.2-1.module+2.x86_64
         upgrade node-1-1.x86_64 -> node-2-1.module+1.x86_64"
    ));
    let steps: Vec<_> =
        plan.modules.iter().map(|it| (it.name.as_str(), it.from.as_str(), it.to.as_str())).collect();
    assert_eq!(steps, [("perl", "5.26", ""), ("php", "8.1", "8.1")]);
}

#[test]
fn module_streams_are_mapped_or_fall_back_to_the_default() {
    let mut case = case(
        "module php:8.1 enabled 1
         module ruby:3.0 enabled 1
         vendor php-8.1.1-1.x86_64
         offer  php-8.2.1-1.x86_64
         vendor ruby-3.0-1.x86_64
         offer  ruby-3.1-1.x86_64
         stream php:8.2 = php-8.2.1-1.x86_64
         stream ruby:3.1 default = ruby-3.1-1.x86_64",
        "upgrade php-8.1.1-1.x86_64 -> php-8.2.1-1.x86_64
         upgrade ruby-3.0-1.x86_64 -> ruby-3.1-1.x86_64
         risk module-stream-changes",
    );
    case.target.target.modules.push(heirloom_migrate::target::StreamMapping {
        name: "php".to_owned(),
        from: "8.1".to_owned(),
        to: Some("8.2".to_owned()),
    });
    case.check();
}

#[test]
fn module_streams_that_the_target_does_not_have() {
    case(
        "module php:8.1 enabled 1
         vendor php-8.1.1-1.x86_64
         offer  php-8.2.1-1.x86_64
         stream php:8.2 = php-8.2.1-1.x86_64",
        "orphan php-8.1.1-1.x86_64
         risk orphans
         blocker module-stream-missing",
    )
    .check();
}

#[test]
fn dead_source_repositories() {
    let mut case = case("vendor a-1-1.x86_64\n offer a-1-1.x86_64", "reinstall a-1-1.x86_64");
    let repository = |id: &str, url: &str| RepositoryFact {
        id: id.to_owned(),
        file: format!("/etc/yum.repos.d/{id}.repo"),
        enabled: true,
        baseurls: vec![url.to_owned()],
        ..RepositoryFact::default()
    };
    case.assessment.repositories = vec![
        repository("baseos", "http://gone.example/"),
        repository("vendor-of-agent", "http://gone.example/"),
    ];
    let plan = case.check();
    assert_eq!(
        plan.repositories.disabled,
        [("/etc/yum.repos.d/baseos.repo".to_owned(), vec!["baseos".to_owned()])]
    );
    assert_eq!(plan.repositories.kept, ["vendor-of-agent"]);
}

#[test]
fn left_over_vendor_packages() {
    check(
        "target kestrel-release-9.4-1.el9.noarch
         offer  kestrel-release-9.4-1.el9.noarch
         vendor centos-stream-release-9.0-26.el9.noarch
         vendor centos-gpg-keys-9.0-26.el9.noarch
         =
         keep kestrel-release-9.4-1.el9.noarch
         remove centos-stream-release-9.0-26.el9.noarch
         remove centos-gpg-keys-9.0-26.el9.noarch
         risk packages-removed",
    );
}

#[test]
fn the_release_package_is_swapped_without_a_conflict() {
    check(
        "vendor centos-stream-release-9.0-26.el9.noarch | prov: system-release = 9.0 | con: kestrel-release
         vendor setup-1-1.noarch | req: system-release
         offer  setup-1-1.noarch | req: system-release
         offer  kestrel-release-9.4-1.el9.noarch | prov: system-release = 9.4 | con: centos-stream-release
         =
         swap centos-stream-release-9.0-26.el9.noarch -> kestrel-release-9.4-1.el9.noarch
         reinstall setup-1-1.noarch",
    );
}

#[test]
fn the_target_has_no_release_package() {
    check(
        "vendor centos-stream-release-9.0-26.el9.noarch
         =
         remove centos-stream-release-9.0-26.el9.noarch
         risk packages-removed
         blocker release-missing",
    );
}

#[test]
fn downgrades_where_the_target_is_older() {
    case(
        "vendor lib-2-1.x86_64
         vendor app-2-1.x86_64 | req: lib >= 2
         offer  lib-1-1.x86_64
         offer  app-1-1.x86_64 | req: lib >= 1",
        "downgrade lib-2-1.x86_64 -> lib-1-1.x86_64
         downgrade app-2-1.x86_64 -> app-1-1.x86_64
         risk downgrades",
    )
    .check();
}

#[test]
fn epoch_going_down() {
    case(
        "vendor a-1:1-1.x86_64
         offer  a-2-1.x86_64",
        "downgrade a-1:1-1.x86_64 -> a-2-1.x86_64
         risk epoch-down",
    )
    .check();
}

#[test]
fn third_party_packages_that_need_a_vendor_s_library_version() {
    let plan = case(
        "vendor lib-1-1.el9.x86_64
         offer  lib-1-2.el9.x86_64
         other  agent-1-1.x86_64 | req: lib = 1-1.el9",
        "upgrade lib-1-1.el9.x86_64 -> lib-1-2.el9.x86_64
         third-party agent-1-1.x86_64
         blocker third-party-needs",
    )
    .check();
    let blocker = plan.blockers().next().unwrap();
    assert_eq!(
        blocker.found,
        "agent-1-1.x86_64 stays and needs lib = 1-1.el9, which lib-1-1.el9.x86_64 provides and nothing of the target"
    );
    // If the target still has that version, it is taken.
    case(
        "vendor lib-1-1.el9.x86_64
         offer  lib-1-2.el9.x86_64
         offer  lib-1-1.el9.x86_64
         other  agent-1-1.x86_64 | req: lib = 1-1.el9",
        "reinstall lib-1-1.el9.x86_64
         third-party agent-1-1.x86_64",
    )
    .check();
    // Unless something else then is not satisfied.
    case(
        "vendor lib-1-1.el9.x86_64
         offer  lib-1-2.el9.x86_64
         offer  lib-1-1.el9.x86_64
         vendor user-1-1.x86_64
         offer  user-1-2.x86_64 | req: lib >= 1-2
         other  agent-1-1.x86_64 | req: lib = 1-1.el9",
        "upgrade lib-1-1.el9.x86_64 -> lib-1-2.el9.x86_64
         upgrade user-1-1.x86_64 -> user-1-2.x86_64
         third-party agent-1-1.x86_64
         blocker third-party-needs",
    )
    .check();
}

#[test]
fn obsoleted_packages() {
    case(
        "vendor old-1-1.x86_64
         offer  new-2-1.x86_64 | obs: old < 2
         vendor both-1-1.x86_64
         offer  both-1-2.x86_64
         offer  successor-1-1.x86_64 | obs: both < 3
         vendor in-the-way-1-1.x86_64
         vendor a-1-1.x86_64
         offer  a-2-1.x86_64 | obs: in-the-way",
        "swap old-1-1.x86_64 -> new-2-1.x86_64
         swap both-1-1.x86_64 -> successor-1-1.x86_64
         swap in-the-way-1-1.x86_64 -> a-2-1.x86_64
         upgrade a-1-1.x86_64 -> a-2-1.x86_64",
    )
    .check();
}

#[test]
fn a_third_party_package_that_is_obsoleted() {
    case(
        "other  agent-1-1.x86_64
         vendor a-1-1.x86_64
         offer  a-2-1.x86_64 | obs: agent",
        "third-party agent-1-1.x86_64
         upgrade a-1-1.x86_64 -> a-2-1.x86_64
         blocker obsoleted-third-party",
    )
    .check();
}

#[test]
fn a_package_that_is_split() {
    case(
        "vendor tool-1-1.x86_64 | file: /usr/bin/tool
         offer  tool-2-1.x86_64 | req: tool-core = 2-1, tool-data = 2-1
         offer  tool-core-2-1.x86_64 | obs: tool < 2 | file: /usr/bin/tool | src: tool
         offer  tool-data-2-1.noarch | obs: tool < 2 | src: tool
         other  script-1-1.noarch | req: /usr/bin/tool",
        "upgrade tool-1-1.x86_64 -> tool-2-1.x86_64
         install tool-core-2-1.x86_64
         install tool-data-2-1.noarch",
    )
    .check();
    case(
        "vendor gone-1-1.x86_64 | file: /usr/bin/gone
         offer  gone-core-2-1.x86_64 | obs: gone < 2 | req: gone-data = 2-1 | src: gone | file: /usr/bin/gone
         offer  gone-data-2-1.noarch | obs: gone < 2 | src: gone
         other  script-1-1.noarch | req: /usr/bin/gone",
        "swap gone-1-1.x86_64 -> gone-core-2-1.x86_64
         install gone-data-2-1.noarch",
    )
    .check();
}

#[test]
fn boot_is_too_small_for_one_more_kernel() {
    let mut case = case(
        "vendor kernel-core-5.14.0-1.el9.x86_64
         offer  kernel-core-5.14.0-2.el9.x86_64",
        "orphan kernel-core-5.14.0-1.el9.x86_64
         install kernel-core-5.14.0-2.el9.x86_64
         blocker boot-space",
    );
    let boot = Mount { point: "/boot".to_owned(), free: 60 << 20, size: 1 << 30, ..Mount::default() };
    case.assessment.mounts.push(boot);
    let version = "5.14.0-1.el9.x86_64".to_owned();
    let kernel =
        InstalledKernel { version, boot_bytes: 80 << 20, has_entry: true, ..InstalledKernel::default() };
    case.assessment.boot.kernels.push(kernel);
    (case.assessment.boot.firmware, case.assessment.boot.loader) = (Firmware::Bios, "grub2".to_owned());
    let plan = case.check();
    let need = plan.space.iter().find(|need| need.point == "/boot").unwrap();
    assert_eq!(need.parts, [("kernel 5.14.0-2.el9".to_owned(), 80 << 20)]);
}

#[test]
fn multilib_i686() {
    case(
        "vendor lib-1-1.x86_64
         vendor lib-1-1.i686
         offer  lib-2-1.x86_64
         offer  lib-2-1.i686
         vendor half-1-1.x86_64
         vendor half-1-1.i686
         offer  half-2-1.x86_64
         vendor app-1-1.i686 | req: libnew.so.1
         offer  app-2-1.i686 | req: libnew.so.1
         offer  new-1-1.i686 | prov: libnew.so.1
         offer  new-1-1.x86_64 | prov: libnew.so.1()(64bit)",
        "upgrade lib-1-1.x86_64 -> lib-2-1.x86_64
         upgrade lib-1-1.i686 -> lib-2-1.i686
         upgrade half-1-1.x86_64 -> half-2-1.x86_64
         remove half-1-1.i686
         upgrade app-1-1.i686 -> app-2-1.i686
         install new-1-1.i686
         risk packages-removed",
    )
    .check();
}

#[test]
fn the_kernel_is_not_held_back_by_installonly_limit() {
    let mut case = case(
        "vendor kernel-core-5.14.0-7.el9.x86_64 | prov: installonlypkg(kernel)
         vendor kernel-core-5.14.0-8.el9.x86_64 | prov: installonlypkg(kernel)
         vendor kernel-core-5.14.0-9.el9.x86_64 | prov: installonlypkg(kernel)
         vendor kernel-5.14.0-9.el9.x86_64 | req: kernel-core = 5.14.0-9.el9
         offer  kernel-core-5.14.0-6.el9.x86_64 | prov: installonlypkg(kernel)
         offer  kernel-core-5.14.0-5.el9.x86_64 | prov: installonlypkg(kernel)
         offer  kernel-5.14.0-6.el9.x86_64 | req: kernel-core = 5.14.0-6.el9",
        "orphan kernel-core-5.14.0-7.el9.x86_64
         orphan kernel-core-5.14.0-8.el9.x86_64
         orphan kernel-core-5.14.0-9.el9.x86_64
         orphan kernel-5.14.0-9.el9.x86_64
         install kernel-core-5.14.0-6.el9.x86_64
         install kernel-5.14.0-6.el9.x86_64
         info installonly-limit",
    );
    case.assessment.package_manager.installonly_limit = 3;
    case.check();
}

#[test]
fn the_running_kernel_has_the_same_version_in_the_target() {
    let mut case = case(
        "vendor kernel-core-5.14.0-7.el9.x86_64
         offer  kernel-core-5.14.0-7.el9.x86_64",
        "reinstall kernel-core-5.14.0-7.el9.x86_64
         risk running-kernel-replaced",
    );
    case.assessment.boot.running_kernel = "5.14.0-7.el9.x86_64".to_owned();
    case.check();
}

#[test]
fn a_machine_with_a_kernel_and_a_target_without() {
    case(
        "vendor kernel-core-5.14.0-7.el9.x86_64",
        "orphan kernel-core-5.14.0-7.el9.x86_64\n blocker kernel-missing",
    )
    .check();
}

#[test]
fn duplicate_versions_of_a_half_converted_machine() {
    case(
        "vendor a-1-1.x86_64
         target a-1-2.x86_64
         offer  a-1-2.x86_64
         vendor b-1-1.x86_64
         vendor b-1-2.x86_64
         offer  b-1-3.x86_64",
        "remove a-1-1.x86_64
         keep a-1-2.x86_64
         remove b-1-1.x86_64
         upgrade b-1-2.x86_64 -> b-1-3.x86_64
         risk packages-removed
         risk duplicate-packages",
    )
    .check();
}
