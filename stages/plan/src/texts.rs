//! Texts that occur often, each kept once: a plan of thousands of buildroots names the same packages and
//! requirements again and again.

use std::collections::HashMap;
use std::sync::Arc;

/// A kept text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Text(u32);

impl Text {
    /// The number that [`Texts::all`] has it under.
    pub(crate) fn number(self) -> u32 {
        self.0
    }
}

/// All kept texts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts {
    all: Vec<Arc<str>>,
    ids: HashMap<Arc<str>, Text>,
}

impl Texts {
    pub(crate) fn keep(&mut self, text: &str) -> Text {
        if let Some(&id) = self.ids.get(text) {
            return id;
        }
        // Four thousand million texts do not fit into memory.
        let id = Text(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
        let text: Arc<str> = text.into();
        self.all.push(Arc::clone(&text));
        self.ids.insert(text, id);
        id
    }

    /// A text of this very table; of another, nothing sensible.
    pub(crate) fn get(&self, text: Text) -> &str {
        self.all.get(text.0 as usize).map_or("", |text| text)
    }

    /// The same, to be shared.
    pub(crate) fn shared(&self, text: Text) -> Arc<str> {
        self.all.get(text.0 as usize).map_or_else(|| "".into(), Arc::clone)
    }

    /// The text with this number.
    pub(crate) fn numbered(&self, number: u32) -> Option<Text> {
        ((number as usize) < self.all.len()).then_some(Text(number))
    }

    pub(crate) fn all(&self) -> &[Arc<str>] {
        &self.all
    }
}
