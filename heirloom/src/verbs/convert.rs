//! `heirloom debrand convert`: rules of other tools.

use crate::cli::Convert;
use crate::fail::Fail;
use crate::ui::Shown;

pub(crate) fn run(args: &Convert) -> Result<Shown, Fail> {
    todo!("{args:?}")
}
