//! What machines of other distributions are told, read as they read it.

use std::fs;

use heirloom_formats::openpgp::Keyring;
use heirloom_migrate::fetch::Fetcher;
use heirloom_migrate::offer::{self, Places};
use heirloom_migrate::target::{self, Fate};
use testkit::tool::Tool;

use crate::site::{KEY, Site};

const SETTINGS: &str = "\n[migrate]\nmirrors = [\"https://mirror.example/kestrel/\"]\n\
    [migrate.roles]\nlogos = \"kestrel-logos\"\n\
    [[migrate.packages]]\nname = \"heron-*\"\nreason = \"about another distribution\"\n\
    [migrate.boot]\ndirectory = \"kestrel\"\nloaders = { x86_64 = \"shimx64.efi\" }\n";

#[test]
fn the_target_file_leads_machines_to_what_the_channel_serves() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("file://{}/state/published", dir.path().display());
    let site = Site::at(dir, &url, SETTINGS);
    let out = site.path("kestrel.toml");
    let name = out.to_str().unwrap();
    let early = site.run(&["migrate", "target", name]);
    assert!(early.stderr.contains("no snapshot is served"), "{}", early.stderr);
    assert!(!out.exists());
    site.snapshot(1, 1_700_000_000);
    site.run(&["publish", "9"]).expect(0);
    site.run(&["migrate", "target", name]).expect(0);
    Tool::new("gpg")
        .env("GNUPGHOME", KEY.home())
        .args(["--verify"])
        .args([site.path("kestrel.toml.asc"), out.clone()])
        .run()
        .unwrap();

    let keyring = Keyring::from_armoured(KEY.public().unwrap().as_bytes()).unwrap();
    let signature = fs::read(site.path("kestrel.toml.asc")).unwrap();
    let read = target::verified(name, &fs::read(&out).unwrap(), &signature, &keyring).unwrap();
    let said = &read.target;
    assert_eq!((said.id.as_str(), said.version.as_str()), ("kestrel", "9.4"));
    assert_eq!(said.role("release"), Some("kestrel-release"));
    assert_eq!(said.role("logos"), Some("kestrel-logos"));
    assert_eq!(said.packages[0].fate, Fate::Remove);
    let boot = said.boot.as_ref().unwrap();
    assert_eq!((boot.directory.as_str(), boot.label.as_str()), ("kestrel", "Kestrel Enterprise Linux"));
    assert_eq!(said.repositories[0].baseurls.len(), 2, "the mirror comes after the site");

    // And what it leads to is what was published, with good signatures.
    let places = Places::stated(said, "x86_64").unwrap();
    let offer = offer::read(said, "x86_64", &places, &Fetcher::default(), None).unwrap();
    let mut names: Vec<&str> = offer.packages.iter().map(|it| it.package.nevra.name()).collect();
    names.sort_unstable();
    assert_eq!(names, ["app", "base", "common"]);

    // A changed file is refused.
    let mut changed = fs::read(&out).unwrap();
    let at = changed.len() - 3;
    changed[at] ^= 1;
    assert!(target::verified(name, &changed, &signature, &keyring).is_err());
}
