//! Where the packages of a step are composed, and why there.

use heirloom_model::Digest;
use heirloom_model::record::{Built, Composed, ComposedPackage};
use serde::Serialize;

use crate::context::Context;
use crate::fail::Fail;

/// One package in a repository of the newest compose.
#[derive(Serialize)]
pub(super) struct Placed {
    /// Path of the repository below the tree.
    repository: String,
    #[serde(flatten)]
    package: ComposedPackage,
}

/// The places of what was built.
pub(super) fn of(context: &Context, built: &Built) -> Result<Vec<Placed>, Fail> {
    let Some(composed) = context.store.get::<Composed>("compose")? else { return Ok(Vec::new()) };
    let digests: Vec<Digest> = built.all_packages().map(|package| package.digest).collect();
    let mut placed = Vec::new();
    for repository in composed.repositories {
        let packages: Vec<ComposedPackage> =
            serde_json::from_slice(&context.store.read(repository.contents)?)?;
        let ours = packages.into_iter().filter(|package| digests.contains(&package.accepted));
        placed.extend(ours.map(|package| Placed { repository: repository.path.clone(), package }));
    }
    Ok(placed)
}

pub(super) fn text(placed: &[Placed]) -> String {
    let line = |Placed { repository, package }: &Placed| {
        format!("  composed   {} in {repository}: {}\n", package.nevra, package.because)
    };
    placed.iter().map(line).collect()
}
