//! What is published of decisions, and what the signer is given.

use heirloom_govern::History;
use heirloom_model::Digest;
use heirloom_release::Site;

use super::Governed;
use super::effect::{failed, inbox};
use crate::context::{Context, replace};
use crate::fail::Fail;
use crate::flow::releasing;

/// The document root, with views that have this history.
pub(super) fn published<'a>(context: &'a Context, history: &History) -> Result<Site<'a>, Fail> {
    Ok(releasing::site(context)?.with_history(history.to_text()?))
}

/// Gives the history to all views that are served.
pub(super) fn refresh(context: &Context, history: &History) -> Result<(), Fail> {
    Ok(releasing::site(context)?.with_history(history.to_text()?).refresh_history()?)
}

/// The newest history in the signer's inbox.
const HISTORY: &str = "history.jsonl";

/// Shows the signer what has taken effect, so that it believes no other history.
pub(super) fn show_to_signer(context: &Context, history: &History) -> Result<(), Fail> {
    let dir = inbox(context);
    std::fs::create_dir_all(&dir).map_err(failed(&dir))?;
    replace(&dir.join(HISTORY), history.to_text()?.as_bytes())
}

/// Lays proposals where the signer finds them, with all that it needs to see for itself that it may sign; and nothing else.
pub(crate) fn hand_to_signer(
    context: &Context,
    governed: &Governed,
    proposals: &[Digest],
) -> Result<(), Fail> {
    let dir = inbox(context);
    std::fs::create_dir_all(&dir).map_err(failed(&dir))?;
    let name = |proposal: &Digest| format!("{proposal}.json");
    for entry in std::fs::read_dir(&dir).map_err(failed(&dir))? {
        let path = entry.map_err(failed(&dir))?.path();
        let is = |name: &str| path.file_name().is_some_and(|file| file == name);
        if !is(HISTORY) && !proposals.iter().any(|proposal| is(&name(proposal))) {
            std::fs::remove_file(&path).map_err(failed(&path))?;
        }
    }
    for proposal in proposals {
        let parcel = governed.parcel(&context.store, *proposal)?;
        replace(&dir.join(name(proposal)), &serde_json::to_vec(&parcel)?)?;
    }
    Ok(())
}
