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
