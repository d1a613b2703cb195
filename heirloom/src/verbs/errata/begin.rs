//! `heirloom errata new`: begins an advisory of the distribution's own.

use std::collections::BTreeSet;
use std::fs;

use heirloom_formats::advisory::own;
use heirloom_model::Nevra;
use heirloom_model::advisory::AdvisoryKind;
use heirloom_model::record::Built;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::cli::NewErrata;
use crate::context::{Context, present};
use crate::fail::{Exit, Fail};
use crate::flow::accounting;
use crate::ui::Shown;

#[derive(Serialize)]
struct Begun {
    id: String,
    file: std::path::PathBuf,
    packages: Vec<Nevra>,
}

pub(crate) fn run(context: &Context, args: &NewErrata) -> Result<Shown, Fail> {
    let Some(dir) = &context.definition.errata.own else {
        return Err(Fail::new(Exit::Definition, "there is no directory of own advisories")
            .hint("give `errata.own`, and `errata.prefix` for their ids, in the definition"));
    };
    let dir = context.definition.resolve(dir.get_ref());
    let kind = AdvisoryKind::of(&args.kind).unwrap_or(AdvisoryKind::Security);
    let packages = packages(context, &args.package)?;
    let advisories = accounting::read(context)?;
    let today = present().to_zoned(TimeZone::UTC).date();
    let known = advisories.own.iter().map(|own| &own.id);
    let id = accounting::naming(context)
        .next(kind, today.year(), known)
        .map_err(|error| Fail::new(Exit::Failed, error))?;
    let failed = |error: std::io::Error| Fail::new(Exit::Failed, format!("{}: {error}", dir.display()));
    fs::create_dir_all(&dir).map_err(failed)?;
    let file = dir.join(format!("{id}.toml"));
    fs::File::create_new(&file)
        .and_then(|mut new| {
            std::io::Write::write_all(&mut new, own::begun(kind, &today.to_string(), &packages).as_bytes())
        })
        .map_err(failed)?;
    let text = format!(
        "{id} is begun in {}, with {} packages\nnext: say there what was wrong, then `heirloom compose` publishes it",
        file.display(),
        packages.len()
    );
    Shown::new(&Begun { id: id.to_string(), file, packages }, text)
}

/// The newest build's packages of a source package.
fn packages(context: &Context, source: &str) -> Result<Vec<Nevra>, Fail> {
    let mut newest: Option<Built> = None;
    for entry in context.store.history::<Built>()? {
        if entry.record.nevra.name() == source {
            newest = Some(entry.record);
        }
    }
    let Some(built) = newest else {
        return Err(Fail::new(Exit::Failed, format!("no source package {source} was built"))
            .hint("name a source package; `heirloom status` lists all"));
    };
    let packages: BTreeSet<_> =
        built.packages.into_iter().map(|package| package.nevra).filter(|nevra| !nevra.is_debug()).collect();
    Ok(packages.into_iter().collect())
}
