//! States of advisories, texts, reconciliation and putting documents together: pure, case by case.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::collections::{BTreeMap, BTreeSet};

use heirloom_errata::{
    Account, Accounted, Claim, Ground, Published, Source, Stage, State, TextRule, Texts, Unreconciled,
    WrongTexts, account, issue, merge, reconcile,
};
use heirloom_model::advisory::{Advisory, AdvisoryId, AdvisoryKind, Cvss, Fixed, Severity, Vulnerability};
use heirloom_model::stream::StreamId;
use heirloom_model::{DistMap, Nevra};
use jiff::Timestamp;

fn nevra(text: &str) -> Nevra {
    text.parse().unwrap()
}

fn fixed(text: &str) -> Fixed {
    let nevra = nevra(text);
    Fixed::new(nevra.name(), nevra.evr().clone(), Some(nevra.arch())).unwrap().of_major("9")
}

fn stream(version: u64, context: &str) -> StreamId {
    let [name, stream, context] = ["php", "8.2", context].map(str::to_owned);
    StreamId { name, stream, version, context, arch: String::new() }
}

fn advisory(id: &str, packages: Vec<Fixed>) -> Advisory {
    let time = "2026-03-01T00:00:00Z".parse::<Timestamp>().unwrap();
    Advisory {
        id: id.parse().unwrap(),
        kind: AdvisoryKind::Security,
        severity: Some(Severity::Important),
        title: "Important: alpha security update".to_owned(),
        description: String::new(),
        solution: String::new(),
        rights: String::new(),
        issued: time,
        updated: time,
        withdrawn: None,
        suggestions: BTreeSet::new(),
        vulnerabilities: vec![vulnerability("CVE-2026-0001", None)],
        ratings: Vec::new(),
        references: Vec::new(),
        fixed: packages,
        related: Vec::new(),
        history: Vec::new(),
    }
}

fn vulnerability(id: &str, vector: Option<&str>) -> Vulnerability {
    Vulnerability {
        id: id.parse().unwrap(),
        title: String::new(),
        severity: None,
        cvss: vector.map(|vector| Cvss { vector: vector.to_owned(), tenths: None }).into_iter().collect(),
        weakness: None,
    }
}

fn source(name: &str, seen: &str, stage: Stage) -> Source {
    let makes = BTreeSet::from([name.to_owned(), format!("{name}-libs")]);
    Source { name: name.to_owned(), module: None, seen: Some(seen.parse().unwrap()), stage, makes }
}

fn ground(sources: Vec<Source>, published: &[&str]) -> Ground {
    let mut ground = Ground {
        major: "9".to_owned(),
        arches: ["noarch", "x86_64"].map(str::to_owned).into(),
        dist: DistMap::new([".el9=.el9_4"]).unwrap(),
        ..Ground::default()
    };
    for source in sources {
        ground.sources.entry(source.name.clone()).or_default().push(source);
    }
    let published = published.iter().map(|text| Published { nevra: nevra(text), module: None, source: None });
    ground.publish(published);
    ground
}

fn state(advisory: &Advisory, ground: &Ground) -> State {
    account(advisory, ground).state
}

#[test]
fn each_stage_of_a_source_is_a_state() {
    let one = advisory("A-1", vec![fixed("alpha-2-1.el9.x86_64")]);
    let at = |stage| state(&one, &ground(vec![source("alpha", "2-1.el9", stage)], &[]));
    let why = || "it is so".to_owned();
    for (stage, name) in [
        (Stage::Excluded(why()), "not-applicable"),
        (Stage::Seen, "pending"),
        (Stage::Unimportable(why()), "blocked"),
        (Stage::Imported, "building"),
        (Stage::Failed(why()), "blocked"),
        (Stage::Built, "building"),
        (Stage::Refused(why()), "blocked"),
        (Stage::Accepted, "building"),
    ] {
        let found = at(stage.clone());
        assert_eq!(found.name(), name, "{stage:?}");
        let has_reason = matches!(
            stage,
            Stage::Excluded(_) | Stage::Unimportable(_) | Stage::Failed(_) | Stage::Refused(_)
        );
        assert_eq!(found.why().contains("it is so"), has_reason, "{found:?}");
        assert!(found.why().contains("alpha"), "{found:?}");
    }
    let older = ground(vec![source("alpha", "1-1.el9", Stage::Accepted)], &["alpha-1-1.el9.x86_64"]);
    assert_eq!(state(&one, &older).why(), "alpha-2-1.el9 has not come yet: 1-1.el9 is the newest");
    assert_eq!(state(&one, &ground(Vec::new(), &[])).name(), "pending");
}

