use heirloom_model::record::{Evaluated, EvaluatedBinary, Plan};
use heirloom_model::{Dependency, Digest, Package};

use super::*;

mod cycles;
mod hosting;
mod known;
mod properties;
mod value;

fn list(text: &str) -> Vec<Dependency> {
    text.split(',')
        .filter(|dep| !dep.trim().is_empty())
        .map(|dep| dep.parse::<Dependency>().unwrap())
        .collect()
}

/// `name: provides | requires`, made by a source of the same name. What it provides that begins with `/` is a file.
fn package(text: &str, source: bool) -> Package {
    let (name, rest) = text.split_once(':').unwrap();
    let (provides, requires) = rest.split_once('|').unwrap();
    let (files, mut provides): (Vec<_>, Vec<_>) = list(provides).into_iter().partition(Dependency::is_file);
    provides.push(Dependency::any(name));
    let files: Vec<_> = files.iter().map(|file| serde_json::json!({"path": file.name})).collect();
    serde_json::from_value(serde_json::json!({
        "nevra": format!("{name}-1-1.noarch"), "digest": Digest::of(text.as_bytes()), "size": 1,
        "source_rpm": if source { format!("{}-1-1.src.rpm", name.trim_end_matches("-devel")) } else { String::new() },
        "provides": provides,
        "requires": list(requires),
        "conflicts": [], "obsoletes": [], "recommends": [], "suggests": [], "supplements": [], "enhances": [], "files": files,
    }))
    .unwrap()
}

/// `name: requires | requires under bootstrap`; `-` for no such conditional.
fn evaluated(text: &str) -> (String, Evaluated) {
    let (name, rest) = text.split_once(':').unwrap();
    let (requires, first) = rest.split_once('|').unwrap();
    let evaluated = Evaluated {
        key: Digest::of(name.as_bytes()),
        source: Digest::of(text.as_bytes()),
        nevra: format!("{name}-1-1.src").parse().unwrap(),
        build_requires: list(requires),
        bootstrap_requires: (first.trim() != "-").then(|| list(first)),
        binaries: vec![EvaluatedBinary {
            nevra: format!("{name}-1-1.noarch").parse().unwrap(),
            provides: Vec::new(),
        }],
        excluded: None,
    };
    (name.to_owned(), evaluated)
}

/// A small universe: sources as [`evaluated`] takes them, packages as [`package`] does.
#[derive(Clone, Debug, Default)]
struct World {
    sources: Vec<String>,
    bootstrap: Vec<String>,
    earlier: Vec<String>,
    reference: Vec<String>,
    options: Options,
}

impl World {
    fn new(sources: &[&str], bootstrap: &[&str], reference: &[&str]) -> Self {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        let (sources, bootstrap, reference) = (owned(sources), owned(bootstrap), owned(reference));
        Self { sources, bootstrap, reference, ..Self::default() }
    }

    fn passes(mut self, passes: usize) -> Self {
        self.options.passes = passes;
        self
    }

    fn planned(&self, known: &Solutions) -> Result<Planned, PlanError> {
        let mut evaluated: Vec<_> = self.sources.iter().map(|text| evaluated(text)).collect();
        evaluated.sort_by(|(a, _), (b, _)| a.cmp(b));
        let packages = |texts: &[String], own| {
            let mut packages: Vec<_> = texts.iter().map(|text| package(text, own)).collect();
            packages.sort_by(|a, b| a.nevra.cmp(&b.nevra));
            packages
        };
        let (bootstrap, earlier) = (packages(&self.bootstrap, false), packages(&self.earlier, false));
        let base = base("x86_64", &bootstrap, &["gcc".to_owned()]).unwrap();
        let input = Input {
            arch: "x86_64",
            sources: evaluated
                .iter()
                .map(|(name, evaluated)| Source { name, evaluated, learned: None, learned_bootstrap: None })
                .collect(),
            bootstrap: &bootstrap,
            earlier: &earlier,
            base: &base,
            reference: &packages(&self.reference, true),
            options: self.options,
        };
        plan(&input, known)
    }

