//! A repository's `modules.yaml` as a whole.

use super::{Defaults, Head, ModulemdError, Obsoletes, Packager, Stream, Translations, each, short, yaml};
use crate::document::Document;

/// All documents of a `modules.yaml`, each kind in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModuleIndex {
    /// Streams (`modulemd` and `modulemd-stream`).
    pub streams: Vec<Stream>,
    /// Default streams and profiles (`modulemd-defaults`).
    pub defaults: Vec<Defaults>,
    /// Streams that ended (`modulemd-obsoletes`).
    pub obsoletes: Vec<Obsoletes>,
    /// Texts in other languages (`modulemd-translations`).
    pub translations: Vec<Translations>,
    /// What packagers wrote (`modulemd-packager`). A repository should have none, and none are written.
    pub packagers: Vec<Packager>,
}

impl ModuleIndex {
    /// Parses a repository's `modules.yaml`.
    ///
    /// # Errors
    /// It can't be decompressed, is larger than anything real, or has a document that is no YAML, of an unknown kind or
    /// version, without its name or stream, or with an artifact that is no package.
    pub fn parse(document: Document<'_>) -> Result<Self, ModulemdError> {
        let mut index = Self::default();
        each(document, |text| index.read(text))?;
        Ok(index)
    }

    fn read(&mut self, text: &str) -> Result<(), String> {
        let Head { document, version } = yaml(text)?;
        match document.as_str() {
            "modulemd" | "modulemd-stream" => self.streams.push(Stream::read(text, version)?),
            "modulemd-defaults" => self.defaults.push(Defaults::read(text, version)?),
            "modulemd-obsoletes" => self.obsoletes.push(Obsoletes::read(text, version)?),
            "modulemd-translations" => self.translations.push(Translations::read(text, version)?),
            "modulemd-packager" => self.packagers.push(Packager::read(text, version)?),
            other => return Err(format!("a document of kind `{}` is not known", short(other))),
        }
        Ok(())
    }

    /// Whether nothing would be written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places().is_empty()
    }

    /// Writes `modules.yaml`: each document's text as it is, by name, stream, version, context, architecture and kind.
    /// The order in which they were read does not show.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        let mut places = self.places();
        places.sort();
        places.dedup();
        let mut yaml = String::new();
        for (_, text) in places {
            if !text.starts_with("---") {
                yaml.push_str("---\n");
            }
            yaml.push_str(text);
            if !text.ends_with('\n') {
                yaml.push('\n');
            }
            yaml.push_str("...\n");
        }
        yaml
    }

    /// Each document's place in the order, and its text.
    fn places(&self) -> Vec<(Place<'_>, &str)> {
        let streams = self.streams.iter().map(|stream| {
            let id = &stream.id;
            ((&*id.name, &*id.stream, id.version, &*id.context, &*id.arch, Kind::Stream), &*stream.text)
        });
        let defaults =
            self.defaults.iter().map(|it| ((&*it.module, "", 0, "", "", Kind::Defaults), &*it.text));
        let obsoletes = self.obsoletes.iter().map(|it| {
            let context = it.context.as_deref().unwrap_or_default();
            ((&*it.module, &*it.stream, 0, context, "", Kind::Obsoletes), &*it.text)
        });
        let translations = self
            .translations
            .iter()
            .map(|it| ((&*it.module, &*it.stream, 0, "", "", Kind::Translations), &*it.text));
        streams.chain(defaults).chain(obsoletes).chain(translations).collect()
    }
}

type Place<'a> = (&'a str, &'a str, u64, &'a str, &'a str, Kind);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Defaults,
    Stream,
    Obsoletes,
    Translations,
}