#[test]
fn what_is_published_under_a_declared_tag_or_another_known_name_is_shipped() {
    let one = advisory("A-1", vec![fixed("alpha-2-1.el9.x86_64")]);
    for there in
        ["alpha-2-1.el9.x86_64", "alpha-2-1.el9_4.x86_64", "alpha-3-1.el9.x86_64", "alpha-1:1-1.el9.x86_64"]
    {
        let account = account(&one, &ground(Vec::new(), &[there]));
        assert_eq!(account.state, State::Shipped, "{there}");
        assert_eq!(account.ships[0].nevra(), Some(nevra(there)));
    }
    for there in ["alpha-2-0.el9.x86_64", "alpha-2-1.el9.i686", "beta-2-1.el9.x86_64"] {
        assert_ne!(state(&one, &ground(Vec::new(), &[there])), State::Shipped, "{there}");
    }
    // What was compared counts, whatever its release says: a debranded suffix, a build of a module.
    let mut known = ground(Vec::new(), &["alpha-2-0.kestrel.x86_64"]);
    assert_ne!(state(&one, &known), State::Shipped);
    known.renamed.insert(nevra("alpha-2-1.el9.x86_64"), nevra("alpha-2-0.kestrel.x86_64"));
    let shipped = account(&one, &known);
    assert_eq!(shipped.state, State::Shipped);
    assert_eq!(shipped.ships[0].to_string(), "alpha-2-0.kestrel.x86_64");
}

#[test]
fn a_missing_package_or_architecture_is_partial() {
    let packages = ["alpha-2-1.el9.x86_64", "alpha-libs-2-1.el9.x86_64", "alpha-2-1.el9.aarch64"];
    let one = advisory("A-1", packages.map(fixed).to_vec());
    let sources = || vec![source("alpha", "2-1.el9", Stage::Accepted)];
    let State::Partial { missing } = state(&one, &ground(sources(), &["alpha-2-1.el9.x86_64"])) else {
        panic!("not partial")
    };
    assert_eq!(missing.len(), 1);
    assert_eq!(missing[0].package, "alpha-libs-2-1.el9.x86_64");
    // Machines of another architecture are somebody else's, until we have them.
    let whole = ["alpha-2-1.el9.x86_64", "alpha-libs-2-1.el9.x86_64"];
    let account = account(&one, &ground(sources(), &whole));
    assert_eq!(account.state, State::Shipped);
    assert_eq!(account.not_ours[0].why, "it is for aarch64");
    let mut two = ground(sources(), &whole);
    two.arches.insert("aarch64".to_owned());
    assert_eq!(state(&one, &two).name(), "partial");
    // Of a package that is named without an architecture, every published one must have the fix.
    let bare = Fixed::new("alpha", "2-1.el9".parse().unwrap(), None).unwrap().of_major("9");
    let bare = advisory("A-3", vec![bare]);
    assert_eq!(state(&bare, &two), State::Shipped);
    let one_old = ground(sources(), &["alpha-2-1.el9.x86_64", "alpha-1-1.el9.aarch64"]);
    let State::Partial { missing } = state(&bare, &one_old) else { panic!("not partial") };
    assert_eq!((missing.len(), missing[0].package.as_str()), (1, "alpha-2-1.el9.aarch64"));
    let other = advisory("A-2", vec![fixed("alpha-2-1.el8.x86_64").of_major("8")]);
    assert_eq!(state(&other, &two).name(), "not-applicable");
}

