//! The lifecycle document: declared by the definition, or published and signed.

use std::path::{Path, PathBuf};

use heirloom_formats::Document;
use heirloom_formats::definition::Definition;
use heirloom_formats::lifecycle;
use heirloom_import::keyring;
use heirloom_model::lifecycle::{Lifecycle, Major};

use crate::cli::LifeDocument;
use crate::context::bytes;
use crate::fail::{Exit, Fail};

/// Largest file that is read, in bytes.
const LARGEST: u64 = 16 << 20;

/// What the definition says of its life, if it does.
pub(crate) fn declared(definition: &Definition) -> Result<Option<Lifecycle>, Fail> {
    let Some(file) = &definition.lifecycle else { return Ok(None) };
    let path = definition.resolve(file.get_ref());
    let life = lifecycle::load(&path)?;
    let id = definition.distribution.id.get_ref();
    match life.id == *id {
        true => Ok(Some(life)),
        false => {
            let message = format!("{}: it is the life of `{}`, not of `{id}`", path.display(), life.id);
            Err(Fail::new(Exit::Definition, message).hint(format!("write id = \"{id}\"")))
        }
    }
}

/// The document that was named, its signature verified; else that of the definition.
pub(crate) fn asked_for(args: &LifeDocument, definition: &Path) -> Result<Lifecycle, Fail> {
    match &args.document {
        Some(document) => published(document, &args.key),
        None => {
            let hint = "`--document FILE --key FILE` names a published one";
            if !definition.exists() {
                let message = format!("there is no definition {}", definition.display());
                return Err(Fail::new(Exit::Usage, message).hint(hint));
            }
            declared(&Definition::load(definition)?)?.ok_or_else(|| {
                Fail::new(Exit::Definition, "the definition has no lifecycle document")
                    .hint(format!("set `lifecycle = \"lifecycle.toml\"` (docs/lifecycle.md); {hint}"))
            })
        }
    }
}

fn published(path: &Path, keys: &[PathBuf]) -> Result<Lifecycle, Fail> {
    let signed = bytes(path, LARGEST)?;
    let mut signature = path.as_os_str().to_owned();
    signature.push(".asc");
    let armoured = bytes(Path::new(&signature), LARGEST).map_err(|fail| {
        fail.hint("a published lifecycle.json has its signature beside it, in lifecycle.json.asc")
    })?;
    keyring(keys)?.verify_detached(&signed, &armoured).map_err(|error| {
        Fail::new(Exit::Failed, format!("{}: {error}", path.display()))
            .hint("nothing is believed that is not signed: fetch the document, its .asc and the key again")
    })?;
    Ok(lifecycle::read_json(Document::new(&path.display().to_string(), &signed))?)
}

/// The major version that the definition is of.
pub(crate) fn of_definition<'a>(life: &'a Lifecycle, definition: &Definition) -> Result<&'a Major, Fail> {
    let version = &definition.distribution.version;
    let number = version.split('.').next().and_then(|major| major.parse().ok());
    number.and_then(|number| life.major(number)).ok_or_else(|| {
        Fail::new(Exit::Definition, format!("the lifecycle document says nothing of {version}"))
            .hint("add a [[major]] with its phases")
    })
}

/// A major version by its number, or the only one.
pub(crate) fn major(life: &Lifecycle, number: Option<u32>) -> Result<&Major, Fail> {
    let found = match (number, &life.majors[..]) {
        (Some(number), _) => life.major(number),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    found.ok_or_else(|| {
        let known: Vec<_> = life.majors.iter().map(|major| major.version.to_string()).collect();
        Fail::new(Exit::Usage, "which major version of the lifecycle counts is not known")
            .hint(format!("give --major with one of {}", known.join(", ")))
    })
}
