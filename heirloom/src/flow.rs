//! Joins the stages: takes the records that one leaves to the next. Holds no rule of any stage.

pub(crate) mod building;
pub(crate) mod comparing;
pub(crate) mod composing;
pub(crate) mod gather;
pub(crate) mod planning;
pub(crate) mod work;

use heirloom_build::{Builder, Settings};

use crate::context::{Context, processors};
use crate::fail::Fail;

/// The builder of this distribution.
pub(crate) fn builder(context: &Context) -> Result<Builder<'_>, Fail> {
    let settings =
        Settings { state_dir: context.store.dir().to_owned(), jobs: processors(), sandbox_program: None };
    Ok(Builder::new(&context.store, settings)?)
}
