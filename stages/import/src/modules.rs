//! Modules of upstream: their documents, and the source packages that they are made from.

use heirloom_formats::Document;
use heirloom_formats::modulemd::{ModuleDocument, Modulemd};
use heirloom_model::record::Module;

use crate::{ImportError, Importer, git};

/// Modules in dist-git.
#[derive(Clone, Debug)]
pub struct ModuleSources {
    /// Path or URL of the repositories with modulemd documents, with `{name}`.
    pub location: String,
    /// Their branch, with `{stream}`.
    pub branch: String,
    /// The branch of components in their own repositories, with `{stream}`.
    pub component_branch: String,
    /// Names and streams.
    pub streams: Vec<(String, String)>,
}

impl ModuleSources {
    /// The branch that a module's components are imported from.
    pub(crate) fn component_branch(&self, module: &Module) -> String {
        self.component_branch.replace("{stream}", &module.stream)
    }
}

/// The modules of a repository's metadata.
pub(crate) fn read(importer: &Importer<'_>, document: Document<'_>) -> Result<Vec<Module>, ImportError> {
    let modulemd = Modulemd::parse(document).map_err(ImportError::format(document.name))?;
    modulemd.modules.into_iter().map(|module| keep(importer, module, document.name, None)).collect()
}

/// The modules of the definition, from their own repositories; and those that can't be had, by `name:stream`.
pub(crate) fn from_git(
    importer: &Importer<'_>,
    sources: &ModuleSources,
) -> (Vec<Module>, Vec<(String, ImportError)>) {
    let (mut modules, mut failed) = (Vec::new(), Vec::new());
    for (name, stream) in &sources.streams {
        match one(importer, sources, name, stream) {
            Ok(module) => modules.push(module),
            Err(error) => failed.push((format!("{name}:{stream}"), error)),
        }
    }
    (modules, failed)
}

fn one(
    importer: &Importer<'_>,
    sources: &ModuleSources,
    name: &str,
    stream: &str,
) -> Result<Module, ImportError> {
    let location = sources.location.replace("{name}", name);
    let branch = sources.branch.replace("{stream}", stream);
    let paths =
        [format!("{name}.yaml"), "SOURCES/modulemd.src.txt".to_owned(), format!("SOURCES/{name}.yaml")];
    let (at, bytes) = git::file(importer, name, &location, &branch, &paths)?;
    let modulemd = Modulemd::parse(Document::new(&at, &bytes)).map_err(ImportError::format(&at))?;
    let mut modules = modulemd.modules;
    let (Some(module), true) = (modules.pop(), modules.is_empty()) else {
        return Err(crate::distgit::layout(&at, "expected one modulemd document".to_owned()));
    };
    keep(importer, module, &at, Some((name, stream)))
}

fn keep(
    importer: &Importer<'_>,
    module: ModuleDocument,
    at: &str,
    called: Option<(&str, &str)>,
) -> Result<Module, ImportError> {
    let layout = |message: String| crate::distgit::layout(at, message);
    let part = |found: Option<String>, expected: Option<&str>, what: &str| match (found, expected) {
        (Some(found), Some(expected)) if found != expected => {
            Err(layout(format!("expected the module's {what} to be {expected}, found {found}")))
        }
        (found, expected) => found
            .or_else(|| expected.map(str::to_owned))
            .ok_or_else(|| layout(format!("a module has no {what}"))),
    };
    Ok(Module {
        name: part(module.name, called.map(|called| called.0), "name")?,
        stream: part(module.stream, called.map(|called| called.1), "stream")?,
        version: module.version,
        context: module.context,
        arch: module.arch,
        document: importer.store.put(module.text.as_bytes())?,
        components: module.components,
        artifacts: module.artifacts,
    })
}
