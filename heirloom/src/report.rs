//! Reports of comparisons: one file for each form.
//!
//! A renderer is given a [`Report`] and makes text of it; it neither compares nor writes a file, and asks no
//! clock. Names and contents in a report come from packages, which nobody vouches for: each renderer escapes
//! all of them.

mod changes;
pub(crate) mod errata;
pub(crate) mod evidence;
mod html;
mod junit;
pub(crate) mod lag;
mod sarif;
#[cfg(test)]
mod schema;
mod terminal;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

use heirloom_model::allowance::{Allowance, AllowanceUse, Idle};
use heirloom_model::record::{Compared, Promise};
use heirloom_model::{Evidence, Finding, Severity, Verdict};
use schemars::JsonSchema;
use serde::Serialize;

use crate::flow::rollup::{self, Rollup};

pub(crate) use changes::{html as changes_html, text as changes};
pub(crate) use html::html;
pub(crate) use junit::junit;
pub(crate) use sarif::sarif;
pub(crate) use terminal::{differences, levels, one, terminal};

/// Version of the program, for whoever reads a report later.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The style of HTML reports.
const STYLE: &str = include_str!("report/html.css");

/// What is reported: one pair of packages, or many.
pub(crate) struct Report<'a> {
    /// The level of all together.
    pub(crate) verdict: Verdict,
    /// What every package was to be.
    pub(crate) promise: Promise,
    /// Every pair.
    pub(crate) packages: Vec<Package<'a>>,
    /// The levels of repositories and source packages, where sets of packages were compared.
    pub(crate) rollup: Option<&'a Rollup>,
    /// About the sets that the packages are from: what only one has, and other versions.
    pub(crate) findings: &'a [Finding],
    /// Declared allowances that those findings needed.
    pub(crate) allowances: &'a [AllowanceUse],
    /// Allowances that should be looked at again.
    pub(crate) idle: Vec<IdleAllowance>,
}

/// One pair.
pub(crate) struct Package<'a> {
    /// Name of the source package.
    pub(crate) source: &'a str,
    /// What the comparison came to.
    pub(crate) compared: &'a Compared,
}

/// What `heirloom compare --format json` prints.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "{T}")]
pub(crate) struct Document<'a, T> {
    #[serde(flatten)]
    pub(crate) result: &'a T,
    /// Allowances that should be looked at again.
    pub(crate) idle_allowances: Vec<IdleAllowance>,
}

/// An allowance that should be looked at again.
#[derive(Clone, Serialize, JsonSchema)]
pub(crate) struct IdleAllowance {
    /// The rule.
    rule: String,
    /// Pattern of packages' names.
    package: String,
    /// Pattern of findings' subjects.
    path: String,
    /// Why it was made.
    reason: String,
    /// The last day on which it holds.
    expires: String,
    /// Whether it has expired; else no finding needed it.
    expired: bool,
    #[serde(skip)]
    text: String,
}

impl IdleAllowance {
    /// What should be done with it.
    fn why(&self) -> Idle {
        if self.expired { Idle::Expired } else { Idle::Unused }
    }
}

impl fmt::Display for IdleAllowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.text, self.why())
    }
}

impl From<(&Allowance, Idle)> for IdleAllowance {
    fn from((allowance, idle): (&Allowance, Idle)) -> Self {
        let text = allowance.to_string();
        let Allowance { rule, package, path, reason, expires } = allowance.clone();
        let (expires, expired) = (expires.to_string(), idle == Idle::Expired);
        Self { rule, package, path, reason, expires, expired, text }
    }
}

/// All severities that are differences, the weightiest first.
const DIFFERENCES: [Severity; 3] = [Severity::Incompatible, Severity::Undecided, Severity::Different];

/// All verdicts, what needs attention first.
const VERDICTS: [Verdict; 6] = [
    Verdict::Incompatible,
    Verdict::Undecided,
    Verdict::AbiCompatible,
    Verdict::Identical,
    Verdict::PayloadIdentical,
    Verdict::BitIdentical,
];

