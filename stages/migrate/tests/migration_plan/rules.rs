//! Each rule by itself.

use super::case::{Case, RELEASE, check};

const SWAPPED: &str = "swap centos-stream-release-9.0-26.el9.noarch -> kestrel-release-9.4-1.el9.noarch";

/// A case that has the release packages, too.
fn with_release(before: &str, after: &str) -> heirloom_migrate::plan::Plan {
    check(&format!("{RELEASE}{before}\n=\n{after}\n{SWAPPED}"))
}

#[test]
fn packages_are_matched_by_name_whatever_their_release_tags() {
    let plan = with_release(
        "vendor a-1-1.el9.x86_64
         offer  a-1-1.el9.x86_64
         vendor b-1-1.el9.x86_64
         offer  b-1-2.el9_4.x86_64
         vendor c-1-2.el9.x86_64
         offer  c-1-1.el9.alma.1.x86_64
         vendor d-1-1.el9.centos.x86_64
         offer  d-1-1.el9.x86_64
         vendor e-2-1.el9.x86_64
         offer  e-1-1.el9.x86_64
         offer  e-1-2.el9.x86_64",
        "reinstall a-1-1.el9.x86_64
         upgrade b-1-1.el9.x86_64 -> b-1-2.el9_4.x86_64
         downgrade c-1-2.el9.x86_64 -> c-1-1.el9.alma.1.x86_64
         downgrade d-1-1.el9.centos.x86_64 -> d-1-1.el9.x86_64
         downgrade e-2-1.el9.x86_64 -> e-1-2.el9.x86_64
         risk downgrades",
    );
    let downgrades = plan.checks.iter().find(|check| check.id == "downgrades").unwrap();
    assert!(downgrades.found.ends_with("older versions of e"), "{}", downgrades.found);
    let reason = |name: &str| {
        let step = plan.packages.iter().find(|it| it.installed.as_ref().is_some_and(|it| it.name() == name));
        step.unwrap().reason.as_str()
    };
    assert_eq!(reason("a"), "The target has the same version.");
    assert_eq!(reason("d"), "The target has the same version under the release 1.el9.");
    assert_eq!(reason("e"), "The target has nothing newer than 1-2.el9.");
}

#[test]
fn what_is_the_target_s_already_stays_or_is_updated() {
    with_release(
        "target a-1-1.x86_64
         offer  a-1-1.x86_64
         target b-1-1.x86_64
         offer  b-2-1.x86_64
         target c-3-1.x86_64
         offer  c-2-1.x86_64
         target d-1-1.x86_64",
        "keep a-1-1.x86_64
         upgrade b-1-1.x86_64 -> b-2-1.x86_64
         keep c-3-1.x86_64
         keep d-1-1.x86_64",
    );
}

#[test]
fn a_package_moves_between_an_architecture_and_none() {
    with_release(
        "vendor a-1-1.x86_64
         offer  a-2-1.noarch
         vendor b-1-1.noarch
         offer  b-1-1.x86_64
         offer  b-9-1.i686
         vendor c-1-1.x86_64
         vendor c-1-1.i686
         offer  c-2-1.noarch
         vendor d-1-1.x86_64
         offer  d-1-1.i686",
        "upgrade a-1-1.x86_64 -> a-2-1.noarch
         reinstall b-1-1.noarch -> b-1-1.x86_64
         upgrade c-1-1.x86_64 -> c-2-1.noarch
         remove c-1-1.i686
         risk packages-removed
         orphan d-1-1.x86_64
         risk orphans",
    );
}

#[test]
fn roles_and_declared_swaps_come_before_names() {
    let mut case = Case::parse(&format!(
        "{RELEASE}
         vendor centos-stream-repos-9.0-26.el9.noarch
         vendor centos-logos-90-1.noarch
         offer  kestrel-logos-1-1.noarch
         vendor centos-indexhtml-1-1.noarch
         vendor nss-old-1-1.x86_64
         offer  nss-old-1-2.x86_64
         offer  nss-new-1-1.x86_64
         =
         {SWAPPED}
         swap centos-stream-repos-9.0-26.el9.noarch -> kestrel-release-9.4-1.el9.noarch
         swap centos-logos-90-1.noarch -> kestrel-logos-1-1.noarch
         remove centos-indexhtml-1-1.noarch
         swap nss-old-1-1.x86_64 -> nss-new-1-1.x86_64
         risk packages-removed"
    ));
    let roles = &mut case.target.target.roles;
    roles.insert("logos".to_owned(), "kestrel-logos".to_owned());
    roles.insert("repos".to_owned(), "kestrel-release".to_owned());
    case.target.target.swaps.push(heirloom_migrate::target::Swap {
        from: "nss-o*".to_owned(),
        to: "nss-new".to_owned(),
        reason: "the target builds it anew".to_owned(),
    });
    case.check();
}

