//! Whatever members do, in whatever order: nothing is served without a quorum.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

/// What somebody does.
#[derive(Clone, Debug)]
enum Act {
    Propose {
        number: u8,
        emergency: bool,
    },
    Vote {
        proposal: usize,
        member: usize,
        decision: Decision,
    },
    /// A vote of one proposal is offered for another, or under another name.
    Forge {
        from: usize,
        to: usize,
        member: usize,
    },
    Wait(i64),
    Promote(usize),
    Leave(usize),
    Rotate,
}

fn act() -> impl Strategy<Value = Act> {
    let decision =
        prop_oneof![4 => Just(Decision::Approve), 1 => Just(Decision::Reject), 1 => Just(Decision::Withdraw)];
    prop_oneof![
        2 => (0u8..20, any::<bool>()).prop_map(|(number, emergency)| Act::Propose { number, emergency }),
        8 => (0usize..6, 0usize..6, decision).prop_map(|(proposal, member, decision)| Act::Vote { proposal, member, decision }),
        1 => (0usize..6, 0usize..6, 0usize..6).prop_map(|(from, to, member)| Act::Forge { from, to, member }),
        2 => (1i64..60).prop_map(Act::Wait),
        4 => (0usize..6).prop_map(Act::Promote),
        1 => (0usize..6).prop_map(Act::Leave),
        1 => Just(Act::Rotate),
    ]
}

struct Play {
    state: State,
    history: History,
    hours: i64,
    proposals: Vec<String>,
    votes: Vec<Vec<SealedVote>>,
    /// Who really approved which text with an own key, whatever is said of it.
    really: BTreeMap<String, BTreeSet<&'static str>>,
}

impl Play {
    fn propose(&mut self, content: Content, emergency: bool) {
        let mut proposal = proposal(&self.state, content);
        (proposal.made, proposal.emergency) = (after(self.hours), emergency);
        self.proposals.push(proposal.to_json().unwrap());
        self.votes.push(Vec::new());
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Propose { number, emergency } => {
                let from = self.state.live().get("9").map(|live| live.tree);
                let Content::Snapshot(mut content) = snapshot(*number, None) else { return };
                content.channels[0].from = from;
                content.key =
                    self.state.keys().iter().find(|(_, held)| held.retired.is_none()).unwrap().0.clone();
                self.propose(Content::Snapshot(content), *emergency);
            }
            Act::Vote { proposal, member, decision } => {
                let Some(text) = self.proposals.get(*proposal) else { return };
                let name = MEMBERS[*member].0;
                self.votes[*proposal].push(vote(&self.state, text, name, *decision, self.hours));
                if *decision == Decision::Approve {
                    self.really.entry(text.clone()).or_default().insert(name);
                }
            }
            Act::Forge { from, to, member } => {
                let Some(stolen) = self.votes.get(*from).and_then(|votes| votes.first()).cloned() else {
                    return;
                };
                let Some(text) = self.proposals.get(*to) else { return };
                let mut named = vote(&self.state, text, MEMBERS[*member].0, Decision::Approve, self.hours);
                named.signature.clone_from(&stolen.signature);
                self.votes[*to].extend([stolen, named]);
            }
            Act::Wait(hours) => self.hours += hours,
            Act::Promote(index) => self.promote(*index),
            Act::Leave(member) => {
                let edits = [Edit::Leave(MEMBERS[*member].0.to_owned())];
                let Ok(next) = self.state.charter().next(self.state.charter_digest(), &edits) else { return };
                self.propose(Content::Charter { text: next.to_toml().unwrap() }, false);
            }
            Act::Rotate => {
                let old =
                    self.state.keys().iter().find(|(_, held)| held.retired.is_none()).unwrap().0.clone();
                let add = SigningKey { fingerprint: format!("{old}1"), certificate: String::new() };
                let change =
                    KeyChange { add: Some(add), retire: Some(Retired { fingerprint: old, stolen: true }) };
                self.propose(Content::Keys(change), false);
            }
        }
    }

    fn promote(&mut self, index: usize) {
        let Some(text) = self.proposals.get(index) else { return };
        let entry =
            Entry { proposal: text.clone(), votes: self.votes[index].clone(), promoted: after(self.hours) };
        let Ok(next) = self.state.apply(&entry, &keys()) else { return };
        // By hand, without the code that counts.
        let proposal = Proposal::from_json(text).unwrap();
        let really = self.really.get(text).into_iter().flatten();
        let groups: BTreeSet<_> =
            really.filter_map(|name| Some(self.state.charter().member(name)?.affiliation.clone())).collect();
        let needed = if proposal.emergency { 4 } else { 3 };
        assert!(groups.len() >= needed, "{groups:?} promoted {text}");
        self.history.entries.push(entry);
        self.state = next;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_is_promoted_without_a_quorum(acts in prop::collection::vec(act(), 1..80)) {
        let history = History { charter: charter_text(), entries: Vec::new() };
        let mut play =
            Play { state: state(), history, hours: 0, proposals: Vec::new(), votes: Vec::new(), really: BTreeMap::new() };
        acts.iter().for_each(|act| play.act(act));
        // Whoever reads the history comes to the same state.
        let read = History::parse(&play.history.to_text().unwrap()).unwrap();
        prop_assert_eq!(&read, &play.history);
        prop_assert_eq!(read.replay(&keys(), None).unwrap(), play.state);
    }

    #[test]
    fn bytes_that_are_no_history_are_refused(text in "\\PC{0,200}") {
        let _ = History::parse(&text);
        let _ = Proposal::from_json(&text);
        let _ = Vote::from_json(&text);
        let _ = Charter::parse(&text);
    }
}

#[test]
fn a_history_is_read_with_a_pin_and_a_changed_one_is_refused() {
    let state = state();
    let text = propose(&state, snapshot(1, None));
    let votes = approvals(&state, &text, &["ada", "cho", "eli"]);
    let entry = Entry { proposal: text, votes, promoted: after(25) };
    let history = History { charter: charter_text(), entries: vec![entry] };
    let pin = state.charter_digest();
    assert_eq!(history.replay(&keys(), Some(pin)).unwrap().entries(), 1);
    let other = history.replay(&keys(), Some(tree(9))).unwrap_err().to_string();
    assert!(other.contains("somebody made up"), "{other}");
    let mut short = history.clone();
    short.entries[0].votes.pop();
    let refused = short.replay(&keys(), Some(pin)).unwrap_err().to_string();
    assert!(
        refused.starts_with("entry 1 of the history does not hold") && refused.contains("2 of 3 approvals"),
        "{refused}"
    );
}
