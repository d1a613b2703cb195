//! The faults, and what comes of each.

use std::fs;
use std::path::Path;

use super::small::{Copy, World, rebuilt, with_source};
use super::tree::{Tree, differences, look};

const APPLY: [&str; 3] = ["apply", "--foreground", "/home/plan.json"];
/// Steps, and the numbers of their first lines in the journal.
const STEPS: [&str; 12] = [
    "download",
    "verify",
    "rehearse",
    "secure-boot",
    "save",
    "keys",
    "modules",
    "transaction",
    "repositories",
    "boot",
    "services",
    "done",
];

/// One fault, and what is done afterwards.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) fault: String,
    kind: Kind,
    verb: &'static str,
    pub(crate) is_everyday: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// Killed when this line of the journal is written; whether it is a cut.
    Line(usize, bool),
    /// Killed in the transaction.
    Middle,
    /// The same, and `resume` killed when it puts files back.
    MiddleTwice,
    /// Rollback of a converted machine, killed when it puts files back.
    RollbackKilled,
    /// The mirror is broken in some way.
    Mirror(Broken),
    /// A scriptlet fails.
    Scriptlet(&'static str),
    /// So many bytes are free where the root is.
    Full(u64),
    /// So many bytes are free below this directory, a file system of its own.
    FullAt(&'static str, u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    Corrupt,
    Missing,
    Gone,
    Stranger,
}

impl Case {
    fn new(fault: impl Into<String>, kind: Kind, verb: &'static str) -> Self {
        Self { fault: fault.into(), kind, verb, is_everyday: false }
    }

    fn everyday(mut self) -> Self {
        self.is_everyday = true;
        self
    }

    pub(crate) fn then(&self) -> &'static str {
        if self.verb.is_empty() { "–" } else { self.verb }
    }
}

/// Every fault.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for verb in ["resume", "rollback"] {
        cases.push(Case::new("killed while packages are replaced", Kind::Middle, verb).everyday());
        cases.push(Case::new(
            "killed while packages are replaced, and again while files are put back",
            Kind::MiddleTwice,
            verb,
        ));
    }
    cases.push(
        Case::new(
            "rollback of a converted machine killed while files are put back",
            Kind::RollbackKilled,
            "rollback",
        )
        .everyday(),
    );
    let mirror = [
        ("a package is damaged on the mirror", Broken::Corrupt),
        ("a package is missing on the mirror", Broken::Missing),
        ("the mirror is gone", Broken::Gone),
        ("a package is signed by nobody known", Broken::Stranger),
    ];
    for (fault, broken) in mirror {
        let case = Case::new(fault, Kind::Mirror(broken), "");
        cases.push(Case { is_everyday: broken == Broken::Stranger, ..case.clone() });
        if broken != Broken::Stranger {
            cases.push(Case { verb: "resume", fault: format!("{fault}, and mended"), ..case });
        }
    }
    cases.push(Case::new("%pre of a package fails", Kind::Scriptlet("%pre"), "").everyday());
    cases.push(Case::new("%post of a package fails (told in the receipt)", Kind::Scriptlet("%post"), ""));
    for free in [64, 4 << 10, 24 << 10, 118 << 10] {
        for verb in ["resume", "rollback"] {
            cases.push(Case::new(format!("{free} kB free on /, then more"), Kind::Full(free << 10), verb));
        }
    }
    for (dir, free) in [("/var", 512), ("/boot", 16), ("/usr", 64)] {
        for verb in ["resume", "rollback"] {
            let fault = format!("{free} kB free on {dir}, a file system of its own, then more");
            cases.push(Case::new(fault, Kind::FullAt(dir, free << 10), verb));
        }
    }
    for (index, step) in STEPS.iter().enumerate() {
        for verb in ["resume", "rollback"] {
            let case =
                Case::new(format!("killed at the begin of {step}"), Kind::Line(2 * index + 1, false), verb);
            let is_everyday = (*step, verb) == ("repositories", "rollback");
            cases.push(Case { is_everyday, ..case });
        }
        let case = Case::new(format!("cut at the end of {step}"), Kind::Line(2 * index + 2, true), "resume");
        cases.push(Case { is_everyday: *step == "save", ..case });
    }
    cases
}

