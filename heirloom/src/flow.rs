//! Joins the stages: takes the records that one leaves to the next. Holds no rule of any stage.

pub(crate) mod accounting;
pub(crate) mod acting;
pub(crate) mod attesting;
pub(crate) mod audit;
pub(crate) mod building;
pub(crate) mod changes;
pub(crate) mod checking;
pub(crate) mod cleaning;
pub(crate) mod comparing;
pub(crate) mod composing;
pub(crate) mod contents;
pub(crate) mod debranding;
pub(crate) mod dossier;
pub(crate) mod errata;
pub(crate) mod gather;
pub(crate) mod gating;
pub(crate) mod governing;
pub(crate) mod history;
pub(crate) mod installed;
pub(crate) mod lifecycle;
pub(crate) mod lock;
pub(crate) mod log;
pub(crate) mod pairing;
pub(crate) mod place;
pub(crate) mod planning;
pub(crate) mod policy;
pub(crate) mod preview;
pub(crate) mod publishing;
pub(crate) mod reached;
pub(crate) mod recorded;
pub(crate) mod releasing;
pub(crate) mod rollup;
#[cfg(test)]
mod sample;
pub(crate) mod scanning;
pub(crate) mod side;
pub(crate) mod stability;
pub(crate) mod told;
pub(crate) mod tuf;
pub(crate) mod uploading;
pub(crate) mod waiving;
pub(crate) mod work;

use building::{Builds, Options};
use gather::Gathered;
use heirloom_build::{Builder, Settings};

use crate::cli::BuildArgs;
use crate::context::{Context, processors};
use crate::fail::Fail;
use crate::interrupt;

/// The builder of this distribution.
pub(crate) fn builder(context: &Context) -> Result<Builder<'_>, Fail> {
    let settings = Settings {
        state_dir: context.store.dir().to_owned(),
        jobs: processors(),
        interrupt: interrupt::flag(),
        sandbox_program: None,
    };
    Ok(Builder::new(&context.store, settings)?)
}

/// Everything up to the builds, for verbs that begin where these end.
pub(crate) fn built(context: &Context, args: &BuildArgs) -> Result<(Gathered, Builds), Fail> {
    let gathered = gather::gather(context)?;
    let builder = builder(context)?;
    let ground = planning::ground(context, &builder, &gathered, args.keep_going)?;
    let builds = building::build(context, &builder, &gathered, &ground, Options::new(context, args))?;
    Ok((gathered, builds))
}
