//! Repositories for architectures that other machines have built.

use std::fs;
use std::path::{Path, PathBuf};

use testkit::gpg::Key;
use testkit::rpm_builder::RpmBuilder;
use testkit::{place, repo};

use crate::site::{Site, turn};

/// A package of another architecture than this machine's; its content needs no compiler.
fn package(dir: &Path, arch: &str) -> PathBuf {
    let builder = RpmBuilder::new("tree", "2.1.0").release("3.el9").arch(arch);
    builder.file("/usr/share/tree/about", format!("for {arch}\n")).build(dir).unwrap().binary
}

fn repository(dir: &Path, rpms: &[&PathBuf], key: &Key) {
    place::make_dir(dir.join("Packages")).unwrap();
    for rpm in rpms {
        fs::copy(rpm, dir.join("Packages").join(rpm.file_name().unwrap())).unwrap();
    }
    repo::repo(dir).unwrap();
    repo::sign(dir, key).unwrap();
}

/// Gives the site's references an aarch64 side, and two other machines whose results are taken.
fn with_other_machines(site: &Site) -> PathBuf {
    let key = Key::throwaway("Another machine <m@example.org>").unwrap();
    let public = site.path("machine.asc");
    fs::write(&public, key.public().unwrap()).unwrap();
    let (rpms, world) = (site.path("rpms"), testkit::world().unwrap());
    let (arm, intel) = (package(&rpms, "aarch64"), package(&rpms, "i686"));
    for name in ["BaseOS", "AppStream", "CRB"] {
        let reference = site.path("reference").join(name);
        place::make_dir(reference.join("x86_64")).unwrap();
        let of_world = world.join("reference").join(name).join("x86_64/os");
        std::os::unix::fs::symlink(&of_world, reference.join("x86_64/os")).unwrap();
        let theirs = if name == "BaseOS" { vec![&arm] } else { Vec::new() };
        repository(&reference.join("aarch64/os"), &theirs, &key);
        let (of_world, here) = (of_world.display().to_string(), reference.display().to_string());
        site.redefine(&of_world, &format!("{here}/$basearch/os"));
    }
    repository(&site.path("results/aarch64"), &[&arm], &key);
    repository(&site.path("results/i686"), &[&intel], &key);
    let vendor = world.join("keys/vendor.asc").display().to_string();
    let text = fs::read_to_string(site.path("heirloom.toml")).unwrap();
    let keys = format!("keys = [\"{vendor}\"]");
    let text = text.replace(&keys, &format!("keys = [\"{vendor}\", \"{}\"]", public.display()));
    let results = ["aarch64", "i686"].map(|arch| {
        let location = site.path("results").join(arch);
        format!(
            "[compose.results.{arch}]\nlocation = \"{}\"\nkeys = [\"{}\"]\n\n",
            location.display(),
            public.display()
        )
    });
    let multilib = "[compose.multilib]\npackages = [\"tree\"]\n\n";
    fs::write(site.path("heirloom.toml"), format!("{text}\n{}{multilib}", results.concat())).unwrap();
    arm
}

#[test]
fn what_other_machines_have_built_is_compared_and_composed() {
    let _turn = turn();
    let site = Site::new(&["tree"]);
    let arm = with_other_machines(&site);
    let summary = site.json("rebuild");
    assert_eq!(summary["refused"], serde_json::json!([]), "{summary}");
    let repositories = summary["published"]["composed"]["repositories"].as_array().unwrap();
    let count = |path: &str| repositories.iter().find(|it| it["path"] == path).unwrap()["packages"].clone();
    let name = arm.file_name().unwrap();
    let base = site.published().join("BaseOS");
    assert!(base.join("aarch64/os/Packages/t").join(name).is_file());
    assert!(base.join("aarch64/os/Packages/k/kestrel-release-9.4-1.el9.noarch.rpm").is_file());
    assert!(base.join("x86_64/os/Packages/t/tree-2.1.0-3.el9.i686.rpm").is_file());
    assert!(base.join("aarch64/debug/tree/repodata/repomd.xml").is_file());
    // tree and the three own packages.
    assert_eq!(count("BaseOS/aarch64/os"), 4, "{summary}");
    let root = site.path("root");
    let list = ["repoquery", "--forcearch=aarch64", "--qf", "%{name}.%{arch}", "--repo=kestrel-BaseOS"];
    let said = site.dnf(&root, &list).unwrap();
    assert!(said.contains("tree.aarch64") && !said.contains("x86_64"), "{said}");
    let list = ["repoquery", "--qf", "%{name}.%{arch}", "--repo=kestrel-BaseOS"];
    let said = site.dnf(&root, &list).unwrap();
    assert!(said.contains("tree.i686") && said.contains("tree.x86_64"), "{said}");

    // One whose content is another than the reference's is refused.
    let other = RpmBuilder::new("tree", "2.1.0").release("3.el9").arch("aarch64");
    let other = other.file("/usr/share/tree/about", "something else\n").build(&site.path("other")).unwrap();
    let key = Key::throwaway("Another machine <m@example.org>").unwrap();
    fs::remove_dir_all(site.path("results/aarch64")).unwrap();
    repository(&site.path("results/aarch64"), &[&other.binary], &key);
    fs::write(site.path("machine2.asc"), key.public().unwrap()).unwrap();
    let table = format!(
        "[compose.results.aarch64]\nlocation = \"{}\"\nkeys = [\"",
        site.path("results/aarch64").display()
    );
    site.redefine(&table, &format!("{table}{}\", \"", site.path("machine2.asc").display()));
    let refused = site.run(&["rebuild"]).expect(5);
    refused.says(&[
        "upgrade-path: BaseOS/aarch64: tree-2.1.0-3.el9.aarch64: is in the reference, and neither here",
    ]);
}
