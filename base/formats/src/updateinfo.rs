//! updateinfo.xml: advisories, passed through.

use heirloom_model::nevra::InvalidNevra;
use heirloom_model::{Evr, Nevra};

use crate::document::Document;
use crate::xml::{Element, Writer, Xml, XmlError};

/// An advisory, with everything that its document says of it kept for writing back.
#[derive(Clone, Debug)]
pub struct Advisory {
    /// Its id, such as `EXSA-2024:1234`.
    pub id: String,
    /// `security`, `bugfix`, `enhancement` or `newpackage`.
    pub kind: String,
    /// `Critical`, `Important`, `Moderate`, `Low` or empty.
    pub severity: String,
    /// Its title.
    pub title: String,
    /// When it was issued, as the document writes it.
    pub issued: String,
    /// The fixed packages of all its collections.
    pub packages: Vec<Nevra>,
    element: Element,
}

impl Advisory {
    /// The vulnerabilities that its references name, sorted: `CVE-2024-0001`.
    #[must_use]
    pub fn cves(&self) -> Vec<String> {
        let references = self.element.all("references").flat_map(|list| list.all("reference"));
        let cves = references.filter(|one| one.tag.attribute("type") == Some("cve"));
        let mut ids: Vec<_> = cves.filter_map(|one| one.tag.attribute("id").map(str::to_owned)).collect();
        ids.sort();
        ids.dedup();
        ids
    }
}

/// updateinfo.xml is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum UpdateinfoError {
    /// The XML, or a value in it, is wrong.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// A package of an advisory has a name, version, release or architecture that rpm does not allow.
    #[error("{document}, advisory {advisory}: package `{package}` has no proper identity")]
    Identity {
        /// The document.
        document: String,
        /// The advisory.
        advisory: String,
        /// The package's name as the document has it.
        package: String,
        /// Which part is wrong.
        source: InvalidNevra,
    },
}

/// Parses updateinfo.xml.
///
/// # Errors
/// The document is damaged, an advisory has no id, or one of its packages no identity.
pub fn parse(document: Document<'_>) -> Result<Vec<Advisory>, UpdateinfoError> {
    let mut advisories = Vec::new();
    let mut xml = Xml::open(document, "updates")?;
    while let Some(tag) = xml.child()? {
        if tag.name != "update" {
            xml.skip()?;
            continue;
        }
        let element = xml.element(tag)?;
        advisories.push(advisory(&xml, document.name, element)?);
    }
    Ok(advisories)
}

/// Writes updateinfo.xml with these advisories, in this order.
#[must_use]
pub fn to_xml<'a>(advisories: impl IntoIterator<Item = &'a Advisory>) -> String {
    let mut xml = Writer::default();
    xml.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").open("updates", &[]).raw("\n");
    for advisory in advisories {
        xml.tree(&advisory.element, 1);
    }
    xml.close("updates").raw("\n");
    xml.0
}

fn advisory(xml: &Xml<'_>, document: &str, element: Element) -> Result<Advisory, UpdateinfoError> {
    let id = element.child_text("id").to_owned();
    if id.is_empty() {
        return Err(xml.missing("update", "id").into());
    }
    let mut packages = Vec::new();
    let collections = element.all("pkglist").flat_map(|list| list.all("collection"));
    for package in collections.flat_map(|collection| collection.all("package")) {
        packages.push(nevra(xml, document, &id, package)?);
    }
    let issued = element.all("issued").next().and_then(|issued| issued.tag.attribute("date"));
    Ok(Advisory {
        kind: element.tag.attribute("type").unwrap_or_default().to_owned(),
        severity: element.child_text("severity").to_owned(),
        title: element.child_text("title").to_owned(),
        issued: issued.unwrap_or_default().to_owned(),
        id,
        packages,
        element,
    })
}