#[test]
fn what_the_target_does_not_have_stays_goes_or_is_declared() {
    let mut case = Case::parse(&format!(
        "{RELEASE}
         vendor tool-1-1.x86_64
         vendor agent-vendor-1-1.x86_64
         vendor kept-1-1.x86_64
         other  agent-1-1.x86_64
         other  unwanted-1-1.x86_64
         =
         {SWAPPED}
         orphan tool-1-1.x86_64
         remove agent-vendor-1-1.x86_64
         orphan kept-1-1.x86_64
         third-party agent-1-1.x86_64
         remove unwanted-1-1.x86_64
         risk orphans
         risk packages-removed"
    ));
    for (name, fate) in [
        ("agent-vendor", heirloom_migrate::target::Fate::Remove),
        ("kept", heirloom_migrate::target::Fate::Keep),
        ("unwanted", heirloom_migrate::target::Fate::Remove),
    ] {
        let (name, reason) = (name.to_owned(), "it was tried".to_owned());
        case.target.target.packages.push(heirloom_migrate::target::Declared { name, fate, reason });
    }
    case.check();
}

#[test]
fn an_orphan_goes_if_something_is_in_its_way() {
    with_release(
        "vendor conflicting-1-1.x86_64
         vendor a-1-1.x86_64
         offer  a-2-1.x86_64 | con: conflicting
         vendor needy-1-1.x86_64 | req: b = 1-1
         vendor b-1-1.x86_64
         offer  b-2-1.x86_64
         vendor happy-1-1.x86_64 | req: b >= 1",
        "remove conflicting-1-1.x86_64
         upgrade a-1-1.x86_64 -> a-2-1.x86_64
         remove needy-1-1.x86_64
         upgrade b-1-1.x86_64 -> b-2-1.x86_64
         orphan happy-1-1.x86_64
         risk orphans
         risk packages-removed",
    );
}

#[test]
fn a_package_that_is_declared_to_stay_does_not_give_way() {
    let mut case = Case::parse(&format!(
        "{RELEASE}
         vendor kept-1-1.x86_64 | req: lib = 1-1
         vendor lib-1-1.x86_64
         offer  lib-2-1.x86_64
         =
         {SWAPPED}
         orphan kept-1-1.x86_64
         upgrade lib-1-1.x86_64 -> lib-2-1.x86_64
         risk orphans
         blocker third-party-needs"
    ));
    case.target.target.packages.push(heirloom_migrate::target::Declared {
        name: "kept".to_owned(),
        fate: heirloom_migrate::target::Fate::Keep,
        reason: "it was tried".to_owned(),
    });
    case.check();
}

#[test]
fn libraries_that_nothing_needs_any_more_go() {
    with_release(
        "vendor app-1-1.x86_64 | req: libold.so.1()(64bit)
         offer  app-2-1.x86_64 | req: libnew.so.2()(64bit)
         vendor libold-1-1.x86_64 | prov: libold.so.1()(64bit) | req: libdeep.so.1()(64bit) | why: dependency
         vendor libdeep-1-1.x86_64 | prov: libdeep.so.1()(64bit) | why: dependency
         vendor libasked-1-1.x86_64 | prov: libasked.so.1()(64bit) | why: user
         offer  libnew-2-1.x86_64 | prov: libnew.so.2()(64bit)",
        "upgrade app-1-1.x86_64 -> app-2-1.x86_64
         remove libold-1-1.x86_64
         remove libdeep-1-1.x86_64
         orphan libasked-1-1.x86_64
         install libnew-2-1.x86_64
         risk orphans",
    );
}

