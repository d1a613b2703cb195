use super::*;

const COMPS: &str = r#"<?xml version='1.0' encoding='UTF-8'?>
<!DOCTYPE comps PUBLIC "-//Example//DTD Comps info//EN" "comps.dtd">
<comps>
  <!-- a comment -->
  <group>
    <id>core</id>
    <name xml:lang="de">Kern &amp; Schale</name>
    <name>Core</name>
    <description>Smallest system</description>
    <default>true</default>
    <packagelist>
      <packagereq type="mandatory">bash</packagereq>
      <packagereq type="default">vim</packagereq>
      <packagereq type="optional">emacs</packagereq>
      <packagereq type="conditional" requires="gnome">gnome-bash</packagereq>
      <packagereq>filesystem</packagereq>
    </packagelist>
  </group>
  <group><id>games</id><name>Games</name><packagelist><packagereq>nethack</packagereq></packagelist></group>
  <environment>
    <id>minimal</id><name>Minimal</name>
    <grouplist><groupid>core</groupid><groupid>games</groupid></grouplist>
    <optionlist><groupid default="true">games</groupid></optionlist>
  </environment>
  <category><id>fun</id><name>Fun</name><grouplist><groupid>games</groupid></grouplist></category>
  <langpacks><match install="a-%s" name="a"/></langpacks>
</comps>"#;

fn parse(text: &str) -> Result<Comps, XmlError> {
    Comps::parse(Document::new("comps.xml", text.as_bytes()))
}

#[test]
fn reads_groups() {
    let comps = parse(COMPS).unwrap();
    let core = comps.group("core").unwrap();
    assert_eq!((core.name.as_str(), core.packages.len()), ("Core", 5));
    let emacs = &core.packages[2];
    assert_eq!((emacs.name.as_str(), emacs.kind, &emacs.requires), ("emacs", PackageKind::Optional, &None));
    assert_eq!(core.packages[3].requires.as_deref(), Some("gnome"));
    assert_eq!(core.installed_packages().collect::<Vec<_>>(), ["bash", "vim", "filesystem"]);
    assert!(comps.group("other").is_none());
}

#[test]
fn a_filtered_one_has_no_dangling_names_and_keeps_the_rest() {
    let text = parse(COMPS).unwrap().filtered(|name| name == "bash" || name == "emacs");
    let comps = parse(&text).unwrap();
    let names: Vec<_> = comps.groups.iter().map(|group| group.id.as_str()).collect();
    assert_eq!(names, ["core"]);
    assert_eq!(comps.groups[0].packages.len(), 2);
    for kept in
        ["Kern &amp; Schale", "xml:lang=\"de\"", "<id>minimal</id>", "<match install=\"a-%s\" name=\"a\"/>"]
    {
        assert!(text.contains(kept), "{kept}: {text}");
    }
    for gone in ["games", "fun", "vim"] {
        assert!(!text.contains(gone), "{gone}: {text}");
    }
    assert_eq!(comps.filtered(|_| true), text, "stable");
    let everything = parse(COMPS).unwrap();
    assert_eq!(parse(&everything.filtered(|_| true)).unwrap().groups, everything.groups);
}

#[test]
fn errors_name_the_place() {
    for (from, to, says) in [
        ("<id>core</id>", "", "id is missing"),
        ("type=\"optional\"", "type=\"maybe\"", "`maybe` is not one of mandatory"),
        ("</comps>", "", "cut short"),
        ("comps>", "metadata>", "another kind of document"),
        ("Smallest system", "&custom;", "can't be read as XML"),
    ] {
        let error = parse(&COMPS.replace(from, to)).unwrap_err().to_string();
        assert!(error.starts_with("comps.xml") && error.contains(says), "{error}");
    }
    let deep = format!("<comps>{}", "<a>".repeat(100_000));
    assert!(matches!(parse(&deep).unwrap_err(), XmlError::TooDeep { .. }));
}

#[test]
fn reads_environments_categories_and_langpacks() {
    let comps = parse(COMPS).unwrap();
    let minimal = &comps.environments[0];
    assert_eq!((minimal.id.as_str(), minimal.name.as_str()), ("minimal", "Minimal"));
    assert_eq!(minimal.groups, ["core", "games"]);
    assert_eq!(minimal.options, [GroupOption { id: "games".to_owned(), default: true }]);
    assert_eq!((comps.categories[0].id.as_str(), comps.categories[0].groups.len()), ("fun", 1));
    assert_eq!(comps.langpacks, [Langpack { name: "a".to_owned(), install: "a-%s".to_owned() }]);
    for section in ["environment", "category"] {
        let error = parse(&format!("<comps><{section}><name>x</name></{section}></comps>")).unwrap_err();
        assert!(error.to_string().contains("id is missing"), "{error}");
    }
}