#[test]
fn streams_are_kept_apart() {
    let modular = fixed("php-8.2-1.module+el9+1.x86_64").of_module(Some(stream(9, "abc")));
    let one = advisory("A-1", vec![modular]);
    let mut there = ground(Vec::new(), &["php-8.2-1.module+el9+1.x86_64"]);
    assert_eq!(state(&one, &there).name(), "pending", "an ordinary package is none of the stream");
    let ours = Published {
        nevra: nevra("php-8.2-1.module+el9+1.x86_64"),
        module: Some(stream(10, "f00")),
        source: None,
    };
    there.publish([ours]);
    let account = account(&one, &there);
    assert_eq!(account.state, State::Shipped);
    assert_eq!(account.ships[0].module, Some(stream(10, "f00")), "the build of the stream is ours");
    let ordinary = advisory("A-2", vec![fixed("php-8.2-1.module+el9+1.x86_64")]);
    let mut only_modular = ground(Vec::new(), &[]);
    only_modular.published.clone_from(&there.published);
    only_modular.published.get_mut("php").unwrap().retain(|one| one.module.is_some());
    assert_ne!(state(&ordinary, &only_modular), State::Shipped);
}

#[test]
fn withdrawn_and_declared_ones_do_not_concern_us() {
    let mut one = advisory("A-1", vec![fixed("alpha-2-1.el9.x86_64")]);
    let mut there = ground(Vec::new(), &["alpha-2-1.el9.x86_64"]);
    there.not_applicable = vec![heirloom_errata::NotApplicable {
        advisory: "A-1".to_owned(),
        why: "built without it".to_owned(),
    }];
    assert_eq!(state(&one, &there).why(), "built without it");
    one.id = "A-2".parse().unwrap();
    one.withdrawn = Some(one.updated);
    let account = account(&one, &there);
    assert_eq!((account.state.name(), account.ships.len()), ("not-applicable", 0));
}

fn held(
    upstream: &[Advisory],
    own: &[Advisory],
    earlier: &[(&str, bool)],
    claims: &[Claim],
    ground: &Ground,
) -> Vec<Unreconciled> {
    let accounts: Vec<Account> = upstream.iter().map(|one| account(one, ground)).collect();
    let earlier: BTreeMap<AdvisoryId, bool> =
        earlier.iter().map(|(id, out)| (id.parse().unwrap(), *out)).collect();
    reconcile(Accounted { upstream, accounts: &accounts, own, earlier: &earlier, claims }, ground)
}

#[test]
fn nothing_is_lost_without_a_word() {
    let one = advisory("A-1", vec![fixed("alpha-2-1.el9.x86_64")]);
    let there = ground(Vec::new(), &["alpha-2-1.el9.x86_64"]);
    let gone = ground(Vec::new(), &["alpha-1-1.el9.x86_64"]);
    let all = [one.clone()];
    assert_eq!(held(&all, &[], &[("A-1", true)], &[], &there), []);
    assert!(matches!(held(&all, &[], &[("A-1", true)], &[], &gone)[..], [Unreconciled::Lost { .. }]));
    assert_eq!(held(&all, &[], &[("A-1", false)], &[], &gone), []);
    assert!(matches!(held(&all, &[], &[("A-0", false)], &[], &there)[..], [Unreconciled::Vanished { .. }]));
    let twice = [one.clone(), one.clone()];
    assert!(matches!(
        held(&twice, &[], &[], &[], &there)[..],
        [Unreconciled::Unaccounted { accounts: 2, .. }]
    ));
    let own = [advisory("K-1", vec![fixed("alpha-3-1.el9.x86_64")])];
    assert!(matches!(held(&all, &own, &[], &[], &there)[..], [Unreconciled::Unpublished { .. }]));

    let claim = |cve: &str| Claim {
        source: nevra("alpha-2-1.el9.src"),
        cves: vec![cve.parse().unwrap()],
        packages: BTreeSet::from(["alpha".to_owned()]),
    };
    assert_eq!(held(&all, &[], &[], &[claim("CVE-2026-0001")], &there), []);
    assert!(matches!(
        held(&all, &[], &[], &[claim("CVE-2026-0002")], &there)[..],
        [Unreconciled::Untold { .. }]
    ));
    // That an advisory is about another package, or not out, does not tell of it.
    assert!(!held(&all, &[], &[], &[claim("CVE-2026-0001")], &gone).is_empty());
}

