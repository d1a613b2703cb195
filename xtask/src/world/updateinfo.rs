//! The vendor's advisories about the packages of one repository.

use std::path::PathBuf;

use testkit::tool::Tool;

use super::comps::escaped;
use super::error::Result;
use super::recipe::{Advisory, World};

const QUERY: &str = "%{SOURCERPM}|%{NAME}|%{VERSION}|%{RELEASE}|%{EPOCHNUM}|%{ARCH}\n";

/// An updateinfo file, or nothing when no advisory is about these packages.
pub(crate) fn xml(world: &World, rpms: &[PathBuf]) -> Result<Option<String>> {
    if rpms.is_empty() {
        return Ok(None);
    }
    let listed = Tool::new("rpm").args(["-qp", "--nosignature", "--qf", QUERY]).args(rpms).run()?;
    let updates: Vec<String> = world
        .advisories
        .iter()
        .filter_map(|advisory| {
            let packages = packages_xml(advisory, &listed);
            (!packages.is_empty()).then(|| update_xml(world, advisory, &packages))
        })
        .collect();
    Ok((!updates.is_empty()).then(|| {
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<updates>\n{}</updates>\n", updates.concat())
    }))
}

fn packages_xml(advisory: &Advisory, listed: &str) -> String {
    let mut xml = String::new();
    for line in listed.lines() {
        let [source, name, version, release, epoch, arch] = line.split('|').collect::<Vec<_>>()[..] else {
            continue;
        };
        let source_name = source.rsplitn(3, '-').nth(2).unwrap_or(source);
        if advisory.sources.iter().any(|s| s == source_name) {
            xml.push_str(&format!(
                "        <package name=\"{name}\" version=\"{version}\" release=\"{release}\" \
                 epoch=\"{epoch}\" arch=\"{arch}\" src=\"{source}\">\n          \
                 <filename>{name}-{version}-{release}.{arch}.rpm</filename>\n        </package>\n"
            ));
        }
    }
    xml
}

fn update_xml(world: &World, advisory: &Advisory, packages: &str) -> String {
    let Advisory { id, kind, severity, issued, title, description, cves, .. } = advisory;
    let vendor = &world.vendor;
    let references: String = cves
        .iter()
        .map(|cve| format!("      <reference id=\"{cve}\" title=\"{cve}\" type=\"cve\" href=\"https://bugs.tarnholt.example/{cve}\"/>\n"))
        .collect();
    let (from, title, description) = (escaped(&vendor.packager), escaped(title), escaped(description));
    format!(
        "  <update from=\"{from}\" status=\"final\" type=\"{kind}\" version=\"1\">\n    \
         <id>{id}</id>\n    <title>{title}</title>\n    <severity>{severity}</severity>\n    \
         <issued date=\"{issued} 00:00:00\"/>\n    <updated date=\"{issued} 00:00:00\"/>\n    \
         <release>{release}</release>\n    <description>{description}</description>\n    \
         <references>\n{references}    </references>\n    <pkglist>\n      \
         <collection short=\"el9\">\n        <name>{release}</name>\n{packages}      \
         </collection>\n    </pkglist>\n  </update>\n",
        release = escaped(&vendor.distribution),
    )
}