const ARCHES: &str = r#"<comps>
  <group><id>a</id><name>A</name><packagelist>
    <packagereq arch="x86_64,aarch64">both</packagereq><packagereq arch="aarch64">arm</packagereq>
    <packagereq type="optional" arch="s390x, x86_64" basearchonly="true">blank</packagereq><packagereq>all</packagereq>
  </packagelist></group>
  <group arch="aarch64"><id>b</id><packagelist><packagereq>c</packagereq></packagelist></group>
  <group arch="x86_64"><id>c</id><packagelist><packagereq arch="x86">none</packagereq></packagelist></group>
  <environment><id>e</id><grouplist><groupid arch="x86_64">a</groupid><groupid arch="aarch64">b</groupid></grouplist>
    <optionlist><groupid default="true" arch="aarch64">b</groupid></optionlist></environment>
  <environment arch="ppc64le"><id>f</id><grouplist><groupid>a</groupid></grouplist></environment>
  <langpacks><match name="a" install="a-%s" arch="kept"/></langpacks>
</comps>"#;

#[test]
fn an_architecture_has_what_is_for_it_without_the_attribute() {
    let comps = parse(ARCHES).unwrap().for_arch("x86_64");
    let text = comps.to_xml();
    let names: Vec<_> = comps.groups[0].packages.iter().map(|package| package.name.as_str()).collect();
    assert_eq!(names, ["both", "blank", "all"]);
    assert!(comps.groups[0].packages[1].base_arch_only);
    // Group c stays though it is empty, as with pungi.
    assert_eq!(comps.groups.iter().map(|group| group.id.as_str()).collect::<Vec<_>>(), ["a", "c"]);
    assert_eq!(comps.environments.len(), 1);
    assert_eq!(
        (&*comps.environments[0].groups, comps.environments[0].options.len()),
        (&["a".to_owned()][..], 0)
    );
    assert_eq!(text.matches("arch=").count(), 1, "{text}");
    assert_eq!(parse(&text).unwrap().for_arch("x86_64").to_xml(), text, "stable");
}

#[test]
fn environments_keep_groups_that_are_elsewhere() {
    let only = parse(COMPS).unwrap().only(|name| name == "bash", |group| group == "games");
    assert_eq!(only.environments[0].groups, ["core", "games"]);
    assert!(only.groups.len() == 1 && only.categories.is_empty());
}

#[test]
fn findings_tell_mandatory_packages_from_others() {
    let text = COMPS.replace("<groupid default=\"true\">games", "<groupid default=\"true\">gone").replace(
        "<category>",
        "<group><id>core</id></group><environment><id>minimal</id></environment><category>",
    );
    let there = ["bash", "emacs", "gnome-bash", "nethack"];
    let findings = parse(&text).unwrap().findings(|name| there.contains(&name), |_| false);
    let told: Vec<_> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "group core: nothing provides its mandatory package filesystem",
            "group core: nothing provides its default package vim",
            "group core: gnome-bash waits for gnome, which nothing provides",
            "environment minimal: its optional group gone is not there",
            "group core: there are two",
            "environment minimal: there are two",
        ]
    );
    let findings = parse(COMPS).unwrap().only(|_| true, |_| false).findings(|_| true, |_| false);
    assert_eq!(findings, []);
}

#[test]
fn documents_are_joined_with_the_translations_of_all() {
    let other = r#"<comps>
      <group><id>core</id><name>Kernel</name><name xml:lang="fr">Base</name><uservisible>false</uservisible>
        <packagelist><packagereq type="optional">bash</packagereq><packagereq>zsh</packagereq></packagelist></group>
      <environment><id>minimal</id><grouplist><groupid>core</groupid><groupid>more</groupid></grouplist>
        <optionlist><groupid>core</groupid></optionlist></environment>
      <group><id>more</id></group>
      <langpacks><match install="a-%s" name="a"/><match install="b-%s" name="b"/></langpacks>
    </comps>"#;
    let (first, second) = (parse(COMPS).unwrap(), parse(other).unwrap());
    let (merged, findings) = Comps::merged([&first, &second]);
    let core = merged.group("core").unwrap();
    assert_eq!((core.name.as_str(), core.packages.len()), ("Core", 6));
    assert_eq!(core.packages[5].name, "zsh");
    assert_eq!(merged.environments[0].groups, ["core", "games", "more"]);
    assert_eq!(
        (merged.groups.len(), merged.environments[0].options.len(), merged.langpacks.len()),
        (3, 2, 2)
    );
    let text = merged.to_xml();
    assert!(
        text.contains("xml:lang=\"fr\">Base<")
            && text.contains("Kern &amp; Schale")
            && !text.contains("Kernel")
    );
    let told: Vec<_> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["group core: bash is mandatory, and optional in another document"]);
    assert_eq!(Comps::merged([&merged, &second]).0.to_xml(), text, "once is enough");
    assert_eq!(Comps::merged([&first]).0.to_xml(), first.to_xml());
}

proptest::proptest! {
    #[test]
    fn never_panics_when_cut_or_changed(end in 0usize..1700, place in 0usize..1700, byte: u8) {
        let mut bytes = COMPS.as_bytes().to_vec();
        let place = place % bytes.len();
        bytes[place] = byte;
        bytes.truncate(end);
        if let Ok(comps) = Comps::parse(Document::new("x", &bytes)) {
            let _ = comps.filtered(|name| name.len() % 2 == 0);
            let (merged, _) = Comps::merged([&comps.for_arch("x86_64"), &comps]);
            proptest::prop_assert_eq!(parse(&merged.to_xml()).unwrap().to_xml(), merged.to_xml());
        }
    }
}
