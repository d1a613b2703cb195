//! What is refused, with a message that says what and where, and nothing half-written.

use std::fs;

use testkit::gpg::Key;
use testkit::tool::Tool;
use testkit::{corrupt, repo};

use crate::site::{Site, replace, turn};

#[test]
fn a_source_with_the_wrong_digest() {
    let _turn = turn();
    let site = Site::bare(&["figlet"]);
    let list = site.upstream.join("figlet/.figlet.metadata");
    let text = fs::read_to_string(&list).unwrap();
    let digest = text.split_whitespace().next().unwrap();
    let lookaside = site.path("lookaside");
    fs::create_dir(&lookaside).unwrap();
    let source = testkit::world().unwrap().join("lookaside").join(digest);
    fs::copy(source, lookaside.join(digest)).unwrap();
    corrupt::flip_byte(&lookaside.join(digest), 100).unwrap();
    site.redefine(
        &format!("{}/lookaside", testkit::world().unwrap().display()),
        &lookaside.display().to_string(),
    );
    let ran = site.run(&["import"]).expect(1);
    ran.says(&[digest, ".figlet.metadata", "nothing of it was kept"]);
    assert!(!site.path("state/objects").join(&digest[..2]).join(&digest[2..]).exists());
}

#[test]
fn metadata_that_is_unsigned_or_signed_by_another() {
    let _turn = turn();
    let site = Site::bare(&[]);
    let own = site.path("bootstrap");
    Tool::new("cp")
        .arg("-a")
        .arg(testkit::world().unwrap().join("bootstrap/repodata"))
        .arg(&own)
        .run()
        .unwrap();
    let repodata = own.join("repodata");
    fs::rename(&own, site.path("x")).unwrap();
    fs::create_dir(&own).unwrap();
    fs::rename(site.path("x"), &repodata).unwrap();
    site.redefine(&format!("\"{}/bootstrap\"", testkit::world().unwrap().display()), "\"bootstrap\"");

    let key = Key::throwaway("Stranger <stranger@example.org>").unwrap();
    fs::remove_file(repodata.join("repomd.xml.asc")).unwrap();
    repo::sign(&own, &key).unwrap();
    site.run(&["import"]).expect(1).says(&["repodata/repomd.xml", "key"]);
    fs::remove_file(repodata.join("repomd.xml.asc")).unwrap();
    site.run(&["import"]).expect(1).says(&["repodata/repomd.xml", "not signed"]);
}

#[test]
fn a_truncated_package() {
    let _turn = turn();
    let site = Site::bare(&[]);
    let own = site.path("bootstrap");
    Tool::new("cp").args(["-rs"]).arg(testkit::world().unwrap().join("bootstrap")).arg(&own).run().unwrap();
    let find = "find . -name 'bash-5*.rpm' | head -1";
    let bash = own.join(Tool::new("sh").args(["-c", find]).dir(&own).run().unwrap().trim());
    let original = fs::canonicalize(&bash).unwrap();
    fs::remove_file(&bash).unwrap();
    fs::copy(original, &bash).unwrap();
    corrupt::truncate(&bash, 5000).unwrap();
    site.redefine(&format!("\"{}/bootstrap\"", testkit::world().unwrap().display()), "\"bootstrap\"");
    site.run(&["plan"]).expect(1).says(&["bash-5", "has 5000 bytes", "nothing of it was kept"]);
}

#[test]
fn a_spec_file_that_does_not_parse_and_a_requirement_that_nothing_provides() {
    let _turn = turn();
    let site = Site::new(&[]);
    site.write_spec("broken", "%if 1\n%description\nx\n%files\n");
    site.run(&["plan"]).expect(4).says(&["broken", "%if"]);
    fs::remove_dir_all(site.upstream.join("broken")).unwrap();

    site.write_spec("needy", "BuildRequires: libnowhere-devel >= 2\n%description\nx\n%files\n");
    let ran = site.run(&["plan"]).expect(4);
    ran.says(&["needy can't be built", "libnowhere-devel >= 2", "nothing provides it"]);
}

#[test]
fn a_path_that_escapes() {
    let _turn = turn();
    let site = Site::bare(&["figlet"]);
    let list = site.upstream.join("figlet/.figlet.metadata");
    replace(&list, "SOURCES/", "SOURCES/../../");
    site.run(&["import"]).expect(1).says(&[".figlet.metadata", ".."]);

    let site = Site::bare(&["figlet"]);
    std::os::unix::fs::symlink("/etc/passwd", site.upstream.join("figlet/SOURCES/stolen")).unwrap();
    site.run(&["import"]).expect(1).says(&["SOURCES/stolen", "can't be a source"]);
}

#[test]
fn a_full_disk() {
    let _turn = turn();
    let site = Site::bare(&["figlet"]);
    let small = site.path("small");
    fs::create_dir(&small).unwrap();
    Tool::new("mount").args(["-t", "tmpfs", "-o", "size=8m", "none"]).arg(&small).run().unwrap();
    replace(&site.path("heirloom.toml"), "# Who the", "state = \"small\"\n\n# Who the");
    let ran = site.run(&["plan"]);
    Tool::new("umount").arg(&small).run().unwrap();
    ran.expect(1).says(&["no space left", "make room"]);
}

#[test]
fn a_definition_with_a_slip_of_the_pen() {
    let _turn = turn();
    let site = Site::bare(&[]);
    site.redefine("platform_id", "platfrom_id");
    site.run(&["plan"]).expect(3).says(&["heirloom.toml:8:1", "platfrom_id", "did you mean `platform_id`?"]);
}