fn texts(rules: &[(&str, &str)], keep: &[&str]) -> Result<Texts, WrongTexts> {
    let rule = |(from, to): &(&str, &str)| TextRule { from: (*from).to_owned(), to: (*to).to_owned() };
    Texts::new(rules.iter().map(rule).collect(), keep.iter().map(|name| (*name).to_owned()).collect())
}

fn worded(description: &str, texts: &Texts) -> (String, usize) {
    let mut one =
        advisory("A-1", vec![fixed("Tarnholt-logos-2-1.el9.x86_64"), fixed("alpha-2-1.el9.x86_64")]);
    description.clone_into(&mut one.description);
    let worded = texts.apply(&mut one);
    (one.description, worded.kept.len())
}

#[test]
fn names_change_and_nothing_else_does() {
    let texts = texts(
        &[("Tarnholt Enterprise Linux", "Kestrel Enterprise Linux"), ("Tarnholt", "Kestrel")],
        &["Tarnholt OpenVault"],
    )
    .unwrap();
    for (theirs, ours) in [
        ("Tarnholt Enterprise Linux 9.4 is affected.", "Kestrel Enterprise Linux 9.4 is affected."),
        ("Tarnholt OpenVault is not affected.", "Tarnholt OpenVault is not affected."),
        ("see https://Tarnholt.example/errata/TSA-1", "see https://Tarnholt.example/errata/TSA-1"),
        ("Tarnholt-logos was rebuilt by Tarnholt.", "Tarnholt-logos was rebuilt by Kestrel."),
        ("Tarnholts and PreTarnholt stay", "Tarnholts and PreTarnholt stay"),
        ("mail security@Tarnholt.example (Tarnholt)", "mail security@Tarnholt.example (Kestrel)"),
        ("CVE-2026-0001 in Tarnholt-2026:1", "CVE-2026-0001 in Tarnholt-2026:1"),
    ] {
        assert_eq!(worded(theirs, &texts), (ours.to_owned(), 0));
    }
}

#[test]
fn rules_that_would_change_the_meaning_are_refused() {
    for (from, to) in [("", "x"), ("Tarnholt", " ")] {
        assert!(matches!(texts(&[(from, to)], &[]), Err(WrongTexts::Empty(..))), "{from} {to}");
    }
    for (from, to) in
        [("is not affected", "is safe"), ("Linux 9", "Linux"), ("fixed", "not fixed"), ("CVE-2026-0001", "x")]
    {
        assert!(matches!(texts(&[(from, to)], &[]), Err(WrongTexts::Meaning(..))), "{from} {to}");
    }
}

#[test]
fn our_record_leads_to_upstreams() {
    let mut one = advisory("RHSA-2026:1", vec![fixed("alpha-2-1.el9.x86_64")]);
    one.title = "Important: alpha of Tarnholt".to_owned();
    let there = ground(Vec::new(), &["alpha-2-1.el9_4.x86_64"]);
    let naming = heirloom_errata::Naming { prefix: Some("KE") };
    let texts = texts(&[("Tarnholt", "Kestrel")], &[]).unwrap();
    let issued = issue(&one, Some(&account(&one, &there)), &naming, &texts);
    let record = &issued.advisory;
    assert_eq!((record.id.as_str(), record.title.as_str()), ("KESA-2026:1", "Important: alpha of Kestrel"));
    assert_eq!(record.related, ["RHSA-2026:1"]);
    assert_eq!(record.fixed[0].to_string(), "alpha-2-1.el9_4.x86_64");
    assert_eq!((record.issued, &record.vulnerabilities), (one.issued, &one.vulnerabilities));
}

