//! What is unwise in a charter: capture, thresholds that can't be reached, keys that end.

use std::collections::BTreeMap;
use std::fmt;

use heirloom_model::allowance::Date;
use serde::Serialize;

use super::{Charter, Keys, Role, Rule};

/// Days before its end in which a key or a charter is told of.
const SOON: i64 = 60;

/// What is amiss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// More approvals are asked for than can ever count.
    Unreachable,
    /// One affiliation can decide alone.
    Captured,
    /// One affiliation can keep everything from being decided.
    Blockable,
    /// One lost key or one unwilling member is enough to stop everything.
    Fragile,
    /// One member decides alone.
    Alone,
    /// The emergency asks for no more than the usual way.
    CheapEmergency,
    /// A member's key can't be used.
    BadKey,
    /// Two members have one key.
    SharedKey,
    /// A key or the charter itself is over.
    Expired,
    /// A key or the charter itself ends soon.
    EndsSoon,
    /// Two affiliations that are spelled almost alike.
    Alike,
    /// A member has no role.
    Idle,
}

impl Fault {
    /// Whether a charter with it should not be put in force.
    #[must_use]
    pub fn is_error(self) -> bool {
        match self {
            Self::Unreachable
            | Self::Captured
            | Self::CheapEmergency
            | Self::BadKey
            | Self::SharedKey
            | Self::Expired => true,
            Self::Blockable | Self::Fragile | Self::Alone | Self::EndsSoon | Self::Alike | Self::Idle => {
                false
            }
        }
    }
}

/// One thing that is amiss in a charter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LintFinding {
    /// What.
    pub fault: Fault,
    /// Where: `role release`, `member ada`.
    pub place: String,
    /// In one sentence, with what to do.
    pub text: String,
}

impl fmt::Display for LintFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = if self.fault.is_error() { "error" } else { "warning" };
        write!(f, "{level}: {}: {}", self.place, self.text)
    }
}

/// What is amiss in a charter, as of a day: the worst first, then in a fixed order.
#[must_use]
pub fn lint(charter: &Charter, keys: &Keys<'_>, today: Date) -> Vec<LintFinding> {
    let mut lint = Lint { charter, found: Vec::new() };
    for role in charter.all_roles() {
        if let Some(rule) = charter.rule(role) {
            lint.role(role, &rule);
        }
    }
    lint.emergency();
    lint.keys(keys, today);
    lint.ends(today);
    lint.names();
    lint.found.sort_by_key(|one| (!one.fault.is_error(), one.clone()));
    lint.found
}

struct Lint<'a> {
    charter: &'a Charter,
    found: Vec<LintFinding>,
}

