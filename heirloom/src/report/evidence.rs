//! All that is known of a package, as text and as one HTML file: nothing is fetched, and nothing runs.

use std::fmt::Write as _;

use super::{STYLE, VERSION, escape};
use crate::flow::dossier::{Build, Dossier};

/// Packages of a buildroot that the text lists.
const LISTED: usize = 8;

/// A heading with lines of a name and what is said of it.
struct Section {
    title: &'static str,
    rows: Vec<(String, String)>,
}

impl Section {
    fn new(title: &'static str) -> Self {
        Self { title, rows: Vec::new() }
    }

    fn row(mut self, name: &str, what: impl ToString) -> Self {
        self.rows.push((name.to_owned(), what.to_string()));
        self
    }

    fn maybe(self, name: &str, what: Option<impl ToString>) -> Self {
        match what {
            Some(what) => self.row(name, what),
            None => self,
        }
    }
}

fn sections(dossier: &Dossier, places: &[String], listed: usize) -> Vec<Section> {
    let mut sections = vec![package(dossier, places)];
    sections.extend(dossier.comparison.as_ref().map(|compared| {
        Section::new("compared with the reference")
            .row("verdict", compared.verdict)
            .row("reference", &compared.reference)
            .row("its digest", compared.digest)
            .row("findings", compared.findings)
            .row("statement", compared.statement)
    }));
    sections.extend(dossier.build.iter().flat_map(|build| built(build, listed)));
    if !dossier.decisions.is_empty() {
        let mut decisions = Section::new("decided by members");
        for decided in &dossier.decisions {
            let kind = if decided.emergency { "in an emergency: " } else { "" };
            let what = format!("{kind}{} took effect at {}; {}", decided.kind, decided.at, decided.reason);
            decisions = decisions.row(&format!("decision {}", decided.entry), what.trim_end_matches("; "));
            for approval in &decided.by {
                let who = format!("{} ({}) at {}", approval.member, approval.affiliation, approval.at);
                decisions = decisions.row("approved by", who);
            }
            decisions = decisions.row("proposal", decided.proposal);
        }
        sections.push(decisions);
    }
    if !dossier.gaps.is_empty() {
        let gaps = dossier.gaps.iter().fold(Section::new("not known"), |gaps, gap| gaps.row("-", gap));
        sections.push(gaps);
    }
    sections
}

fn package(dossier: &Dossier, places: &[String]) -> Section {
    let mut section = Section::new("package").row("as built", dossier.accepted);
    for signed in &dossier.signed {
        section = section.row("as signed", signed.digest).row("by key", &signed.key);
    }
    section = section.maybe("accepted", dossier.ground.as_ref());
    places.iter().fold(section, |section, place| section.row("published", place))
}

fn built(build: &Build, listed: usize) -> [Section; 3] {
    let mut source = Section::new("source")
        .row("package", &build.source)
        .maybe("from", build.origin.as_ref())
        .maybe("commit", build.commit.as_ref());
    for file in &build.files {
        let digest = file.sha256.map(|digest| digest.to_string()).unwrap_or_default();
        let is_patch = build.patches.contains(&file.name);
        source = source.row(if is_patch { "patch" } else { "file" }, format!("{} {digest}", file.name));
    }
    for edit in &build.edits {
        source = source.row("debranded", format!("{}: {} ({})", edit.file, edit.done, edit.purpose));
    }
    let how = Section::new("build")
        .row("builder", &build.builder)
        .row("action", &build.action)
        .row("command", build.command.join(" "))
        .maybe("began", build.started.as_ref())
        .maybe("ended", build.finished.as_ref())
        .maybe("statement", build.provenance);
    let mut root = Section::new("buildroot").row("packages", build.buildroot.len());
    for package in build.buildroot.iter().take(listed) {
        let digest = package.sha256.map(|digest| digest.to_string()).unwrap_or_default();
        root = root.row("-", format!("{} {digest}", package.name));
    }
    if build.buildroot.len() > listed {
        root = root.row(
            "-",
            format!("and {} more (--format json or --html has all)", build.buildroot.len() - listed),
        );
    }
    [source, how, root]
}

/// For a terminal.
pub(crate) fn text(dossier: &Dossier, places: &[String]) -> String {
    let mut text = format!("{}\n", dossier.package);
    for section in sections(dossier, places, LISTED) {
        let _ = writeln!(text, "\n{}", section.title);
        for (name, what) in section.rows {
            let _ = writeln!(text, "  {name:11} {what}");
        }
    }
    if !dossier.proofs.is_empty() {
        let _ = writeln!(text, "\nin the public log");
        for proof in &dossier.proofs {
            let _ = writeln!(text, "  {}", proof.what);
        }
        text.push_str(
            "  `--proofs DIR` writes the proofs, `heirloom log verify` checks them without this machine\n",
        );
    }
    text
}

/// One self-contained page.
pub(crate) fn html(dossier: &Dossier, places: &[String]) -> String {
    let title = escape(&dossier.package.to_string());
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src \
         'none'; style-src 'unsafe-inline'\">\n<title>{title}: evidence</title>\n<style>\n{STYLE}td:first-child {{ width: 8rem }}\n</style>\n\
         <header>\n<h1>{title}</h1>\n<p class=\"soft\">what is known of it, by Heirloom {VERSION}</p>\n</header>\n<main>\n"
    );
    for section in sections(dossier, places, usize::MAX) {
        let _ = writeln!(html, "<section>\n<h2>{}</h2>\n<table>", escape(section.title));
        for (name, what) in section.rows {
            let _ = writeln!(html, "<tr><td>{}<td>{}", escape(&name), escape(&what));
        }
        html.push_str("</table>\n</section>\n");
    }
    if !dossier.proofs.is_empty() {
        html.push_str("<section>\n<h2>in the public log</h2>\n");
        for proof in &dossier.proofs {
            let _ = writeln!(
                html,
                "<details><summary>{}</summary>\n<pre>{}</pre>\n</details>",
                escape(&proof.what),
                escape(&proof.text)
            );
        }
        html.push_str("<p>Each of these is a file for <code>heirloom log verify</code>.</p>\n</section>\n");
    }
    html.push_str("</main>\n</html>\n");
    html
}