/// The machine before, and converted without any fault.
pub(crate) struct Ground {
    world: World,
    converted: Tree,
    packages: String,
    /// Which synchronisation of the program is that of which line of the journal.
    syncs: Vec<usize>,
}

impl Ground {
    pub(crate) fn new() -> Self {
        let world = World::new(0);
        let copy = world.copy("whole");
        let trace = copy.root().join("home/trace");
        let tracer = format!("strace -y -e trace=fsync -o {}", trace.display());
        let ran = copy.run_under(&tracer, &APPLY);
        assert_eq!(ran.code, 0, "{}", ran.said);
        let text = fs::read_to_string(&trace).unwrap();
        let syncs = text.lines().filter(|line| line.starts_with("fsync(")).enumerate();
        let syncs =
            syncs.filter(|(_, line)| line.contains("current/journal>")).map(|(index, _)| index + 1).collect();
        let again = copy.run(&APPLY);
        assert!(again.code == 0 && again.said.contains("nothing was changed"), "{}", again.said);
        let (converted, packages) = (look(&copy.root(), true), copy.packages());
        Self { world, converted, packages, syncs }
    }

    /// What the machine is after a case.
    pub(crate) fn result(&self, case: &Case) -> String {
        match self.run(case) {
            Ok(state) => state.to_owned(),
            Err(why) => format!("NEITHER: {}", why.replace('\n', "; ")),
        }
    }

