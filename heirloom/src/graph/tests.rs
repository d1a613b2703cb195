//! Pictures are well formed whatever packages are called, and show what they say.

use heirloom_model::Digest;
use heirloom_model::record::{Crutch, CrutchKind, Cycle, Plan, Step};
use quick_xml::Reader;
use quick_xml::events::Event;

use super::{dot, svg};

/// A name that closes every quotation.
const HOSTILE: &str = "x\"'</title></svg><script>&amp;\\\u{1b}[2J]]>";

fn step(id: &str, wave: usize, after: &[&str]) -> Step {
    Step {
        id: id.to_owned(),
        source: id.split(':').next().unwrap().to_owned(),
        source_digest: Digest::of(id.as_bytes()),
        with: Vec::new(),
        pass: 0,
        own_base: false,
        wave,
        after: after.iter().map(|&id| id.into()).collect(),
        needs: Vec::new(),
        foreign: Vec::new(),
        reason: format!("because of {id}"),
    }
}

fn plan(steps: Vec<Step>) -> Plan {
    let crutch =
        Crutch { step: "a:1".to_owned(), kind: CrutchKind::Bootstrap, packages: vec![HOSTILE.to_owned()] };
    let members = vec!["a".to_owned(), "b".to_owned()];
    let cycles = vec![Cycle { members, crutches: vec![crutch], passes: 2 }];
    Plan { steps, cycles, left_out: Vec::new(), unbuildable: Vec::new(), base: Vec::new() }
}

fn small() -> Plan {
    plan(vec![
        step("a:1", 1, &[]),
        step(HOSTILE, 1, &[]),
        step("b:1", 2, &["a:1"]),
        step("a", 3, &["a:1", "b:1"]),
        step("b", 3, &["a:1"]),
        step("c", 4, &["a", "b", "a:1", HOSTILE]),
    ])
}

/// Elements by name, in an XML document that is well formed.
fn elements(xml: &str) -> std::collections::BTreeMap<String, usize> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_end_names = true;
    let (mut found, mut depth) = (std::collections::BTreeMap::new(), 0);
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                depth += 1;
                start.attributes().for_each(|attribute| drop(attribute.unwrap().value));
                *found.entry(start.name().as_ref().to_owned()).or_default() += 1;
            }
            Event::Empty(start) => {
                *found.entry(start.name().as_ref().to_owned()).or_default() += 1;
            }
            Event::End(_) => depth -= 1,
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(depth, 0, "all elements are closed");
    found
}

#[test]
fn an_svg_shows_every_step_and_only_needs_that_do_not_follow() {
    let picture = svg(&small());
    let found = elements(&picture);
    assert_eq!(found["svg"], 1);
    assert_eq!(found["g"], 6);
    // a:1 -> b:1, a:1 -> b, b:1 -> a, a -> c, b -> c and from the hostile one.
    assert_eq!(found["path"], 6);
    assert!(!found.contains_key("script"), "{found:?}");
    assert!(
        picture.contains("cycle of a, b, 2 passes, 1 crutches") && picture.contains("class=\"step crutch\"")
    );
    assert!(picture.contains("because of b:1") && !picture.contains('\u{1b}'));
}

#[test]
fn thousands_of_steps_are_shown_by_wave_and_the_picture_says_so() {
    let mut steps = small().steps;
    steps.extend((0..3000).map(|number| step(&format!("p{number:04}"), 1 + number % 4, &[])));
    steps.sort_by_key(|step| step.wave);
    let picture = svg(&plan(steps));
    let found = elements(&picture);
    assert!(found["g"] < 10, "{found:?}");
    assert!(picture.contains("3006 builds are too many to show"));
}

#[test]
fn dot_has_one_statement_for_each_step_and_arrow() {
    let text = dot(&small());
    // Outside of quoted strings nothing is left but the language itself.
    let mut bare = String::new();
    let (mut inside, mut escaped) = (false, false);
    for c in text.chars() {
        match (inside, escaped, c) {
            (true, true, _) => escaped = false,
            (true, false, '\\') => escaped = true,
            (_, false, '"') => inside = !inside,
            (true, ..) => {}
            (false, ..) => bare.push(c),
        }
    }
    assert!(!inside, "every quotation ends");
    assert_eq!(bare.matches('{').count(), bare.matches('}').count());
    assert_eq!(bare.matches("->").count(), 6);
    assert_eq!(bare.matches("tooltip=").count(), 6);
    assert!(!bare.contains("script") && text.contains("subgraph cluster_0"), "{text}");
}