impl<'a> Report<'a> {
    /// All pairs, what needs attention first, then by name.
    fn by_verdict(&self) -> Vec<&Package<'a>> {
        let mut packages: Vec<_> = self.packages.iter().collect();
        let place = |package: &Package<'_>| VERDICTS.iter().position(|one| *one == package.compared.verdict);
        packages.sort_by_key(|package| (place(package), &package.compared.nevra));
        packages
    }

    /// Number of pairs with each verdict that there is, what needs attention first.
    fn counts(&self) -> Vec<(Verdict, usize)> {
        let count =
            |verdict| self.packages.iter().filter(|package| package.compared.verdict == verdict).count();
        let all = VERDICTS.into_iter().map(|verdict| (verdict, count(verdict)));
        all.filter(|(_, count)| *count > 0).collect()
    }

    /// What it is about, in a few words.
    fn title(&self) -> String {
        match &self.packages[..] {
            [package] if self.findings.is_empty() => package.compared.nevra.to_string(),
            packages => {
                let missing = self.findings.iter().filter(|finding| finding.rule == rollup::MISSING).count();
                let missing = if missing > 0 { format!(", {missing} missing") } else { String::new() };
                plural(packages.len(), "package") + &missing
            }
        }
    }
}

/// The verdict, and by what it was shown.
fn level(compared: &Compared) -> String {
    match compared.evidence {
        Some(Evidence::Symbols) => format!("{}, by symbols", compared.verdict),
        Some(Evidence::Types) => format!("{}, by types", compared.verdict),
        None => compared.verdict.to_string(),
    }
}

fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Expected => "expected",
        Severity::Note => "allowed",
        Severity::Different => "different",
        Severity::Incompatible => "incompatible",
        Severity::Undecided => "undecided",
    }
}

/// What the rule demands; empty for one that does not exist.
fn rule_doc(rule: &str) -> &'static str {
    let checks = heirloom_compare::checks().iter().map(|check| (check.name(), check.doc()));
    let mut all = checks.chain(rollup::RULES.iter().copied());
    all.find(|(name, _)| *name == rule).map_or("", |(_, doc)| doc)
}

/// The findings of these severities by rule, in the order in which they were found.
fn by_rule<'f>(findings: &'f [Finding], severities: &[Severity]) -> Vec<(&'f str, Vec<&'f Finding>)> {
    let mut rules: Vec<(&str, Vec<&Finding>)> = Vec::new();
    let mut places = BTreeMap::new();
    for finding in findings.iter().filter(|finding| severities.contains(&finding.severity)) {
        let place = *places.entry(finding.rule.as_str()).or_insert(rules.len());
        match rules.get_mut(place) {
            Some((_, group)) => group.push(finding),
            None => rules.push((&finding.rule, vec![finding])),
        }
    }
    rules
}

/// Why a finding is only a note, if a declared allowance covers it.
fn allowed<'u>(uses: &'u [AllowanceUse], finding: &Finding) -> Option<&'u str> {
    let mut uses = uses.iter().filter(|_| finding.severity == Severity::Note);
    let used = uses.find(|used| used.rule == finding.rule && used.subject == finding.subject)?;
    Some(&used.reason)
}

/// What was taken away, by rule: subjects with what is said of them.
fn normalised(compared: &Compared) -> BTreeMap<&str, BTreeSet<(&str, &str)>> {
    let mut rules = BTreeMap::<_, BTreeSet<_>>::new();
    for one in &compared.normalisations {
        rules.entry(one.rule.as_str()).or_default().insert((one.subject.as_str(), one.detail.as_str()));
    }
    rules
}

pub(crate) fn plural(count: usize, what: &str) -> String {
    match what.strip_suffix('y') {
        _ if count == 1 => format!("1 {what}"),
        Some(stem) => format!("{count} {stem}ies"),
        None => format!("{count} {what}s"),
    }
}

/// The text with everything written out that acts on its reader's screen instead of being shown: control
/// characters, and marks that turn the direction of writing. Line breaks stay.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    let acts = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            // No character of XML.
            || matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match acts(c) {
            true => _ = write!(shown, "\\u{{{:x}}}", u32::from(c)),
            false => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// Text that is safe in elements and quoted attributes of HTML and XML.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A path or name as part of a URL: everything but unreserved characters and slashes percent-encoded.
fn percent(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                encoded.push(char::from(byte));
            }
            other => _ = write!(encoded, "%{other:02X}"),
        }
    }
    encoded
}
