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
        // Texts are numbered as they were written, so each needs to be looked at but once.
        let place = |text: &String| match text.as_str() {
            BOOTSTRAP => Some(Place::Bootstrap),
            EARLIER => Some(Place::Earlier),
            source => memo.sources.get(source).copied().map(Place::Source),
        };
        let places: Vec<_> = known.texts.iter().map(place).collect();
        let read =
            |(key, entry): (&Digest, &Entry)| Some((*key, Arc::new(read(&memo.texts, &places, entry)?)));
        memo.known = known.entries.iter().filter_map(read).collect();
        memo
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
        let mut written = Written { texts: Texts::default(), numbers: vec![None; self.texts.all().len()] };
        let bootstrap = written.texts.keep(BOOTSTRAP).number();
        let earlier = written.texts.keep(EARLIER).number();
        let sources: Vec<u32> = self.names.iter().map(|name| written.texts.keep(name).number()).collect();
        let mut entries = BTreeMap::new();
        for (key, solved) in &self.used {
            let entry = match &**solved {
                Err(why) => Entry::Unsolvable { why: written.number(*why, &self.texts) },
                Ok(items) => {
                    let mut numbers = Vec::with_capacity(items.len() * 3);
                    for item in items {
                        numbers.push(written.number(item.package, &self.texts));
                        numbers.push(written.number(item.because, &self.texts));
                        numbers.push(match item.from {
                            Place::Bootstrap => bootstrap,
                            Place::Earlier => earlier,
                            Place::Source(source) => sources[source as usize],
                        });
                    }
                    Entry::Found(numbers)
                }
            };
            entries.insert(*key, entry);
        }
        let texts = written.texts.all().iter().map(ToString::to_string).collect();
        Solutions { entries, fresh: self.fresh, texts }
    }
}

/// `None` for what names a source that is no more; it will not be asked for either.
fn read(texts: &Texts, places: &[Option<Place>], entry: &Entry) -> Option<Solved> {
    match entry {
        Entry::Unsolvable { why } => Some(Err(texts.numbered(*why)?)),
        Entry::Found(numbers) => {
            let items = numbers.as_chunks::<3>().0.iter().map(|&[package, because, from]| {
                let (package, because) = (texts.numbered(package)?, texts.numbered(because)?);
                Some(Item { package, because, from: (*places.get(from as usize)?)? })
            });
            Some(Ok(items.collect::<Option<_>>()?))
        }
    }
}

/// Only the texts that are still used, numbered anew.
struct Written {
    texts: Texts,
    /// By the old number.
    numbers: Vec<Option<u32>>,
}

impl Written {
    fn number(&mut self, text: Text, old: &Texts) -> u32 {
        let place = &mut self.numbers[text.number() as usize];
        *place.get_or_insert_with(|| self.texts.keep(old.get(text)).number())
    }
}