    fn run(&self, case: &Case) -> Result<&'static str, String> {
        let copy = match case.kind {
            Kind::Line(line, is_cut) => {
                let copy = self.world.copy("line");
                let when = self.syncs[line - 1];
                let ran = copy.run_under(
                    &format!("strace -o /dev/null -e trace=fsync -e inject=fsync:signal=KILL:when={when}"),
                    &APPLY,
                );
                assert_eq!(copy.journal().lines().count(), line, "{}", ran.said);
                if is_cut { copy.cut(true) } else { copy }
            }
            Kind::Middle | Kind::MiddleTwice => {
                let copy = self.world.copy("middle");
                copy.run_until(&APPLY, is_in_transaction);
                if case.kind == Kind::MiddleTwice {
                    copy.run_under(
                        "strace -o /dev/null -e trace=rename -e inject=rename:signal=KILL:when=6",
                        &[case.verb],
                    );
                }
                copy
            }
            Kind::RollbackKilled => {
                let copy = self.world.copy("back");
                assert_eq!(copy.run(&APPLY).code, 0);
                copy.run_under(
                    "strace -o /dev/null -e trace=rename -e inject=rename:signal=KILL:when=8",
                    &["rollback"],
                );
                assert!(copy.is_before().is_err());
                copy
            }
            Kind::Mirror(broken) => return self.mirror(case, broken),
            Kind::Scriptlet(section) => return self.scriptlet(section),
            Kind::Full(free) => return self.full(case, "", free),
            Kind::FullAt(dir, free) => return self.full(case, dir, free),
        };
        self.end(case, &copy)
    }

    /// What is done afterwards, and what the machine is then.
    fn end(&self, case: &Case, copy: &Copy) -> Result<&'static str, String> {
        if !case.verb.is_empty() {
            let ran =
                copy.run(&[case.verb, if case.verb == "resume" { "--foreground" } else { "--format=text" }]);
            if ran.code != 0 {
                return Err(format!("{} ended with {}: {}", case.verb, ran.code, ran.said));
            }
        }
        self.state(copy)
    }

    /// Which of the two states a machine is in.
    fn state(&self, copy: &Copy) -> Result<&'static str, String> {
        let Err(not_before) = copy.is_before() else { return Ok("as before") };
        let is_converted = differences(&self.converted, &look(&copy.root(), true));
        let not_converted = match (is_converted, copy.packages()) {
            (Ok(()), packages) if packages_of(&packages) == packages_of(&self.packages) => {
                return Ok("converted");
            }
            (Ok(()), packages) => packages,
            (Err(why), _) => why,
        };
        Err(format!("not as before: {not_before}; not converted: {not_converted}"))
    }

    fn mirror(&self, case: &Case, broken: Broken) -> Result<&'static str, String> {
        let other = tempfile::tempdir().unwrap();
        let (plan, package) = match broken {
            Broken::Stranger => {
                let path = rebuilt("app", "2", |it| it, Some(&self.world.stranger), other.path());
                (with_source(&self.world.plan, &path), Some(path))
            }
            _ => (self.world.plan.clone(), None),
        };
        let copy = self.world.copy_with("mirror", &plan);
        let mirror = copy.root().join("home/mirror");
        let app = mirror.join("app-2-1.noarch.rpm");
        match broken {
            Broken::Corrupt => {
                let mut bytes = fs::read(&app).unwrap();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                fs::write(&app, bytes).unwrap();
            }
            Broken::Missing => fs::remove_file(&app).unwrap(),
            Broken::Gone => fs::rename(&mirror, copy.root().join("home/elsewhere")).unwrap(),
            Broken::Stranger => _ = fs::copy(package.unwrap(), &app).unwrap(),
        }
        failed(&copy)?;
        copy.is_before()?;
        if !case.verb.is_empty() {
            let _ = fs::rename(copy.root().join("home/elsewhere"), &mirror);
            fs::copy(self.world.mirror().join("app-2-1.noarch.rpm"), &app).unwrap();
        }
        self.end(case, &copy)
    }

    fn scriptlet(&self, section: &str) -> Result<&'static str, String> {
        let other = tempfile::tempdir().unwrap();
        let path = rebuilt("app", "2", |it| it.scriptlet(section, "exit 7"), None, other.path());
        self.world.sign(&path);
        let copy = self.world.copy_with("scriptlet", &with_source(&self.world.plan, &path));
        fs::copy(&path, copy.root().join("home/mirror/app-2-1.noarch.rpm")).unwrap();
        if section == "%pre" {
            failed(&copy)?;
        } else {
            let ran = copy.run(&APPLY);
            let is_told = copy.journal().contains("scriptlet failed");
            if ran.code != 0 || !is_told {
                return Err(format!("{}, told: {is_told}: {}", ran.code, ran.said));
            }
        }
        self.state(&copy)
    }

    fn full(&self, case: &Case, dir: &str, free: u64) -> Result<&'static str, String> {
        let copy = self.world.copy("full");
        let small = copy.on_small(dir, free);
        let ran = copy.run(&APPLY);
        if ran.code == 0 {
            // There was room enough.
            return if case.verb == "rollback" { self.end(case, &copy) } else { self.state(&copy) };
        }
        if case.verb == "rollback" || ran.said.contains("is as before") {
            copy.is_before().map_err(|why| format!("after {}: {why}", ran.said))?;
        }
        small.widen();
        if case.verb == "resume" && ran.said.contains("is as before") {
            let again = copy.run(&APPLY);
            if again.code != 0 {
                return Err(again.said);
            }
            return self.state(&copy);
        }
        self.end(case, &copy)
    }
}

/// Apply has to fail, and to say that nothing was changed or that it was put back.
fn failed(copy: &Copy) -> Result<(), String> {
    let ran = copy.run(&APPLY);
    match ran.code == 1
        && (ran.said.contains("nothing of the machine was changed") || ran.said.contains("is as before"))
    {
        true => Ok(()),
        false => Err(format!("apply ended with {}: {}", ran.code, ran.said)),
    }
}

fn is_in_transaction(current: &Path) -> bool {
    let log = fs::read_to_string(current.join("log/transaction.log")).unwrap_or_default();
    log.contains("Upgrading") || log.contains("Reinstalling") || log.contains("Installing       :")
}

/// Packages and their keys, without the times of signatures.
fn packages_of(list: &str) -> Vec<String> {
    list.lines()
        .map(|line| {
            let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
            format!("{name} {}", rest.rsplit(' ').next().unwrap_or_default())
        })
        .collect()
}
