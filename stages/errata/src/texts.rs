//! What upstream's texts call the distribution by another name: declared names take the place of others, and nothing else
//! of a text can change.
//!
//! A rule replaces whole words. It never reaches into addresses, ids of vulnerabilities and advisories, names of the
//! advisory's own packages, or names that are declared to stay (`Red Hat OpenShift`). If afterwards a number, a version or a
//! negation were another one than before, the text stays as it was, and that is told.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use heirloom_model::advisory::{Advisory, AdvisoryId};

/// One name, and what takes its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TextRule {
    /// What upstream's texts say.
    pub from: String,
    /// What ours say.
    pub to: String,
}

/// Rules, and names that stay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    rules: Vec<TextRule>,
    keep: Vec<String>,
}

/// Rules that can't be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongTexts {
    /// A rule has nothing to look for, or nothing to put there.
    #[error("a rule of texts replaces `{0}` by `{1}`: neither may be empty")]
    Empty(String, String),
    /// A rule would write a number or a negation, or look for one.
    #[error("a rule of texts replaces `{0}` by `{1}`: numbers and negations are of one advisory and stay")]
    Meaning(String, String),
}

/// What rules made of an advisory's texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Worded {
    /// How often each rule was used, by what it looks for.
    pub used: BTreeMap<String, usize>,
    /// Texts that stay as upstream has them, each with the reason.
    pub kept: Vec<String>,
}

impl Texts {
    /// Checks rules; the longest text that one looks for wins.
    ///
    /// # Errors
    /// A rule can't be.
    pub fn new(mut rules: Vec<TextRule>, keep: Vec<String>) -> Result<Self, WrongTexts> {
        for TextRule { from, to } in &rules {
            if from.trim().is_empty() || to.trim().is_empty() {
                return Err(WrongTexts::Empty(from.clone(), to.clone()));
            }
            if !meaning(from).is_empty() || !meaning(to).is_empty() {
                return Err(WrongTexts::Meaning(from.clone(), to.clone()));
            }
        }
        rules.sort_by_key(|rule| (std::cmp::Reverse(rule.from.len()), rule.clone()));
        Ok(Self { rules, keep: keep.into_iter().filter(|name| !name.trim().is_empty()).collect() })
    }

    /// The rules, by what they look for.
    pub fn rules(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| rule.from.as_str())
    }

    /// Applies the rules to title, description, solution and rights.
    pub fn apply(&self, advisory: &mut Advisory) -> Worded {
        let mut worded = Worded::default();
        if self.rules.is_empty() {
            return worded;
        }
        let sources = advisory.fixed.iter().filter_map(|fixed| fixed.source.as_ref());
        let mut names: BTreeSet<String> = sources.map(|source| source.name().to_owned()).collect();
        names.extend(advisory.fixed.iter().map(|fixed| fixed.name().to_owned()));
        names.extend(self.keep.iter().cloned());
        let id = advisory.id.clone();
        let texts = [
            ("title", &mut advisory.title),
            ("description", &mut advisory.description),
            ("solution", &mut advisory.solution),
            ("rights", &mut advisory.rights),
        ];
        for (field, text) in texts {
            self.word(&id, field, text, &names, &mut worded);
        }
        worded
    }

    fn word(
        &self,
        id: &AdvisoryId,
        field: &str,
        text: &mut String,
        names: &BTreeSet<String>,
        worded: &mut Worded,
    ) {
        if !self.rules.iter().any(|rule| text.contains(&rule.from)) {
            return;
        }
        let fixed = untouchable(text, names);
        let mut made = String::with_capacity(text.len());
        let (mut at, mut used) = (0, BTreeMap::<&str, usize>::new());
        while at < text.len() {
            let rest = &text[at..];
            let fits = |rule: &&TextRule| {
                let range = at..at + rule.from.len();
                rest.starts_with(&rule.from)
                    && is_whole(text, &range)
                    && !fixed.iter().any(|fixed| fixed.start < range.end && range.start < fixed.end)
            };
            if let Some(rule) = self.rules.iter().find(fits) {
                made.push_str(&rule.to);
                *used.entry(&rule.from).or_default() += 1;
                at += rule.from.len();
            } else {
                let next = rest.chars().next().map_or(1, char::len_utf8);
                made.push_str(&rest[..next]);
                at += next;
            }
        }
        if meaning(text) != meaning(&made) {
            worded
                .kept
                .push(format!("{id}: the {field} would say something else, and stays as upstream has it"));
            return;
        }
        for (rule, count) in used {
            *worded.used.entry(rule.to_owned()).or_default() += count;
        }
        *text = made;
    }
}

/// Whether a range begins and ends where words do.
fn is_whole(text: &str, range: &Range<usize>) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let edge = |inside: Option<char>, outside: Option<char>| {
        !(inside.is_some_and(is_word) && outside.is_some_and(is_word))
    };
    let part = &text[range.clone()];
    edge(part.chars().next(), text[..range.start].chars().next_back())
        && edge(part.chars().next_back(), text[range.end..].chars().next())
}

/// What no rule reaches into: addresses, words with digits or colons such as ids and versions, and these names.
fn untouchable(text: &str, names: &BTreeSet<String>) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    for name in names {
        for (at, _) in text.match_indices(name.as_str()) {
            let range = at..at + name.len();
            if is_whole(text, &range) {
                all.push(range);
            }
        }
    }
    let mut at = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let plain = word.trim_end();
        let is_address = plain.contains("://") || plain.contains('@') || plain.contains("www.");
        let is_id = plain.bytes().any(|byte| byte.is_ascii_digit());
        if is_address || is_id {
            all.push(at..at + plain.len());
        }
        at += word.len();
    }
    all
}

/// Words that carry an advisory's meaning: those with digits, and negations, in their order.
fn meaning(text: &str) -> Vec<String> {
    const NEGATIONS: [&str; 12] = [
        "no",
        "not",
        "never",
        "without",
        "none",
        "cannot",
        "nor",
        "neither",
        "except",
        "unless",
        "only",
        "unaffected",
    ];
    let words = text.split(|c: char| c.is_whitespace() || ",;()[]\"'".contains(c));
    let words = words.map(|word| word.trim_matches(['.', ':', '!', '?']));
    let counts = |word: &&str| {
        word.bytes().any(|byte| byte.is_ascii_digit())
            || NEGATIONS.contains(&word.to_lowercase().as_str())
            || word.ends_with("n't")
    };
    words.filter(counts).map(str::to_lowercase).collect()
}
