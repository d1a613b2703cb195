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
    assert_eq!(core.packages[2], GroupPackage { name: "emacs".to_owned(), kind: PackageKind::Optional });
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

proptest::proptest! {
    #[test]
    fn never_panics_when_cut_or_changed(end in 0usize..1700, place in 0usize..1700, byte: u8) {
        let mut bytes = COMPS.as_bytes().to_vec();
        let place = place % bytes.len();
        bytes[place] = byte;
        bytes.truncate(end);
        if let Ok(comps) = Comps::parse(Document::new("x", &bytes)) {
            let _ = comps.filtered(|name| name.len() % 2 == 0);
        }
    }
}