fn nevra(xml: &Xml<'_>, document: &str, advisory: &str, package: &Element) -> Result<Nevra, UpdateinfoError> {
    let [name, version, release, arch] =
        ["name", "version", "release", "arch"].map(|key| package.tag.attribute(key).unwrap_or_default());
    let epoch = match package.tag.attribute("epoch") {
        None | Some("") => 0,
        Some(epoch) => epoch.parse().map_err(|_| xml.invalid("package", epoch, "an epoch"))?,
    };
    let identity = |source| UpdateinfoError::Identity {
        document: document.to_owned(),
        advisory: advisory.chars().take(120).collect(),
        package: name.chars().take(120).collect(),
        source,
    };
    Evr::new(epoch, version, release).and_then(|evr| Nevra::new(name, evr, arch)).map_err(identity)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPDATES: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<updates>
  <update from="security@example.org" status="final" type="security" version="1">
    <id>EXSA-2024:0001</id>
    <title>Important: bash update</title>
    <issued date="2024-03-05 00:00:00"/>
    <severity>Important</severity>
    <description>a &lt; b</description>
    <references><reference href="https://www.example.org/" id="CVE-2024-0001" type="cve"/></references>
    <pkglist><collection short="x"><name>x</name>
      <package name="bash" version="5.1" release="9.el9" epoch="0" arch="x86_64" src="bash.src.rpm">
        <filename>bash-5.1-9.el9.x86_64.rpm</filename><sum type="sha256">00</sum></package>
      <package name="bash-doc" version="5.1" release="9.el9" epoch="1" arch="noarch"/>
    </collection></pkglist>
  </update>
  <update type="bugfix"><id>EXBA-2024:0002</id></update>
</updates>"#;

    fn read(text: &str) -> Result<Vec<Advisory>, UpdateinfoError> {
        parse(Document::new("updateinfo.xml", text.as_bytes()))
    }

    #[test]
    fn reads_and_writes_back() {
        let advisories = read(UPDATES).unwrap();
        let first = &advisories[0];
        assert_eq!((first.id.as_str(), first.kind.as_str()), ("EXSA-2024:0001", "security"));
        assert_eq!((first.severity.as_str(), first.issued.as_str()), ("Important", "2024-03-05 00:00:00"));
        let packages: Vec<_> = first.packages.iter().map(ToString::to_string).collect();
        assert_eq!(packages, ["bash-5.1-9.el9.x86_64", "bash-doc-1:5.1-9.el9.noarch"]);

        assert_eq!((first.cves(), advisories[1].cves()), (vec!["CVE-2024-0001".to_owned()], vec![]));

        let text = to_xml(&advisories[..1]);
        for kept in ["a &lt; b", "CVE-2024-0001", "<sum type=\"sha256\">00</sum>", "status=\"final\""] {
            assert!(text.contains(kept), "{kept}: {text}");
        }
        assert_eq!(to_xml(&read(&text).unwrap()), text);
        assert!(!text.contains("EXBA"));
    }

    #[test]
    fn errors_name_the_place() {
        for (from, to, says) in [
            ("<id>EXSA-2024:0001</id>", "", "id is missing"),
            ("epoch=\"1\"", "epoch=\"None\"", "`None` is not an epoch"),
            ("name=\"bash\"", "name=\"../x\"", "advisory EXSA-2024:0001: package `../x`"),
            ("</updates>", "", "cut short"),
        ] {
            let error = read(&UPDATES.replace(from, to)).unwrap_err().to_string();
            assert!(error.starts_with("updateinfo.xml") && error.contains(says), "{error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics_when_cut_or_changed(end in 0usize..1200, place in 0usize..1200, byte: u8) {
            let mut bytes = UPDATES.as_bytes().to_vec();
            let place = place % bytes.len();
            bytes[place] = byte;
            bytes.truncate(end);
            if let Ok(advisories) = parse(Document::new("x", &bytes)) {
                let _ = to_xml(&advisories);
            }
        }
    }
}
