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

/// Repositories, and how to use them.
pub(crate) fn report(published: &Published) -> String {
    let mut text = String::new();
    for repository in &published.composed.repositories {
        let _ = writeln!(text, "{:5} packages in {}", repository.packages, repository.path);
    }
    let _ = write!(
        text,
        "\npublished in {}\nnext: copy {} to /etc/yum.repos.d of a machine, and `dnf install` from it",
        published.tree.display(),
        published.repository_file.display()
    );
    text
}