#[test]
fn documents_in_several_formats_complete_each_other() {
    let vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
    // Without architecture, with a rating.
    let evr = || "2-1.el9".parse().unwrap();
    let mut osv = advisory("A-1", vec![Fixed::new("alpha", evr(), None).unwrap().of_major("9")]);
    osv.vulnerabilities = vec![vulnerability("CVE-2026-0001", Some(vector))];
    // With architectures, without a rating.
    let mut updateinfo =
        advisory("A-1", vec![fixed("alpha-2-1.el9.x86_64"), fixed("alpha-libs-2-1.el9.x86_64")]);
    updateinfo.solution = "Update.".to_owned();
    let said = [("osv".to_owned(), osv), ("updateinfo".to_owned(), updateinfo)];
    for said in [said.to_vec(), said.iter().rev().cloned().collect()] {
        let merged = merge(said);
        assert_eq!((merged.repeated, merged.contradictions.len()), (1, 0));
        let [one] = &merged.advisories[..] else { panic!("not one") };
        assert_eq!(
            one.fixed.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["alpha-2-1.el9.x86_64", "alpha-libs-2-1.el9.x86_64"]
        );
        assert_eq!((one.vulnerabilities[0].cvss.len(), one.solution.as_str()), (1, "Update."));
    }
}

#[test]
fn several_versions_in_a_stream_and_contexts_stay() {
    let php = |release: &str, context: &str| {
        fixed(&format!("php-8.2-{release}.x86_64")).of_module(Some(stream(9, context)))
    };
    let one = advisory("A-1", vec![php("1", "abc"), php("2", "def")]);
    let merged = merge([("one".to_owned(), one.clone()), ("two".to_owned(), one.clone())]);
    assert_eq!((merged.repeated, merged.contradictions.len()), (1, 0));
    assert_eq!(merged.advisories[0].fixed, one.fixed);
}

#[test]
fn documents_that_disagree_are_told_and_the_newest_counts() {
    let old = advisory("A-1", vec![fixed("alpha-2-1.el9.x86_64")]);
    let mut new = advisory("A-1", vec![fixed("alpha-2-2.el9.x86_64")]);
    new.updated = "2026-03-05T00:00:00Z".parse().unwrap();
    let merged = merge([("new".to_owned(), new.clone()), ("old".to_owned(), old)]);
    assert_eq!(merged.advisories, [new.clone()]);
    assert_eq!(
        (merged.contradictions[0].document.as_str(), merged.contradictions[0].kept),
        ("old", new.updated)
    );
    // A vulnerability that was rejected later is one such.
    let mut rejected = new.clone();
    rejected.vulnerabilities = vec![vulnerability("CVE-2026-0002", None)];
    rejected.updated = "2026-03-06T00:00:00Z".parse().unwrap();
    let merged = merge([("new".to_owned(), new), ("rejected".to_owned(), rejected.clone())]);
    assert_eq!((merged.advisories, merged.contradictions.len()), (vec![rejected], 1));
}

#[test]
fn ratings_that_disagree_are_all_kept() {
    let rated = |vector: &str| {
        let mut one = advisory("A-1", vec![fixed("alpha-2-1.el9.x86_64")]);
        one.vulnerabilities = vec![vulnerability("CVE-2026-0001", Some(vector))];
        one
    };
    let one = rated("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H");
    let other = rated("CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H");
    let merged = merge([("one".to_owned(), one), ("other".to_owned(), other)]);
    assert_eq!(merged.contradictions.len(), 0);
    assert_eq!(merged.advisories[0].vulnerabilities[0].cvss.len(), 2);
}
