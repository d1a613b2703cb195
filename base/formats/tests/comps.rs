//! Groups, read by libcomps, which is what dnf reads them with.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[path = "support/python.rs"]
mod python;

use std::fmt::Write;

use heirloom_formats::Document;
use heirloom_formats::comps::{Comps, PackageKind};

const BASE: &str = r#"<?xml version='1.0' encoding='UTF-8'?>
<!DOCTYPE comps PUBLIC "-//Example//DTD Comps info//EN" "comps.dtd">
<comps>
  <group>
    <id>core</id>
    <name>Core</name>
    <name xml:lang="de">Kern &amp; Schale</name>
    <description>Smallest system</description>
    <default>true</default>
    <uservisible>false</uservisible>
    <packagelist>
      <packagereq type="mandatory">bash</packagereq>
      <packagereq type="default" basearchonly="true">vim</packagereq>
      <packagereq type="conditional" requires="bash">bash-doc</packagereq>
      <packagereq type="optional" arch="aarch64">uboot</packagereq>
      <packagereq type="optional" arch="x86_64,aarch64">grub2</packagereq>
      <packagereq type="optional">gone</packagereq>
    </packagelist>
  </group>
  <environment>
    <id>minimal</id><name>Minimal</name><description>Small</description><display_order>3</display_order>
    <grouplist><groupid>core</groupid></grouplist>
    <optionlist><groupid default="true">tools</groupid><groupid>games</groupid></optionlist>
  </environment>
  <category><id>all</id><name>All</name><description>x</description>
    <grouplist><groupid>core</groupid><groupid>tools</groupid></grouplist></category>
  <langpacks><match name="vim" install="vim-%s"/></langpacks>
</comps>"#;

const MORE: &str = r#"<comps>
  <group><id>tools</id><name>Tools</name><name xml:lang="fr">Outils</name><description>x</description>
    <packagelist><packagereq type="mandatory">gcc</packagereq></packagelist></group>
  <group><id>core</id><name>Other</name><packagelist><packagereq type="optional">zsh</packagereq></packagelist></group>
</comps>"#;

const JUDGE: &str = r"
import sys, libcomps
comps = libcomps.Comps()
code = comps.fromxml_f(sys.argv[1])
assert code in (0, None), (code, comps.get_last_errors())
kinds = {libcomps.PACKAGE_TYPE_MANDATORY: 'mandatory', libcomps.PACKAGE_TYPE_DEFAULT: 'default',
         libcomps.PACKAGE_TYPE_OPTIONAL: 'optional', libcomps.PACKAGE_TYPE_CONDITIONAL: 'conditional'}
for group in comps.groups:
    print('group', group.id, group.name)
    for package in group.packages:
        print(package.name, kinds[package.type], package.requires or '-', bool(package.basearchonly))
for environment in comps.environments:
    print('environment', environment.id, environment.name, *(g.name for g in environment.group_ids))
    for option in environment.option_ids:
        print('option', option.name, option.default)
for category in comps.categories:
    print('category', category.id, category.name, *(g.name for g in category.group_ids))
for name in sorted(comps.langpacks):
    print('langpack', name, comps.langpacks[name])
";

/// What we see, in the judge's words.
fn told(comps: &Comps) -> String {
    let truth = |value| if value { "True" } else { "False" };
    let mut text = String::new();
    for group in &comps.groups {
        writeln!(text, "group {} {}", group.id, group.name).unwrap();
        for it in &group.packages {
            let requires = it.requires.as_deref().unwrap_or("-");
            writeln!(text, "{} {} {requires} {}", it.name, it.kind, truth(it.base_arch_only)).unwrap();
        }
    }
    for it in &comps.environments {
        writeln!(text, "environment {} {} {}", it.id, it.name, it.groups.join(" ")).unwrap();
        for option in &it.options {
            writeln!(text, "option {} {}", option.id, truth(option.default)).unwrap();
        }
    }
    for it in &comps.categories {
        writeln!(text, "category {} {} {}", it.id, it.name, it.groups.join(" ")).unwrap();
    }
    for it in &comps.langpacks {
        writeln!(text, "langpack {} {}", it.name, it.install).unwrap();
    }
    text
}

fn judged(xml: &str) -> String {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("comps.xml");
    std::fs::write(&path, xml).unwrap();
    python::run(JUDGE, &[path.to_str().unwrap()])
}

fn parse(text: &str) -> Comps {
    Comps::parse(Document::new("comps.xml", text.as_bytes())).unwrap()
}

#[test]
fn libcomps_sees_what_was_joined_and_selected() {
    let (merged, findings) = Comps::merged([&parse(BASE), &parse(MORE)]);
    assert_eq!(findings, []);
    let comps = merged.for_arch("x86_64").only(|name| name != "gone", |_| false);
    let expected = told(&comps);
    for line in ["zsh optional - False", "grub2 optional - False", "option tools True", "langpack vim vim-%s"]
    {
        assert!(expected.contains(line), "{line}: {expected}");
    }
    assert!(!expected.contains("gone") && !expected.contains("uboot") && !expected.contains("games"));
    assert_eq!(comps.groups[0].packages[0].kind, PackageKind::Mandatory);
    assert_eq!(judged(&comps.to_xml()), expected);
    assert!(comps.to_xml().contains("Outils") && comps.to_xml().contains("Kern &amp; Schale"));
}
