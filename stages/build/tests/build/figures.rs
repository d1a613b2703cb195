//! Figures, beside those of the tools that do the same work without a sandbox. Run it alone, on a quiet
//! machine: `cargo test -p heirloom-build --release -- --ignored --nocapture figures`.

use std::fs;
use std::path::Path;
use std::time::Instant;

use heirloom_model::record::Action;
use testkit::tool::Tool;

use crate::support::{Place, base, bootstrap, builder, built, place, run, run_with, spec};

const ROUNDS: usize = 3;

#[test]
#[ignore = "measures; run it alone"]
fn cold_root_against_dnf() {
    let names: Vec<_> = base().iter().map(|package| package.nevra.to_string()).collect();
    let baseurl = format!("file://{}", fs::canonicalize(bootstrap()).unwrap().display());
    println!("{} packages, seconds, rounds in turn:", names.len());
    for round in 0..=ROUNDS {
        let temporary = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let here = temporary.path();
        let own = Place::at(&here.join("own"));
        let packages: Vec<_> =
            base().iter().map(|package| own.keep(&place().store.path(package.digest))).collect();
        let builder = own.builder();
        let ours = seconds(|| drop(builder.base_root(&packages).unwrap()));
        let dnf = |arguments: &[&str]| {
            Tool::new("dnf")
                .args([
                    "-q",
                    "-y",
                    "--releasever=9",
                    "--noplugins",
                    "--setopt=gpgcheck=0",
                    "--setopt=install_weak_deps=0",
                ])
                .args(["--setopt=module_platform_id=platform:el9", "--setopt=reposdir=/nonexistent"])
                .arg(format!("--setopt=cachedir={}", here.join("cache").display()))
                .arg(format!("--repofrompath=world,{baseurl}"))
                .arg(format!("--installroot={}", here.join("dnf").display()))
                .args(arguments)
                .run()
                .unwrap()
        };
        dnf(&["makecache"]);
        let install: Vec<_> = ["install"].into_iter().chain(names.iter().map(String::as_str)).collect();
        let theirs = seconds(|| drop(dnf(&install)));
        // The first round fills the page cache for both.
        if round > 0 {
            println!("heirloom {ours:.2}  dnf --installroot {theirs:.2}");
        }
    }
}

#[test]
#[ignore = "measures; run it alone"]
fn overhead_around_rpmbuild() {
    let spec = spec("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done");
    let action = place().action(&spec, &[]);
    built(run(&action));
    let plain = PlainRoot::new(&action);
    println!("seconds: heirloom, of them rpmbuild; bare rpmbuild in a copy of the same root");
    for _ in 0..5 {
        let mut inside = 0.0;
        let ours = seconds(|| inside = built(run(&action)).resources.seconds);
        let theirs = seconds(|| plain.rpmbuild());
        println!("heirloom {ours:.3} ({inside:.3})  bare {theirs:.3}  overhead {:.3}", ours - theirs);
    }
}

#[test]
#[ignore = "measures; run it alone"]
fn twenty_packages_on_a_cached_base() {
    let temporary = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let own = Place::at(temporary.path());
    let base: Vec<_> = base().iter().map(|package| own.keep(&place().store.path(package.digest))).collect();
    let builder = own.builder();
    builder.base_root(&base).unwrap();
    let extra = own.more_than(&base, 20);
    let mut action = own.action_on(&base, &spec("true"), &[]);
    println!("{} packages on top of {}, seconds:", extra.len(), base.len());
    for round in 0..=ROUNDS {
        // A set of its own each time: without its last packages.
        action.extra = extra[..extra.len() - round].to_vec();
        let new = built(run_with(&builder, &action)).resources.overhead_seconds;
        let seen = built(run_with(&builder, &action)).resources.overhead_seconds;
        println!("{}: all but rpmbuild: new {new:.3}, seen before {seen:.3}", action.extra.len());
    }
}

#[test]
#[ignore = "measures; run it alone"]
fn evaluation() {
    let source = crate::evaluating::imported("a", &[("t.spec", &spec("true"))]);
    let sources = vec![&source; 200];
    let root = builder().base_root(base()).unwrap();
    let taken = seconds(|| drop(builder().evaluate(&root, &sources, &[], "x86_64").unwrap()));
    println!("200 spec files: {taken:.2} s");
    let taken = seconds(|| drop(builder().evaluate(&root, &sources[..1], &[], "x86_64").unwrap()));
    println!("one spec file: {taken:.3} s");
}

/// A copy of the buildroot, for rpmbuild without a sandbox.
struct PlainRoot(tempfile::TempDir);

impl PlainRoot {
    fn new(action: &Action) -> Self {
        let copy = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let root = builder().base_root(&action.base).unwrap();
        let upper = place().dir.join("roots").join(root.digest().to_string()).join("upper/.");
        Tool::new("cp").arg("-a").arg(upper).arg(copy.path()).run().unwrap();
        let append = |file: &str, line: &str| {
            let path = copy.path().join(file);
            let text = fs::read_to_string(&path).unwrap() + line;
            fs::write(path, text).unwrap();
        };
        append("etc/passwd", "mockbuild:x:1000:1000::/builddir:/bin/bash\n");
        append("etc/group", "mockbuild:x:1000:\n");
        let specs = copy.path().join("builddir/build/SPECS");
        fs::create_dir_all(&specs).unwrap();
        let spec = action.sources.iter().find(|source| source.0 == action.spec).unwrap();
        fs::copy(place().store.path(spec.1), specs.join(&action.spec)).unwrap();
        Tool::new("chown").args(["-R", "1000:1000"]).arg(copy.path().join("builddir")).run().unwrap();
        Self(copy)
    }

    fn rpmbuild(&self) {
        let root: &Path = self.0.path();
        let inside = "mount --bind /dev \"$0/dev\"; exec chroot --userspec=1000:1000 \"$0\" env -i HOME=/builddir \
            PATH=/usr/bin:/usr/sbin LANG=C.UTF-8 rpmbuild -ba --define '_topdir /builddir/build' \
            --define '_dbpath /var/lib/rpm' --define '_buildshell /bin/bash' /builddir/build/SPECS/test.spec";
        Tool::new("unshare").args(["-m", "bash", "-c", inside]).arg(root).run().unwrap();
    }
}

fn seconds(work: impl FnOnce()) -> f64 {
    let started = Instant::now();
    work();
    started.elapsed().as_secs_f64()
}
