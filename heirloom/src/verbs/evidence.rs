//! `heirloom evidence PACKAGE`: all that is known of a package, for those who want to see for themselves.

use std::fs;

use serde::Serialize;

use crate::cli;
use crate::context::Context;
use crate::fail::{Exit, Fail};
use crate::flow::dossier::{self, Dossier};
use crate::report::evidence;
use crate::ui::Shown;

#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    dossier: Dossier,
    /// Where it is published.
    places: Vec<String>,
}

pub(crate) fn run(context: &Context, args: &cli::EvidenceOf) -> Result<Shown, Fail> {
    let dossier = dossier::gather(context, &args.package)?;
    let places = dossier::places(context, &dossier)?;
    if let Some(file) = &args.html {
        fs::write(file, evidence::html(&dossier, &places))
            .map_err(|error| Fail::new(Exit::Failed, format!("{}: {error}", file.display())))?;
    }
    if let Some(dir) = &args.proofs {
        let failed = |error: std::io::Error| Fail::new(Exit::Failed, format!("{}: {error}", dir.display()));
        fs::create_dir_all(dir).map_err(failed)?;
        for (number, proof) in dossier.proofs.iter().enumerate() {
            fs::write(dir.join(format!("{}.tlog-proof", number + 1)), &proof.text).map_err(failed)?;
        }
    }
    let text = evidence::text(&dossier, &places);
    Shown::new(&Told { dossier, places }, text)
}
