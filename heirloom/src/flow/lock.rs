//! The buildroot of one of our builds as mock's lock.

use std::collections::HashMap;

use heirloom_formats::recorded::{Lock, LockPackage};
use heirloom_formats::rpm_file::Header;
use heirloom_model::Digest;
use heirloom_model::record::{Action, BuildrootPackage};

use super::gather::Foreign;
use crate::context::Context;
use crate::fail::{Exit, Fail, chain};

/// The text of `buildroot_lock.json` for an action whose buildroot is in the store. A package of a foreign
/// repository has its address there; an own one has none yet and is named by its digest, which is where the store
/// has it: `sha256:DIGEST/FILE.rpm`.
pub(crate) fn lock(context: &Context, foreign: &[Foreign], action: &Action) -> Result<String, Fail> {
    let urls: HashMap<Digest, String> = foreign
        .iter()
        .flat_map(|foreign| {
            foreign.packages.iter().map(|package| (package.digest, url(foreign, &package.location)))
        })
        .collect();
    let packages = action.buildroot().map(|package| locked(context, &urls, package));
    let packages = packages.collect::<Result<Vec<_>, _>>()?;
    let lock = Lock {
        arch: &action.arch,
        dist: context.definition.distribution.dist.trim_start_matches('.'),
        macros: &action.macros,
        packages: &packages,
        image: None,
    };
    lock.write().map_err(|error| Fail::new(Exit::Failed, chain(&error)))
}

fn locked(
    context: &Context,
    urls: &HashMap<Digest, String>,
    package: &BuildrootPackage,
) -> Result<LockPackage, Fail> {
    let failed = |error: &dyn std::error::Error| {
        let message = format!("no lock can be written of {}: {}", package.nevra, chain(error));
        Fail::new(Exit::Failed, message)
    };
    let header = Header::open(&context.store.path(package.digest)).map_err(|error| failed(&error))?;
    let own = || format!("sha256:{}/{}", package.digest, package.nevra.file_name());
    let url = urls.get(&package.digest).cloned().unwrap_or_else(own);
    LockPackage::new(&header, package.digest, url).map_err(|error| failed(&error))
}

fn url(foreign: &Foreign, location: &str) -> String {
    let root = foreign.state.location.trim_end_matches('/');
    let scheme = if root.contains("://") { "" } else { "file://" };
    format!("{scheme}{root}/{location}")
}

#[cfg(test)]
mod tests {
    use heirloom_formats::Document;
    use heirloom_formats::recorded::{Recorded, parse};
    use heirloom_model::record::{Limits, RepositoryRole, RepositoryState};
    use testkit::rpm_builder::RpmBuilder;

    use super::*;
    use crate::flow::sample::DEFINITION;

    #[test]
    fn a_lock_has_the_buildroot_in_order() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("heirloom.toml"), DEFINITION).unwrap();
        let context = Context::open(&dir.path().join("heirloom.toml")).unwrap();
        let made = |name: &str| {
            let path = RpmBuilder::new(name, "1").build(dir.path()).unwrap().binary;
            let (digest, size) = context.store.put_file(&path).unwrap();
            Header::open(&path).unwrap().package(digest, size, &format!("Packages/{name}.rpm"))
        };
        let (second, first) = (made("second"), made("first"));
        let pinned = |package: &heirloom_model::Package| BuildrootPackage {
            nevra: package.nevra.clone(),
            digest: package.digest,
        };
        let digest = Digest::of(b"");
        let state = RepositoryState {
            role: RepositoryRole::Bootstrap,
            name: "bootstrap".to_owned(),
            location: "https://boot.example/os/".to_owned(),
            repomd: digest,
            signed_by: String::new(),
            packages: digest,
            extras: std::collections::BTreeMap::new(),
        };
        let foreign = [Foreign { name: "BaseOS".to_owned(), state, packages: vec![second.clone()] }];
        let action = Action {
            builder: 1,
            name: "a".to_owned(),
            spec: "a.spec".to_owned(),
            sources: Vec::new(),
            base: vec![pinned(&second)],
            extra: vec![pinned(&first)],
            requires: Vec::new(),
            macros: vec![("dist".to_owned(), ".el9".to_owned())],
            with: Vec::new(),
            arch: "x86_64".to_owned(),
            limits: Limits { seconds: 1, memory: 1, disk: 1, processes: 1 },
        };
        let text = lock(&context, &foreign, &action).unwrap();
        let read = parse(Document::new("lock", text.as_bytes())).unwrap();
        let Some(buildroot) = Recorded::for_arch(read, "x86_64") else { panic!("{text}") };
        let urls: Vec<_> = buildroot.packages.iter().filter_map(|package| package.url.clone()).collect();
        let own = format!("sha256:{}/first-1-1.noarch.rpm", first.digest);
        assert_eq!(urls, ["https://boot.example/os/Packages/second.rpm".to_owned(), own]);
        assert!(text.contains("\"dist\": \"el9\"") && text.contains(&second.digest.to_string()), "{text}");

        let absent = Action { base: vec![BuildrootPackage { digest, ..pinned(&first) }], ..action };
        let fail = lock(&context, &foreign, &absent).unwrap_err();
        assert!(fail.message.contains("no lock can be written of first-1-1.noarch"), "{}", fail.message);
    }
}