#[test]
fn what_is_missing_is_added_by_rules_that_can_be_told() {
    let plan = with_release(
        "vendor app-1-1.x86_64
         offer  app-2-1.x86_64 | req: mta, lib(app), /usr/bin/perl, plugin >= 2
         offer  postfix-1-1.x86_64 | prov: mta
         offer  exim-1-1.x86_64 | prov: mta
         offer  app-libs-2-1.x86_64 | prov: lib(app) | src: app
         offer  ap-1-1.x86_64 | prov: lib(app)
         offer  perl-5-1.x86_64 | file: /usr/bin/perl
         offer  plugin-1-1.x86_64
         offer  plugin-2-1.x86_64
         offer  plugin-2-1.i686",
        "upgrade app-1-1.x86_64 -> app-2-1.x86_64
         install exim-1-1.x86_64
         install app-libs-2-1.x86_64
         install perl-5-1.x86_64
         install plugin-2-1.x86_64",
    );
    let exim = plan.packages.iter().find(|it| it.result.as_ref().is_some_and(|it| it.nevra.name() == "exim"));
    let exim = exim.unwrap();
    assert_eq!(exim.reason, "app needs mta (postfix would do, too).");
    assert_eq!(exim.kept_as, "dependency");
}

#[test]
fn boolean_dependencies_hold() {
    with_release(
        "vendor a-1-1.x86_64
         offer  a-2-1.x86_64 | req: (a-gui if desktop), (x or y), (z if nothing), (p >= 1 with p < 3), (q unless a)
         vendor desktop-1-1.x86_64
         offer  desktop-1-1.x86_64
         offer  a-gui-2-1.x86_64
         offer  x-1-1.x86_64
         offer  y-1-1.x86_64
         offer  z-1-1.x86_64
         offer  p-3-1.x86_64
         offer  p-2-1.x86_64
         offer  q-1-1.x86_64",
        "upgrade a-1-1.x86_64 -> a-2-1.x86_64
         reinstall desktop-1-1.x86_64
         install a-gui-2-1.x86_64
         install x-1-1.x86_64
         install p-2-1.x86_64",
    );
}

#[test]
fn a_provider_that_would_conflict_is_not_taken() {
    with_release(
        "vendor app-1-1.x86_64
         offer  app-2-1.x86_64 | req: mta
         offer  ssmtp-1-1.x86_64 | prov: mta | con: app
         offer  exim-longer-1-1.x86_64 | prov: mta | req: nothing-has-this
         offer  postfix-longest-1-1.x86_64 | prov: mta",
        "upgrade app-1-1.x86_64 -> app-2-1.x86_64
         install postfix-longest-1-1.x86_64",
    );
}

#[test]
fn what_can_t_be_satisfied_is_told_with_names() {
    let plan = with_release(
        "vendor app-1-1.x86_64
         offer  app-2-1.x86_64 | req: libgone.so.1()(64bit)
         vendor b-1-1.x86_64
         offer  b-2-1.x86_64 | con: c
         vendor c-1-1.x86_64
         offer  c-2-1.x86_64",
        "upgrade app-1-1.x86_64 -> app-2-1.x86_64
         upgrade b-1-1.x86_64 -> b-2-1.x86_64
         upgrade c-1-1.x86_64 -> c-2-1.x86_64
         blocker unmet-dependency
         blocker conflict",
    );
    let found: Vec<_> = plan.blockers().map(|check| check.found.as_str()).collect();
    assert!(
        found.iter().any(|it| it.contains("app-2-1.x86_64") && it.contains("libgone.so.1()(64bit)")),
        "{found:?}"
    );
    assert!(found.iter().any(|it| it.contains("b-2-1.x86_64 and c-2-1.x86_64")), "{found:?}");
}

#[test]
fn an_older_one_of_the_target_is_taken_where_the_newest_can_t_be() {
    with_release(
        "vendor app-1-1.x86_64
         offer  app-2-1.x86_64 | req: nothing-has-this
         offer  app-1-2.x86_64",
        "upgrade app-1-1.x86_64 -> app-1-2.x86_64",
    );
}

#[test]
fn what_did_not_go_together_before_is_not_the_plan_s() {
    with_release(
        "other agent-1-1.x86_64 | req: never-there
         other one-1-1.x86_64 | con: two
         other two-1-1.x86_64",
        "third-party agent-1-1.x86_64
         third-party one-1-1.x86_64
         third-party two-1-1.x86_64
         risk broken-before",
    );
}

#[test]
fn the_target_must_be_for_such_a_machine() {
    let mut case = Case::parse(&format!(
        "{RELEASE}
         =
         {SWAPPED}
         blocker major-version
         blocker architecture-not-offered
         blocker package-manager"
    ));
    case.assessment.system.major = 8;
    case.assessment.machine.architecture = "aarch64".to_owned();
    case.assessment.package_manager.can_replay = false;
    case.check();
}
