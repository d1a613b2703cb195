//! `heirloom compose`: signs and publishes what is accepted.

use std::fmt::Write as _;

use crate::context::Context;
use crate::fail::Fail;
use crate::flow::composing::{self, Published};
use crate::flow::{self, comparing};
use crate::ui::Shown;

pub(crate) fn run(context: &Context) -> Result<Shown, Fail> {
    let (gathered, builds) = flow::built(context, &crate::cli::BuildArgs::default())?;
    let judgement = comparing::compare(context, &gathered, &builds)?;
    let published = composing::compose(context, &gathered, &judgement)?;
    let text = report(&published);
    Shown::new(&published, text)
}

/// What the gate warns of, and what was left out of the reference's documents.
fn warnings(published: &Published) -> String {
    let gate = &published.gate;
    let mut text = String::new();
    if !gate.findings.is_empty() {
        let _ = writeln!(text, "\nthe gate lets it through with {} warnings:", gate.findings.len());
    }
    for finding in gate.findings.iter().take(LISTED) {
        let _ = writeln!(text, "  {finding}");
    }
    if gate.findings.len() > LISTED {
        let _ = writeln!(text, "  and {} more (`heirloom gate` lists all)", gate.findings.len() - LISTED);
    }
    for idle in &gate.idle {
        let _ = writeln!(text, "look at the waiver {}: {}", idle.waiver, idle.why);
    }
    if !published.remarks.is_empty() {
        let count = published.remarks.len();
        let _ =
            writeln!(text, "{count} remarks about groups, modules and advisories (--format json has them)");
    }
    text
}

/// Most differences that are listed one by one.
const LISTED: usize = 20;

/// How the composition differs from the reference's.
fn differences(published: &Published) -> String {
    let differences = &published.differences;
    if differences.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{} differences to the reference's composition:\n", differences.len());
    for difference in differences.iter().take(LISTED) {
        let _ = writeln!(text, "  {difference}");
    }
    if differences.len() > LISTED {
        let _ = writeln!(text, "  and {} more (--format json has all)", differences.len() - LISTED);
    }
    text
}

/// Repositories, and how to use them.
pub(crate) fn report(published: &Published) -> String {
    let mut text = String::new();
    for repository in &published.composed.repositories {
        let _ = writeln!(text, "{:5} packages in {}", repository.packages, repository.path);
    }
    text.push_str(&differences(published));
    text.push_str(&warnings(published));
    let channels: Vec<_> =
        published.released.entered.channels.iter().map(|switched| switched.channel.name.as_str()).collect();
    let _ = write!(
        text,
        "\nsnapshot {}, served as {} from {}\nnext: copy {} to /etc/yum.repos.d of a machine, and `dnf install` from it",
        published.released.snapshot.name,
        channels.join(", "),
        published.released.root.display(),
        published.repository_file.display()
    );
    text
}
