//! Reading a target file, and holding it against what can be true of any.

use std::collections::BTreeSet;

use heirloom_formats::openpgp::Keyring;
use heirloom_model::{Evr, Nevra};

use super::{FORMAT, Target, TargetError};
use crate::fetch::{is_place, with_variables};

/// Bytes that a target file may have. Certificates are the most of it, some kilobytes each.
pub(super) const LARGEST: usize = 4 << 20;
/// Entries that a list may have.
const MOST: usize = 20_000;
/// Repositories that a target may have.
const MOST_REPOSITORIES: usize = 200;
/// Characters of names and reasons.
const LONGEST: usize = 1000;

impl Target {
    /// Reads a target file; `file` is what errors call it. Whoever wrote it: see [`verified`](super::verified).
    ///
    /// # Errors
    /// It is no target file, or says what can't be.
    pub fn read(file: &str, text: &str) -> Result<Self, TargetError> {
        if text.len() > LARGEST {
            return Err(TargetError::Large { file: file.to_owned(), found: text.len(), most: LARGEST });
        }
        let toml = |source| TargetError::Toml { file: file.to_owned(), source: Box::new(source) };
        let table: toml::Table = text.parse().map_err(toml)?;
        // First, since another form has other fields.
        if let Some(found) = table.get("format").and_then(toml::Value::as_integer)
            && found != i64::from(FORMAT)
        {
            let found = u32::try_from(found).unwrap_or(u32::MAX);
            return Err(TargetError::Format { file: file.to_owned(), expected: FORMAT, found });
        }
        drop(table);
        let target: Self = toml::from_str(text).map_err(toml)?;
        Look { file }.target(&target)?;
        Ok(target)
    }

    /// Its text, which [`Target::read`] reads as the same.
    ///
    /// # Errors
    /// A value that TOML can't have.
    pub fn to_text(&self) -> Result<String, TargetError> {
        Ok(toml::to_string_pretty(self)?)
    }
}

/// Looks at each field.
struct Look<'a> {
    file: &'a str,
}

const ID: &str = "a word of lower-case letters, digits, `.`, `_` and `-`";
const REPOSITORY: &str = "a word of letters, digits, `.`, `_`, `:` and `-`";
const PACKAGE: &str = "a package's name";
const GLOB: &str = "a package's name, in which `*` stands for any characters";
const LINE: &str = "a line of text";

