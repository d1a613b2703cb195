//! The spec file of a converted package.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::deb::{Control, Names, version_release};
use super::error::Result;
use super::provides;
use super::recipe::Bootstrap;
use super::tree::Tree;

/// The spec as far as it follows from the control fields and the recipe.
pub(crate) fn header(recipe: &Bootstrap, name: &str, controls: &[Control]) -> String {
    // The part that has the RPM's own name gives version and summary, else the first.
    let lead = controls.iter().find(|c| c.get("Package") == name).unwrap_or(&controls[0]);
    let (version, release) = version_release(lead.get("Version"));
    let release = release.unwrap_or_else(|| "0".to_owned());
    let epoch = recipe.epoch.get(name);
    let noarch = controls.iter().all(|c| c.get("Architecture") == "all");
    let summary = lead.get("Description").lines().next().unwrap_or_default().replace('%', "%%");

    let mut spec = format!(
        "Name: {name}\nVersion: {version}\nRelease: {release}\nSummary: {summary}\n\
         License: see /usr/share/licenses\n"
    );
    if let Some(epoch) = epoch {
        let _ = writeln!(spec, "Epoch: {epoch}");
    }
    let _ = writeln!(spec, "BuildArch: {}", if noarch { "noarch" } else { "x86_64" });

    let evr = format!("{}{version}-{release}", epoch.map(|e| format!("{e}:")).unwrap_or_default());
    let mut lines = relations(recipe, name, controls);
    let aliases = recipe.provides.get(name).into_iter().flatten();
    lines.extend(aliases.flat_map(|alias| alias_lines(alias, &evr, noarch)));
    for line in lines {
        let _ = writeln!(spec, "{line}");
    }
    spec
}

/// What Debian's packages need and provide, and what the recipe adds to what they need.
fn relations(recipe: &Bootstrap, name: &str, controls: &[Control]) -> BTreeSet<String> {
    let names = Names { rename: &recipe.rename, drop: &recipe.drop };
    let mut lines = BTreeSet::new();
    for control in controls {
        for (field, tag) in [("Pre-Depends", "Requires"), ("Depends", "Requires"), ("Provides", "Provides")] {
            let translated = names.dependencies(control.get(field), name);
            lines.extend(translated.iter().map(|relation| format!("{tag}: {relation}")));
        }
    }
    let added = recipe.requires.get(name).into_iter().flatten();
    lines.extend(added.map(|dependency| format!("Requires: {dependency}")));
    lines
}

/// A plain name gets the package's version, and `(x86-64)` if it has an architecture.
fn alias_lines(alias: &str, evr: &str, noarch: bool) -> Vec<String> {
    if alias.contains([' ', '(', '/']) {
        return vec![format!("Provides: {alias}")];
    }
    let mut lines = vec![format!("Provides: {alias} = {evr}")];
    if !noarch {
        lines.push(format!("Provides: {alias}(x86-64) = {evr}"));
    }
    lines
}

/// Adds what follows from the files, the scriptlets, and the files themselves.
pub(crate) fn finish(mut spec: String, scriptlets: Option<&String>, tree: &Tree) -> Result<String> {
    for provided in provides::of(tree)? {
        let _ = writeln!(spec, "Provides: {provided}");
    }
    for path in &tree.old_paths {
        let _ = writeln!(spec, "Provides: {path}");
    }
    spec.push_str("%description\nConverted from the Debian package.\n");
    if let Some(scriptlets) = scriptlets {
        let _ = writeln!(spec, "{scriptlets}");
    }
    // Owners on disk are this machine's; the new root has its own.
    spec.push_str("%files\n%defattr(-,root,root,-)\n");
    for entry in tree.entries()? {
        let directive = match (entry.is_dir, entry.path.starts_with("/etc/")) {
            (true, _) => "%dir ",
            (false, true) => "%config(noreplace) ",
            (false, false) => "",
        };
        let _ = writeln!(spec, "{directive}\"{}\"", escaped(&entry.path));
    }
    Ok(spec)
}

/// `%files` knows macros and quotes. (A pattern that matches nothing is taken literally.)
fn escaped(path: &str) -> String {
    path.replace('%', "%%").replace('"', "\\\"")
}
