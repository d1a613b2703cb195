//! What a package's header says.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use heirloom_formats::brand::Signs;
use heirloom_formats::rpm_file::{DependencyKind, Header, RpmError};

use crate::ScanError;
use crate::around::Surroundings;
use crate::pattern::What;
use crate::report::{Context, joined};
use crate::walk::Walk;

/// Bytes before the signature header: a package's name again.
pub(crate) const LEAD: usize = 96;

/// Everything that the header says; `above` is the way to the package, empty for the package that is scanned.
pub(crate) fn scan(walk: &mut Walk<'_>, above: &str, header: &Header) {
    let (info, name) = (&header.info, header.nevra.name().to_owned());
    let tags = [
        ("Name", &name),
        ("Summary", &info.summary),
        ("Description", &info.description),
        ("License", &info.license),
        ("Group", &info.group),
        ("URL", &info.url),
        ("BugURL", &info.bug_url),
        ("VCS", &info.vcs),
        ("Vendor", &info.vendor),
        ("Packager", &info.packager),
        ("Distribution", &info.distribution),
        ("ModularityLabel", &info.modularity_label),
        ("BuildHost", &info.build_host),
        ("Platform", &info.platform),
        ("OptFlags", &info.optflags),
        ("SourceRPM", &info.source_rpm),
    ];
    for (tag, value) in tags {
        text(walk, above, tag, value);
    }
    text(walk, above, "Release", header.nevra.evr().release());
    text(walk, above, "Version", header.nevra.evr().version());
    for kind in DependencyKind::ALL {
        for relation in header.relations(kind) {
            let value = format!("{} {}", relation.name, relation.version);
            text(walk, above, capital(kind.name()).as_str(), value.trim_end());
        }
    }
    for script in &header.scripts {
        let value = [script.program.join(" "), script.text.clone()].join("\n");
        text(walk, above, script.kind.name(), &value);
    }
    for trigger in &header.triggers {
        let conditions: Vec<_> = trigger.conditions.iter().map(|condition| condition.name.as_str()).collect();
        let value = [&conditions.join(" "), &trigger.program, &trigger.text].map(String::as_str).join("\n");
        text(walk, above, "%trigger", &value);
    }
    for entry in &header.changelog {
        text(walk, above, "Changelog", &format!("{}\n{}", entry.author, entry.text));
    }
    for file in &header.files {
        walk.path(above, &file.path);
        if file.is_symlink() {
            link(walk, &joined(above, &file.path), &file.link_target);
        }
        for owner in [&file.user, &file.group] {
            text(walk, above, "FileOwner", owner);
        }
    }
}

/// The signature header: the ids of the keys that signed it.
pub(crate) fn signature(walk: &mut Walk<'_>, path: &Path, header: &Header) -> Result<(), ScanError> {
    let failed = |error: std::io::Error| RpmError { file: path.display().to_string(), problem: error.into() };
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(header.range.start).read_to_end(&mut bytes))
        .map_err(failed)?;
    walk.strings("header:Signature", bytes.get(LEAD..).unwrap_or_default());
    Ok(())
}

/// A symbolic link's target.
pub(crate) fn link(walk: &mut Walk<'_>, way: &str, target: &str) {
    for hit in walk.scanner.patterns.find(target.as_bytes(), Surroundings::Text) {
        if let What::Mark(mark) = hit.what {
            walk.report.mark(mark, way, || "link's target".to_owned(), target.as_bytes(), Context::default());
        }
    }
}

/// A tag's value. What a mark of vendor tags covers is told once, as that.
fn text(walk: &mut Walk<'_>, above: &str, tag: &str, value: &str) {
    if value.is_empty() {
        return;
    }
    let way = joined(above, &format!("header:{tag}"));
    let scanner = walk.scanner;
    let mut covered = false;
    for (mark, (signs, values)) in
        scanner.brand.marks.iter().map(|mark| &mark.signs).zip(&scanner.values).enumerate()
    {
        let Signs::VendorTags { tags, .. } = signs else { continue };
        if tags.iter().any(|wanted| wanted == tag) && values.iter().any(|pattern| pattern.is_match(value)) {
            covered = true;
            walk.report.mark(mark, &way, String::new, value.as_bytes(), Context::default());
        }
    }
    if !covered {
        walk.text(&way, value.as_bytes(), tag == "Changelog");
    }
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}