impl Look<'_> {
    fn target(&self, target: &Target) -> Result<(), TargetError> {
        self.need("id", &target.id, is_id, ID)?;
        self.need("name", &target.name, is_line, LINE)?;
        self.need("version", &target.version, is_version, "a version such as `9.4`")?;
        self.need("platform", &target.platform, |text| text.is_empty() || is_line(text), LINE)?;
        self.count("architectures", target.architectures.len(), 16)?;
        if target.architectures.is_empty() {
            return Err(self.field("architectures", "[]", "at least one"));
        }
        for architecture in &target.architectures {
            self.need("architectures", architecture, is_architecture, "an architecture such as `x86_64`")?;
        }
        let certificates = Keyring::from_armoured(target.certificates.as_bytes());
        certificates.map_err(|source| TargetError::Certificates { file: self.file.to_owned(), source })?;
        self.roles(target)?;
        self.repositories(target)?;
        self.packages(target)?;
        self.boot(target)
    }

    fn roles(&self, target: &Target) -> Result<(), TargetError> {
        self.count("roles", target.roles.len(), 200)?;
        if target.role("release").is_none() {
            return Err(self.field("roles", "", "`release`, the package that has /etc/os-release"));
        }
        for (role, package) in &target.roles {
            self.need("roles", role, is_id, ID)?;
            self.need(&format!("roles.{role}"), package, is_package, PACKAGE)?;
        }
        Ok(())
    }

    fn repositories(&self, target: &Target) -> Result<(), TargetError> {
        self.count("repositories", target.repositories.len(), MOST_REPOSITORIES)?;
        if !target.repositories.iter().any(|repository| repository.enabled) {
            return Err(self.field("repositories", "", "at least one that is enabled"));
        }
        let mut ids = BTreeSet::new();
        for repository in &target.repositories {
            self.need("repositories.id", &repository.id, is_repository, REPOSITORY)?;
            if !ids.insert(&repository.id) {
                return Err(self.field("repositories.id", &repository.id, "an id that no other has"));
            }
            self.need("repositories.name", &repository.name, is_line, LINE)?;
            let field = format!("repositories.{}.baseurls", repository.id);
            self.count(&field, repository.baseurls.len(), 100)?;
            if repository.baseurls.is_empty() {
                return Err(self.field(&field, "[]", "at least one place"));
            }
            for place in &repository.baseurls {
                let known = with_variables(place, "x86_64", 9).is_ok_and(|place| is_place(&place));
                self.need(
                    &field,
                    place,
                    |_| known,
                    "a URL with no variables but `$basearch` and `$releasever`",
                )?;
            }
        }
        Ok(())
    }

    fn packages(&self, target: &Target) -> Result<(), TargetError> {
        self.count("swaps", target.swaps.len(), MOST)?;
        self.count("packages", target.packages.len(), MOST)?;
        self.count("modules", target.modules.len(), MOST)?;
        for swap in &target.swaps {
            self.need("swaps.from", &swap.from, is_glob, GLOB)?;
            self.need("swaps.to", &swap.to, is_package, PACKAGE)?;
            self.need("swaps.reason", &swap.reason, is_line, LINE)?;
        }
        for declared in &target.packages {
            self.need("packages.name", &declared.name, is_glob, GLOB)?;
            self.need("packages.reason", &declared.reason, is_line, LINE)?;
        }
        let mut mapped = BTreeSet::new();
        for module in &target.modules {
            for (field, text) in [("modules.name", &module.name), ("modules.from", &module.from)]
                .into_iter()
                .chain(module.to.iter().map(|to| ("modules.to", to)))
            {
                self.need(field, text, is_stream, "a word of letters, digits, `.`, `_`, `+` and `-`")?;
            }
            if !mapped.insert((&module.name, &module.from)) {
                return Err(self.field("modules.from", &module.from, "a stream that is mapped once"));
            }
        }
        Ok(())
    }

    fn boot(&self, target: &Target) -> Result<(), TargetError> {
        let Some(boot) = &target.boot else { return Ok(()) };
        self.need("boot.directory", &boot.directory, is_file_name, "the name of a directory")?;
        self.need("boot.label", &boot.label, |text| is_line(text) && text.len() <= 100, "a short line")?;
        self.count("boot.loaders", boot.loaders.len(), 16)?;
        for (architecture, loader) in &boot.loaders {
            self.need("boot.loaders", architecture, is_architecture, "an architecture")?;
            self.need("boot.loaders", loader, is_file_name, "the name of a file")?;
        }
        self.count("boot.certificates", boot.certificates.len(), 100)?;
        for digest in &boot.certificates {
            let is_digest = |text: &str| text.parse::<heirloom_model::Digest>().is_ok();
            self.need("boot.certificates", digest, is_digest, "a SHA-256 digest")?;
        }
        Ok(())
    }

    fn need(
        &self,
        field: &str,
        text: &str,
        is_fine: impl FnOnce(&str) -> bool,
        expected: &'static str,
    ) -> Result<(), TargetError> {
        match is_fine(text) {
            true => Ok(()),
            false => Err(self.field(field, text, expected)),
        }
    }

    fn field(&self, field: &str, found: &str, expected: &'static str) -> TargetError {
        let found = found.chars().filter(|c| !c.is_control()).take(120).collect();
        TargetError::Field { file: self.file.to_owned(), field: field.to_owned(), found, expected }
    }

    fn count(&self, field: &str, found: usize, most: usize) -> Result<(), TargetError> {
        match found <= most {
            true => Ok(()),
            false => {
                Err(TargetError::Many { file: self.file.to_owned(), field: field.to_owned(), found, most })
            }
        }
    }
}

fn is_word(text: &str, more: &str) -> bool {
    (1..=200).contains(&text.len())
        && !text.starts_with(['.', '-'])
        && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
}

fn is_id(text: &str) -> bool {
    is_word(text, "._-") && !text.chars().any(|c| c.is_ascii_uppercase())
}

fn is_repository(text: &str) -> bool {
    is_word(text, "._:-")
}

fn is_stream(text: &str) -> bool {
    is_word(text, "._+-")
}

fn is_architecture(text: &str) -> bool {
    is_word(text, "_")
}

fn is_file_name(text: &str) -> bool {
    is_word(text, "._-+")
}

fn is_version(text: &str) -> bool {
    is_word(text, ".") && text.starts_with(|c: char| c.is_ascii_digit())
}

fn is_line(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len()) && !text.chars().any(char::is_control)
}

fn is_package(text: &str) -> bool {
    let evr = Evr::new(0, "1", "1");
    evr.and_then(|evr| Nevra::new(text, evr, "noarch")).is_ok()
}

fn is_glob(text: &str) -> bool {
    text.contains(|c| c != '*') && is_package(&format!("a{}", text.replace('*', "x"))) && is_line(text)
}