impl Lint<'_> {
    fn add(&mut self, fault: Fault, place: impl Into<String>, text: String) {
        self.found.push(LintFinding { fault, place: place.into(), text });
    }

    fn role(&mut self, role: Role, rule: &Rule) {
        let place = format!("role {}", role.name());
        let needed = rule.threshold;
        let members = || rule.members.iter().map(String::as_str);
        let reach = self.charter.reach(members(), rule.per_affiliation);
        if reach < needed {
            let text = format!(
                "{needed} approvals are needed, and at most {reach} can count ({} members, {} of one affiliation): \
                 nothing can ever be decided; add members or lower the threshold",
                rule.members.len(),
                rule.per_affiliation
            );
            self.add(Fault::Unreachable, place, text);
            return;
        }
        let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for member in members().filter_map(|name| self.charter.member(name)) {
            groups.entry(member.group()).or_default().push(&member.name);
        }
        let mut found = Vec::new();
        for (group, names) in &groups {
            let alone = names.len().min(rule.per_affiliation);
            if alone >= needed && names.len() > 1 {
                let text = format!(
                    "{group} ({}) can decide alone: {alone} of its votes count, and {needed} are needed; let fewer of one \
                     affiliation count, or raise the threshold",
                    names.join(", ")
                );
                found.push((Fault::Captured, text));
            } else if reach - alone < needed && (names.len() > 1 || reach > needed) {
                let text = format!(
                    "nothing can be decided without {group} ({}): the others come to {} of {needed}",
                    names.join(", "),
                    reach - alone
                );
                found.push((Fault::Blockable, text));
            }
        }
        if needed == 1 {
            found.push((Fault::Alone, "one member decides alone".to_owned()));
        } else if reach == needed {
            let text = "every approval that can count is needed: one lost key stops everything; add a member"
                .to_owned();
            found.push((Fault::Fragile, text));
        }
        for (fault, text) in found {
            self.add(fault, place.clone(), text);
        }
    }

    fn emergency(&mut self) {
        let Some(emergency) = self.charter.rule(Role::Emergency) else { return };
        for role in [Role::Release, Role::Build, Role::Errata] {
            let Some(usual) = self.charter.rule(role) else { continue };
            if self.charter.roles.contains_key(&role) && emergency.threshold <= usual.threshold {
                let text = format!(
                    "it needs {} approvals, the usual way of {} needs {}: what skips the wait must need more",
                    emergency.threshold,
                    role.name(),
                    usual.threshold
                );
                self.add(Fault::CheapEmergency, "emergency", text);
            }
            if emergency.per_affiliation > usual.per_affiliation && self.charter.roles.contains_key(&role) {
                let text = format!(
                    "it counts {} of one affiliation, the usual way of {} counts {}",
                    emergency.per_affiliation,
                    role.name(),
                    usual.per_affiliation
                );
                self.add(Fault::CheapEmergency, "emergency", text);
            }
        }
    }

    fn keys(&mut self, keys: &Keys<'_>, today: Date) {
        let mut owners: BTreeMap<String, &str> = BTreeMap::new();
        for member in &self.charter.members {
            let place = format!("member {}", member.name);
            for (index, text) in member.keys.iter().enumerate() {
                let facts = match (keys.inspect)(text) {
                    Ok(facts) => facts,
                    Err(why) => {
                        self.add(
                            Fault::BadKey,
                            place.clone(),
                            format!("key {} can't be used: {why}", index + 1),
                        );
                        continue;
                    }
                };
                if let Some(other) = owners.insert(facts.fingerprint.clone(), &member.name) {
                    let text = format!(
                        "the key {} is {other}'s, too: each person needs one of their own",
                        facts.fingerprint
                    );
                    self.add(Fault::SharedKey, place.clone(), text);
                }
                if let Some(end) = facts.expires {
                    let end = Date::from_unix(u64::try_from(end.as_second()).unwrap_or(0));
                    self.end(&place, &format!("the key {}", facts.fingerprint), end, today);
                }
            }
        }
    }

    fn ends(&mut self, today: Date) {
        self.end("charter", "the charter", self.charter.valid_until, today);
    }

    fn end(&mut self, place: &str, what: &str, end: Date, today: Date) {
        let days = today.days_to(end);
        if days < 0 {
            self.add(Fault::Expired, place, format!("{what} ended on {end}: propose a new one"));
        } else if days < SOON {
            self.add(
                Fault::EndsSoon,
                place,
                format!("{what} ends on {end}, in {days} days: propose a new one"),
            );
        }
    }

    fn names(&mut self) {
        let mut spelled: BTreeMap<String, &str> = BTreeMap::new();
        let mut alike = Vec::new();
        for member in &self.charter.members {
            let plain: String =
                member.group().chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
            let known = spelled.entry(plain).or_insert(member.group());
            if *known != member.group() {
                alike.push((
                    member.name.clone(),
                    format!("`{}` and `{known}` count as two affiliations", member.group()),
                ));
            }
        }
        for (name, text) in alike {
            self.add(Fault::Alike, format!("member {name}"), text);
        }
        let rules: Vec<Rule> = self.charter.all_roles().filter_map(|role| self.charter.rule(role)).collect();
        let idle = |name: &str| !rules.iter().any(|rule| rule.members.contains(name));
        let names: Vec<_> = self
            .charter
            .members
            .iter()
            .filter(|member| idle(&member.name))
            .map(|it| it.name.clone())
            .collect();
        for name in names {
            self.add(
                Fault::Idle,
                format!("member {name}"),
                "no role: the member can't vote on anything".to_owned(),
            );
        }
    }
}
