//! Solutions that are known from earlier plans. A question is solved again only if something that can matter
//! to its answer has changed; [`crate::cone`] says why that is enough.

use std::collections::BTreeMap;
use std::sync::Arc;

use heirloom_model::Digest;
use serde::{Deserialize, Serialize};

use crate::lab::{Answer, Found, Lab, Place, Question};
use crate::texts::{Text, Texts};
use crate::{Input, PlanError};

/// Solutions by the digest of all that they follow from. A value to keep, and to give to the next plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Solutions {
    /// What the numbers below mean.
    texts: Vec<String>,
    entries: BTreeMap<Digest, Entry>,
    /// How many were not known before this plan.
    #[serde(skip)]
    fresh: usize,
}

impl Solutions {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many were solved for this plan.
    #[must_use]
    pub fn fresh(&self) -> usize {
        self.fresh
    }
}

/// Numbers of texts: package, reason and where from, three for each package; or of the explanation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Entry {
    Found(Vec<u32>),
    Unsolvable { why: u32 },
}

/// A package of a buildroot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) package: Text,
    pub(crate) because: Text,
    pub(crate) from: Place,
}

/// The packages on top of the base, or why there are none.
pub(crate) type Solved = Result<Vec<Item>, Text>;

/// Answers questions, from memory where it can.
pub(crate) struct Memo<'m> {
    pub(crate) texts: Texts,
    sources: BTreeMap<&'m str, u32>,
    names: Vec<&'m str>,
    known: BTreeMap<Digest, Arc<Solved>>,
    used: BTreeMap<Digest, Arc<Solved>>,
    fresh: usize,
}

/// How places are written that are no source. No source package's name begins with a `/`.
const BOOTSTRAP: &str = "/bootstrap";
const EARLIER: &str = "/earlier";

impl<'m> Memo<'m> {
    pub(crate) fn new(input: &Input<'m>, known: &Solutions) -> Self {
        let mut memo = Self {
            texts: Texts::default(),
            names: input.sources.iter().map(|source| source.name).collect(),
            sources: input.sources.iter().map(|source| source.name).zip(0..).collect(),
            known: BTreeMap::new(),
            used: BTreeMap::new(),
            fresh: 0,
        };
        for text in &known.texts {
            memo.texts.keep(text);
        }
        let known: Vec<_> =
            known.entries.iter().filter_map(|(key, entry)| Some((*key, memo.read(entry)?))).collect();
        memo.known = known.into_iter().map(|(key, solved)| (key, Arc::new(solved))).collect();
        memo
    }

    /// `None` for what names a source that is no more; it will not be asked for either.
    fn read(&self, entry: &Entry) -> Option<Solved> {
        match entry {
            Entry::Unsolvable { why } => Some(Err(self.texts.numbered(*why)?)),
            Entry::Found(numbers) => {
                let items = numbers.as_chunks::<3>().0.iter().map(|&[package, because, from]| {
                    let from = match self.texts.get(self.texts.numbered(from)?) {
                        BOOTSTRAP => Place::Bootstrap,
                        EARLIER => Place::Earlier,
                        source => Place::Source(*self.sources.get(source)?),
                    };
                    let (package, because) = (self.texts.numbered(package)?, self.texts.numbered(because)?);
                    Some(Item { package, because, from })
                });
                Some(Ok(items.collect::<Option<_>>()?))
            }
        }
    }

    /// Answers in the order of the questions, each with its key.
    pub(crate) fn ask(
        &mut self,
        lab: &Lab<'_, '_>,
        questions: &[(Digest, Question<'_>)],
    ) -> Result<Vec<Arc<Solved>>, PlanError> {
        let unknown: BTreeMap<Digest, &Question<'_>> = questions
            .iter()
            .filter(|(key, _)| !self.known.contains_key(key))
            .map(|(key, question)| (*key, question))
            .collect();
        let (keys, unknown): (Vec<_>, Vec<_>) =
            unknown.into_iter().map(|(key, question)| (key, question.clone())).unzip();
        for (key, answer) in keys.into_iter().zip(lab.ask(&unknown)?) {
            let solved = Arc::new(self.keep(answer));
            self.known.insert(key, solved);
            self.fresh += 1;
        }
        let answers = questions.iter().filter_map(|(key, _)| {
            let solved = self.known.get(key)?;
            self.used.insert(*key, Arc::clone(solved));
            Some(Arc::clone(solved))
        });
        Ok(answers.collect())
    }

    fn keep(&mut self, answer: Answer) -> Solved {
        let mut item = |found: &Found| Item {
            package: self.texts.keep(&found.package),
            because: self.texts.keep(&found.because),
            from: found.from,
        };
        match answer {
            Ok(found) => Ok(found.iter().map(&mut item).collect()),
            Err(why) => Err(self.texts.keep(&why)),
        }
    }

    /// What this plan asked for, to be kept for the next one.
    pub(crate) fn solutions(&self) -> Solutions {
        let mut texts = Texts::default();
        let mut number = |text: &str| texts.keep(text).number();
        let mut write = |solved: &Solved| match solved {
            Err(why) => Entry::Unsolvable { why: number(self.texts.get(*why)) },
            Ok(items) => Entry::Found(
                items
                    .iter()
                    .flat_map(|item| {
                        let from = match item.from {
                            Place::Bootstrap => BOOTSTRAP,
                            Place::Earlier => EARLIER,
                            Place::Source(source) => self.names[source as usize],
                        };
                        [
                            number(self.texts.get(item.package)),
                            number(self.texts.get(item.because)),
                            number(from),
                        ]
                    })
                    .collect(),
            ),
        };
        let entries = self.used.iter().map(|(key, solved)| (*key, write(solved))).collect();
        Solutions { entries, fresh: self.fresh, texts: texts.all().iter().map(ToString::to_string).collect() }
    }
}