    fn plan(&self) -> Result<Plan, PlanError> {
        Ok(self.planned(&Solutions::default())?.plan)
    }
}

fn make(sources: &[&str], bootstrap: &[&str], reference: &[&str]) -> Result<Plan, PlanError> {
    World::new(sources, bootstrap, reference).passes(1).plan()
}

fn after(step: &heirloom_model::record::Step) -> Vec<&str> {
    step.after.iter().map(|id| &**id).collect()
}

fn order(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(|step| format!("{} {}", step.wave, step.id)).collect()
}

#[test]
fn order_follows_generated_provides_and_run_time_needs() {
    // bc needs pkgconfig(readline), which only the reference knows to be readline-devel's; that needs ncurses.
    let plan = make(
        &["bc: pkgconfig(readline)|-", "ncurses: gcc|-", "readline: ncurses-devel|-"],
        &["gcc: |"],
        &["bc: | ", "ncurses-devel: |", "readline-devel: pkgconfig(readline)|ncurses-devel"],
    )
    .unwrap();
    assert_eq!(order(&plan), ["1 ncurses", "2 readline", "3 bc"]);
    assert_eq!(after(&plan.steps[2]), ["ncurses", "readline"]);
    assert_eq!(plan.steps[2].needs[1].because.as_ref(), "BuildRequires: pkgconfig(readline)");
    assert_eq!(plan.steps[2].needs[0].because.as_ref(), "readline-devel-1-1.noarch requires ncurses-devel");
}

#[test]
fn what_the_base_has_makes_no_order() {
    let plan = make(&["gcc: gcc|-", "hello: gcc|-"], &["gcc: |"], &["gcc: |", "hello: |"]).unwrap();
    assert_eq!(order(&plan), ["1 gcc", "1 hello"]);
}

#[test]
fn a_conditional_breaks_a_cycle() {
    let plan = make(&["a: b|gcc", "b: a|-", "c: a|-"], &["gcc: |"], &["a: |", "b: |", "c: |"]).unwrap();
    assert_eq!(order(&plan), ["1 a:bootstrap", "2 b", "3 a", "4 c"]);
    assert_eq!(plan.steps[0].with, ["bootstrap"]);
    assert_eq!(after(&plan.steps[1]), ["a:bootstrap"]);
    assert_eq!(plan.cycles.len(), 1);
}

#[test]
fn the_bootstrap_repository_breaks_a_cycle() {
    let plan = make(&["a: b|-", "b: a|-"], &["gcc: |", "b: |"], &["a: |", "b: |"]).unwrap();
    assert_eq!(order(&plan), ["1 a", "2 b"]);
    assert!(plan.steps[0].reason.contains("bootstrap repository"), "{}", plan.steps[0].reason);
}

#[test]
fn a_package_that_needs_itself() {
    let plan = make(&["a: a|-"], &["gcc: |", "a: |"], &["a: |"]).unwrap();
    assert_eq!(order(&plan), ["1 a"]);
    let plan = make(&["a: a|gcc"], &["gcc: |"], &["a: |"]).unwrap();
    assert_eq!(order(&plan), ["1 a:bootstrap", "2 a"]);
}

#[test]
fn a_cycle_that_nothing_breaks_is_named() {
    let error = make(&["a: b|-", "b: a|-"], &["gcc: |"], &["a: |", "b: |"]).unwrap_err();
    assert!(error.to_string().contains("a -> b"), "{error}");
}

#[test]
fn every_missing_requirement_is_told_with_its_chain() {
    let error =
        make(&["a: x|-", "b: gcc|-", "c: d|-", "d: gcc|-"], &["gcc: |"], &["d: |nowhere"]).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("a can't be built") && text.contains('x'), "{text}");
    assert!(text.contains("c can't be built") && text.contains("nowhere"), "{text}");
}
