//! Advisories, read by createrepo_c and by libsolv, which is what dnf reads them with.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[path = "support/python.rs"]
mod python;

use std::collections::{BTreeMap, BTreeSet};

use heirloom_formats::Document;
use heirloom_formats::updateinfo::{self, Have, Reader};
use heirloom_model::{Digest, Nevra};

const UPDATES: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<updates>
  <update from="security@example.org" status="final" type="security" version="1">
    <id>EXSA-2024:0001</id>
    <title>Important: bash &amp; perl</title>
    <issued date="2024-03-05 00:00:00"/><updated date="2024-03-06 00:00:00"/>
    <severity>Important</severity><summary>x</summary><description>a &lt; b</description>
    <references><reference href="https://www.example.org/" id="CVE-2024-0001" title="CVE-2024-0001" type="cve"/></references>
    <pkglist>
      <collection short="base"><name>Base</name>
        <package name="bash" version="5.1" release="9.el9" epoch="0" arch="x86_64" src="bash-5.1-9.el9.src.rpm">
          <filename>bash-5.1-9.el9.x86_64.rpm</filename><sum type="sha256">SUM</sum>
          <reboot_suggested>True</reboot_suggested></package>
        <package name="gone" version="1" release="1" epoch="0" arch="x86_64"><filename>gone-1-1.x86_64.rpm</filename></package>
      </collection>
      <collection short="perl"><name>Perl</name>
        <module name="perl" stream="5.30" version="8040020200923213406" context="466ea64f" arch="x86_64"/>
        <package name="perl" version="5.30.1" release="452.module+el8" epoch="4" arch="x86_64">
          <filename>perl-5.30.1-452.module+el8.x86_64.rpm</filename></package>
      </collection>
    </pkglist>
  </update>
  <update status="final" type="bugfix"><id>EXBA-2024:0002</id><title>gone</title><pkglist><collection short="x"><name>x</name>
    <package name="gone" version="2" release="1" epoch="0" arch="x86_64"/></collection></pkglist></update>
</updates>"#;

const CREATEREPO: &str = r"
import sys, createrepo_c
for record in createrepo_c.UpdateInfo(sys.argv[1]).updates:
    print(record.id, record.type, record.severity, record.title, record.issued_date, record.updated_date)
    print(*(reference.id for reference in record.references))
    for collection in record.collections:
        module = collection.module
        print(collection.shortname, module and (module.name, module.stream, module.version, module.context, module.arch))
        for package in collection.packages:
            print(package.name, package.epoch, package.version, package.release, package.arch, package.filename,
                  package.sum, package.reboot_suggested)
";

const LIBSOLV: &str = r"
import sys, solv
pool = solv.Pool()
repo = pool.add_repo('updates')
assert repo.add_updateinfoxml(solv.xfopen(sys.argv[1]), 0), pool.errstr
for advisory in repo.solvables:
    print(advisory.name, advisory.lookup_str(solv.UPDATE_SEVERITY))
    print(*map(str, advisory.lookup_deparray(solv.SOLVABLE_CONFLICTS)), sep='\n')
";

#[test]
fn createrepo_c_and_libsolv_read_what_was_selected() {
    let bash = Digest::of(b"bash");
    let text = UPDATES.replace("SUM", &bash.to_string());
    let names = ["bash-5.1-9.el9.x86_64", "perl-4:5.30.1-452.module+el8.ours.x86_64"];
    let packages: BTreeMap<Nevra, Digest> = names.iter().map(|name| (name.parse().unwrap(), bash)).collect();
    let perl = "perl-4:5.30.1-452.module+el8.x86_64".parse().unwrap();
    let renamed = BTreeMap::from([(perl, names[1].parse().unwrap())]);
    let have = Have { arch: "x86_64", packages: &packages, renamed: &renamed, elsewhere: &BTreeSet::new() };
    let reader = Reader::open(Document::new("updateinfo.xml", text.as_bytes())).unwrap();
    let selected = updateinfo::select(reader.map(Result::unwrap), &have);
    assert_eq!(selected.findings.len(), 2);

    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("updateinfo.xml");
    std::fs::write(&path, updateinfo::to_xml(&selected.advisories)).unwrap();
    let path = path.to_str().unwrap();
    assert_eq!(
        python::run(CREATEREPO, &[path]),
        format!(
            "EXSA-2024:0001 security Important Important: bash & perl 2024-03-05 00:00:00 2024-03-06 00:00:00\n\
             CVE-2024-0001\n\
             base None\n\
             bash 0 5.1 9.el9 x86_64 bash-5.1-9.el9.x86_64.rpm {bash} 1\n\
             perl ('perl', '5.30', 8040020200923213406, '466ea64f', 'x86_64')\n\
             perl 4 5.30.1 452.module+el8.ours x86_64 None None 0\n"
        )
    );
    // What it fixes, as an advisory is to libsolv: it conflicts with everything older.
    assert_eq!(
        python::run(LIBSOLV, &[path]),
        "patch:EXSA-2024:0001 Important\n\
         bash.x86_64 << 5.1-9.el9\nbash.noarch << 5.1-9.el9\n\
         perl.x86_64 << 4:5.30.1-452.module+el8.ours\nperl.noarch << 4:5.30.1-452.module+el8.ours\n"
    );
}
