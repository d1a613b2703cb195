//! The file of waivers: the rules of the gate and those of stability stand in one file, and each reads its own.

use std::collections::BTreeSet;
use std::path::Path;

use heirloom_compare::stability;
use heirloom_compose::gate;
use heirloom_formats::definition::DefinitionError;
use heirloom_formats::waivers;
use heirloom_model::gate::Waiver;

use crate::context::Context;
use crate::fail::{Exit, Fail};

/// Whose rules are meant.
#[derive(Clone, Copy)]
pub(crate) enum Of {
    /// The gate that judges a set of repositories.
    Gate,
    /// What an update may change.
    Stability,
}

/// The waivers of the definition that are about these rules.
pub(crate) fn declared(context: &Context, of: Of) -> Result<Vec<Waiver>, Fail> {
    let file = context.definition.compose.waivers.as_ref();
    file.map_or(Ok(Vec::new()), |file| load(&context.definition.resolve(file.get_ref()), of))
}

/// The waivers of a file that are about these rules.
pub(crate) fn load(path: &Path, of: Of) -> Result<Vec<Waiver>, Fail> {
    let gate: Vec<_> = gate::rules().iter().map(|rule| rule.name).collect();
    let stability: Vec<_> = stability::rules().iter().map(|rule| rule.kind.name()).collect();
    let all = waivers::load(path, &[&gate[..], &stability].concat()).map_err(|error| match error {
        DefinitionError::Unreadable { path, source } => {
            Fail::new(Exit::Failed, format!("can't read the waivers {}: {source}", path.display()))
        }
        wrong => wrong.into(),
    })?;
    let own: BTreeSet<&str> = match of {
        Of::Gate => gate.into_iter().collect(),
        Of::Stability => stability.into_iter().collect(),
    };
    Ok(all.into_iter().filter(|waiver| own.contains(waiver.rule.as_str())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_both_have_means_the_same() {
        let stability: BTreeSet<_> = stability::rules().iter().map(|rule| rule.kind.name()).collect();
        let both = gate::rules().iter().map(|rule| rule.name).filter(|name| stability.contains(name));
        // One waiver serves both.
        assert_eq!(both.collect::<Vec<_>>(), ["downgrade"]);
    }
}
