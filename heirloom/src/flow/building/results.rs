//! What earlier builds came to: in this state, or in the cache that others share.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::Digest;
use heirloom_model::record::{Action, Alike, BuildrootPackage, Built, Content, Interface};
use heirloom_store::{Cache, Cleared, Found, State, StoreError};
use serde::{Deserialize, Serialize};

use super::super::contents::Contents;
use super::super::gather::Gathered;
use super::super::planning;
use super::super::reached;
use crate::context::Context;
use crate::fail::{Exit, Fail};
use crate::ui::Progress;

/// What the cache keeps of a build.
#[derive(Serialize, Deserialize)]
struct Kept {
    built: Built,
    contents: Vec<Content>,
}

impl Kept {
    fn objects(&self) -> Vec<Digest> {
        objects(&self.built).into_iter().chain([self.built.log, self.built.document]).collect()
    }
}

/// The packages of a build.
fn objects(built: &Built) -> Vec<Digest> {
    built.all_packages().map(|package| package.digest).collect()
}

/// Clears the shared cache down to its limit.
pub(crate) fn clear_cache(context: &Context) -> Result<Option<Cleared>, StoreError> {
    let settings = &context.definition.build;
    let Some(dir) = &settings.cache else { return Ok(None) };
    let limit = settings.cache_gib.saturating_mul(1 << 30);
    Cache::clear(&context.definition.resolve(dir), limit, Kept::objects).map(Some)
}

/// Finds and keeps results.
pub(crate) struct Results<'a> {
    context: &'a Context,
    gathered: &'a Gathered,
    cache: Option<Cache>,
    contents: Contents<'a>,
}

impl<'a> Results<'a> {
    pub(crate) fn open(context: &'a Context, gathered: &'a Gathered) -> Result<Self, Fail> {
        let dir = context.definition.build.cache.as_ref().map(|dir| context.definition.resolve(dir));
        let cache = dir.map(|dir| Cache::open(&dir)).transpose()?;
        Ok(Self { context, gathered, cache, contents: Contents::load(context)? })
    }

    /// The action's key, by the contents of its buildroot.
    pub(crate) fn key(&self, action: &Action) -> Result<Digest, Fail> {
        let unknown: Vec<_> = action
            .buildroot()
            .filter(|package| self.contents.known(package.digest).is_none())
            .cloned()
            .collect();
        planning::fetch(self.context, self.gathered, &unknown)?;
        let contents =
            action.buildroot().map(|package| Ok((package.digest, self.contents.of(package.digest)?)));
        let contents: BTreeMap<_, _> = contents.collect::<Result<_, Fail>>()?;
        Ok(action.key(|package| contents[&package])?)
    }

    /// The action's key by what its build can see of the packages. Their releases don't count.
    pub(crate) fn seen(&self, action: &Action) -> Result<Digest, Fail> {
        let mut text = "seen 1\n".to_owned();
        let faces = action.buildroot().map(|package| Ok((package, self.interface(package)?)));
        let faces: Vec<_> = faces.collect::<Result<_, Fail>>()?;
        let links: BTreeSet<&str> =
            faces.iter().flat_map(|(_, face)| face.links.iter().map(String::as_str)).collect();
        for (package, face) in &faces {
            let interface = face.among(&links);
            text.push_str(&format!("{}.{} {interface}\n", package.nevra.name(), package.nevra.arch()));
        }
        let rest = Action { base: Vec::new(), extra: Vec::new(), ..action.clone() };
        text.push_str(&serde_json::to_string(&rest)?);
        Ok(Digest::of(text.as_bytes()))
    }

    fn interface(&self, package: &BuildrootPackage) -> Result<Interface, Fail> {
        let store = &self.context.store;
        if let Some(known) = store.get::<Interface>(&package.digest.to_string())? {
            return Ok(known);
        }
        planning::fetch(self.context, self.gathered, std::slice::from_ref(package))?;
        let interface = heirloom_build::interface(&store.path(package.digest), package.digest)
            .map_err(|error| Fail::new(Exit::Failed, error))?;
        store.append(&interface)?;
        Ok(interface)
    }

    /// The action that was built last among those whose builds can see the same.
    pub(crate) fn alike(&self, seen: Digest) -> Result<Option<Digest>, Fail> {
        Ok(self.context.store.get::<Alike>(&seen.to_string())?.map(|alike| alike.action))
    }

    /// From now on this is the action to take for those that can see the same.
    pub(crate) fn is_alike(&self, seen: Digest, action: Digest) -> Result<(), Fail> {
        Ok(self.context.store.append(&Alike { seen, action })?)
    }

    /// The result of an action, if all of it is there and whole. What is damaged is told and thrown away.
    pub(crate) fn known(&self, action: Digest, progress: &Progress) -> Result<Option<Built>, Fail> {
        let store = &self.context.store;
        if let Some(built) = store.get::<Built>(&action.to_string())?
            && self.is_whole(&built, progress)?
        {
            return Ok(Some(built));
        }
        let Some(cache) = &self.cache else { return Ok(None) };
        match cache.take(action, store, Kept::objects)? {
            Found::Whole(Kept { built, contents }) if built.action == action => {
                contents.iter().try_for_each(|content| store.append(content))?;
                store.append(&built)?;
                reached::built(self.context, action)?;
                Ok(Some(built))
            }
            Found::Whole(_) | Found::Nothing => Ok(None),
            Found::Refused(why) => {
                progress.say(&format!("refused what the cache has: {why}; it is built again"));
                Ok(None)
            }
        }
    }

    fn is_whole(&self, built: &Built, progress: &Progress) -> Result<bool, Fail> {
        for package in built.all_packages() {
            match self.context.store.check(package.digest)? {
                State::Whole => {}
                State::Missing => return Ok(false),
                State::Damaged { path, .. } => {
                    let nevra = &package.nevra;
                    progress.say(&format!(
                        "{nevra} was damaged in the store ({}); it is thrown away and made again",
                        path.display()
                    ));
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Names and architectures of the packages in which two builds differ by content.
    pub(crate) fn differences(&self, one: &Built, other: &Built) -> Result<Vec<String>, Fail> {
        let contents = |built: &Built| {
            let of = |package: &heirloom_model::Package| {
                let name = format!("{}.{}", package.nevra.name(), package.nevra.arch());
                Ok((name, self.contents.of(package.digest)?))
            };
            built.packages.iter().map(of).collect::<Result<BTreeMap<_, _>, Fail>>()
        };
        let (one, other) = (contents(one)?, contents(other)?);
        let names: BTreeSet<_> = one.keys().chain(other.keys()).collect();
        Ok(names.into_iter().filter(|name| one.get(*name) != other.get(*name)).cloned().collect())
    }

    /// Records a new result, and offers it to others.
    pub(crate) fn keep(&self, built: &Built) -> Result<(), Fail> {
        let store = &self.context.store;
        store.append(built)?;
        reached::built(self.context, built.action)?;
        let Some(cache) = &self.cache else { return Ok(()) };
        let contents = built
            .packages
            .iter()
            .map(|package| {
                Ok(Content { package: package.digest, content: self.contents.of(package.digest)? })
            })
            .collect::<Result<_, Fail>>()?;
        let kept = Kept { built: built.clone(), contents };
        Ok(cache.keep(built.action, &kept, &kept.objects(), store)?)
    }
}
