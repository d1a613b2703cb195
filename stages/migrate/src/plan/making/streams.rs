//! Streams of modules: which of the target's are in use, and which packages can be seen therefore.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::check::Check;
use crate::facts::{Assessment, ModuleFact};
use crate::offer::{Offer, Offered};
use crate::plan::ModuleStep;
use crate::target::Target;

/// What becomes of modules.
#[derive(Default)]
pub(super) struct Streams {
    pub(super) steps: Vec<ModuleStep>,
    pub(super) checks: Vec<Check>,
    /// The stream of each module that is in use.
    active: BTreeMap<String, String>,
}

impl Streams {
    pub(super) fn choose(assessment: &Assessment, target: &Target, offer: &Offer) -> Self {
        let mut streams = Self::default();
        let mut known = BTreeSet::new();
        let mut modules: Vec<&ModuleFact> = assessment.modules.iter().collect();
        // What is enabled counts before what only has packages.
        modules.sort_by_key(|module| {
            (&module.name, module.state != "enabled", module.packages == 0, &module.stream)
        });
        for module in modules {
            if module.state == "disabled" {
                known.insert(module.name.as_str());
            } else if !module.stream.is_empty() && known.insert(&module.name) {
                streams.carry(module, target, offer);
            }
        }
        for stream in offer.streams.iter().filter(|stream| stream.is_default) {
            if !known.contains(stream.name.as_str()) {
                streams.active.insert(stream.name.clone(), stream.stream.clone());
            }
        }
        streams
    }

    fn carry(&mut self, module: &ModuleFact, target: &Target, offer: &Offer) {
        let ModuleFact { name, stream: from, .. } = module;
        let has = |stream: &str| offer.streams.iter().any(|it| it.name == *name && it.stream == stream);
        let default = offer.streams.iter().find(|it| it.name == *name && it.is_default);
        let mapped = target.modules.iter().find(|it| it.name == *name && it.from == *from);
        let (to, reason) = match (mapped.map(|mapped| &mapped.to), default) {
            (Some(Some(to)), _) if has(to) => {
                (to.clone(), "the target has the stream under this name".to_owned())
            }
            (Some(Some(to)), _) => {
                self.missing(
                    module,
                    &format!("the target file maps it to `{to}`, which its repositories do not have"),
                );
                return;
            }
            (Some(None), _) => {
                (String::new(), "the target does not have the module, as its file says".to_owned())
            }
            (None, _) if has(from) => (from.clone(), "the target has the same stream".to_owned()),
            (None, _) if module.packages == 0 => (
                String::new(),
                "nothing of it is installed, and the target does not have the stream".to_owned(),
            ),
            (None, Some(default)) => {
                let found = format!(
                    "the target does not have {name}:{from}; its default stream {} takes the place",
                    default.stream
                );
                let advice = format!(
                    "Read what changes between the streams of {name}, or move to {name}:{} first: `dnf module switch-to {name}:{}`.",
                    default.stream, default.stream
                );
                self.checks.push(Check::risk("module-stream-changes", found.clone(), advice));
                (default.stream.clone(), found)
            }
            (None, None) => {
                self.missing(
                    module,
                    "the target's repositories do not have it, and no default stream of the module",
                );
                return;
            }
        };
        if !to.is_empty() {
            self.active.insert(name.clone(), to.clone());
        }
        self.steps.push(ModuleStep { name: name.clone(), from: from.clone(), to, reason });
    }

    fn missing(&mut self, module: &ModuleFact, why: &str) {
        let ModuleFact { name, stream, packages, .. } = module;
        self.checks.push(Check::blocker(
            "module-stream-missing",
            format!("{packages} packages of {name}:{stream} are installed: {why}"),
            format!("Remove them or switch to a stream that the target has (`dnf module switch-to {name}:STREAM`), then assess again."),
        ));
    }

    /// The packages that can be seen: those of streams in use, and ordinary ones of other names.
    pub(super) fn visible<'a>(&self, offer: &'a Offer) -> Vec<&'a Offered> {
        let mut stream_of: HashMap<&str, Vec<(&str, &str)>> = HashMap::new();
        for stream in &offer.streams {
            for package in &stream.packages {
                stream_of.entry(package).or_default().push((&stream.name, &stream.stream));
            }
        }
        let is_active = |(name, stream): &(&str, &str)| self.active.get(*name).is_some_and(|it| it == stream);
        let mut names: HashSet<&str> = HashSet::new();
        // By number: 1 of a stream in use, 0 of another, none of no module.
        let modular: Vec<Option<bool>> = offer
            .packages
            .iter()
            .map(|offered| {
                let of = stream_of.get(offered.package.nevra.to_string().as_str());
                let active = of.map(|of| of.iter().any(is_active));
                if active == Some(true) {
                    names.insert(offered.package.nevra.name());
                }
                active
            })
            .collect();
        let seen = |(offered, modular): (&'a Offered, Option<bool>)| {
            modular.unwrap_or(!names.contains(offered.package.nevra.name())).then_some(offered)
        };
        offer.packages.iter().zip(modular).filter_map(seen).collect()
    }
}
