//! The keys and roots of TUF metadata: how they are made, and what channels are signed with.

mod keys;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use heirloom_formats::definition::{Definition, TufSettings};
use heirloom_formats::tuf::{
    KeyId, Metadata, PublicKey, Received, Role, RoleKeys, Root, Signature, TufError, Unsigned,
};
use heirloom_release::{Lives, Tuf, Unwilling};
use heirloom_sign::RawKey;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::context::present;
use crate::fail::{Exit, Fail, chain};
use keys::KeyDir;

/// A root that was made.
#[derive(Serialize)]
pub(crate) struct MadeRoot {
    /// Its version.
    pub(crate) version: u64,
    /// Where it is.
    pub(crate) file: PathBuf,
    /// Until when it may be believed.
    pub(crate) expires: Timestamp,
    /// Ids of each role's keys.
    pub(crate) keys: BTreeMap<Role, BTreeSet<KeyId>>,
    /// Root keys that must sign the next one.
    pub(crate) threshold: u32,
}

fn settings(definition: &Definition) -> Result<&TufSettings, Fail> {
    definition.tuf.as_ref().ok_or_else(|| {
        Fail::new(Exit::Definition, "the definition has no [tuf]")
            .hint("add `[tuf]` with `keys = \"tuf-keys\"`; docs/tuf.md has an example")
    })
}

fn key_dir(definition: &Definition, settings: &TufSettings) -> KeyDir {
    KeyDir::at(definition.resolve(&settings.keys))
}

/// What channels are signed with, if they are. Secret keys are not read before they are needed.
pub(crate) fn signing(definition: &Definition) -> Result<Option<Tuf<'static>>, Fail> {
    let Some(settings) = &definition.tuf else { return Ok(None) };
    let dir = key_dir(definition, settings);
    let roots = dir.roots()?;
    let Some(newest) = roots.last() else {
        return Err(Fail::new(Exit::Definition, format!("there is no root in {}", dir.path().display()))
            .hint("`heirloom tuf init` makes keys and root; or leave [tuf] out of the definition"));
    };
    let newest: Received<Root> = parse(roots.len(), newest)?;
    let newest = newest.metadata;
    let signer = settings.signer.as_ref().map(|socket| definition.resolve(socket));
    let sign = move |role: Role, bytes: &[u8]| {
        if let Some(socket) = &signer {
            return ask(socket, &newest, role, bytes);
        }
        let named = newest.body.roles.get(&role).map(|role| &role.keys);
        let is_named = |id: &KeyId| named.is_some_and(|named| named.contains(id));
        let keys = dir.keys(role)?.into_iter().filter(|(_, id, _)| is_named(id));
        let signed: Vec<_> = keys.map(|(_, id, key)| (id, key.sign(bytes))).collect();
        match signed.is_empty() {
            true => Err(format!(
                "no `{role}*.key` in {} is a key that root {} names for it",
                dir.path().display(),
                newest.version
            )
            .into()),
            false => Ok(signed),
        }
    };
    Ok(Some(Tuf { roots, lives: lives(settings), sign: Box::new(sign) }))
}

/// The signatures of all keys that a root names for a role, by the signer that holds them.
fn ask(socket: &Path, root: &Metadata<Root>, role: Role, bytes: &[u8]) -> Result<Vec<Signature>, Unwilling> {
    let named = root.body.roles.get(&role).map(|role| &role.keys);
    let keys = named.into_iter().flatten().filter_map(|id| Some((*id, *root.body.keys.get(id)?)));
    let mut signatures = Vec::new();
    for (id, key) in keys {
        let signature = heirloom_sign::sign_remotely(socket, key.to_bytes(), bytes)?;
        if !key.has_signed(bytes, &signature) {
            return Err(format!("the signer's signature by {} does not hold", id.short()).into());
        }
        signatures.push((id, signature));
    }
    Ok(signatures)
}

fn lives(settings: &TufSettings) -> Lives {
    let hours = |hours: u32| u64::from(hours) * 3600;
    Lives {
        timestamp: hours(*settings.timestamp_hours.get_ref()),
        snapshot: hours(settings.snapshot_days.get_ref() * 24),
        targets: hours(settings.targets_days.get_ref() * 24),
    }
}

/// The same, of a definition that must have it.
pub(crate) fn needed(definition: &Definition) -> Result<Tuf<'static>, Fail> {
    settings(definition)?;
    signing(definition)?.ok_or_else(|| Fail::new(Exit::Definition, "the definition has no [tuf]"))
}

fn parse(version: usize, bytes: &[u8]) -> Result<Received<Root>, Fail> {
    let file = Role::Root.file(version as u64);
    Received::parse(&file, bytes).map_err(|error| failed(&error))
}

fn failed(error: &TufError) -> Fail {
    Fail::new(Exit::Failed, chain(error))
}

/// Makes the keys that are not there, and the first root.
pub(crate) fn init(definition: &Definition) -> Result<MadeRoot, Fail> {
    let settings = settings(definition)?;
    let dir = key_dir(definition, settings);
    dir.make()?;
    if !dir.roots()?.is_empty() {
        return Err(Fail::new(Exit::Failed, format!("{} has a root already", dir.path().display())).hint(
            "`heirloom tuf rotate` makes the next one; another first root would not be trusted by any client",
        ));
    }
    let threshold = *settings.root_threshold.get_ref();
    let mut body = Root { keys: BTreeMap::new(), roles: BTreeMap::new() };
    for role in Role::ALL {
        let needed = if role == Role::Root { threshold as usize } else { 1 };
        let mut keys = dir.keys(role)?;
        for number in 1.. {
            if keys.len() >= needed {
                break;
            }
            let name = if number == 1 { format!("{role}.key") } else { format!("{role}-{number}.key") };
            if !keys.iter().any(|(known, ..)| *known == name) {
                keys.push(dir.generate(&name)?);
            }
        }
        let threshold = u32::try_from(needed).unwrap_or(u32::MAX);
        assign(&mut body, role, keys.iter().map(|(_, _, key)| key), threshold)?;
    }
    let root = next(settings, 1, body);
    write(&dir, &root, None)
}

/// Gives a role new keys: those of these files, or random ones.
pub(crate) fn rotate(definition: &Definition, role: Role, files: &[PathBuf]) -> Result<MadeRoot, Fail> {
    let settings = settings(definition)?;
    let dir = key_dir(definition, settings);
    let roots = dir.roots()?;
    let newest = roots.last().ok_or_else(|| {
        Fail::new(Exit::Failed, format!("there is no root in {}", dir.path().display()))
            .hint("`heirloom tuf init` makes keys and the first root")
    })?;
    let old = parse(roots.len(), newest)?.metadata;
    let version = old.version.saturating_add(1);
    let threshold = if role == Role::Root { *settings.root_threshold.get_ref() } else { 1 };
    let present = old.body.roles.get(&role).map_or(0, |keys| keys.keys.len());
    let keys = match files {
        [] => {
            let count = if role == Role::Root { present.max(threshold as usize) } else { 1 };
            let name = |number: usize| match number {
                1 => format!("{role}-{version}.key"),
                _ => format!("{role}-{version}-{number}.key"),
            };
            (1..=count).map(|number| dir.generate(&name(number))).collect::<Result<Vec<_>, _>>()?
        }
        files => dir.take(role, version, files)?,
    };
    let mut body = old.body.clone();
    assign(&mut body, role, keys.iter().map(|(_, _, key)| key), threshold)?;
    let root = next(settings, version, body);
    write(&dir, &root, Some(&old))
}

/// Lets these keys alone speak for a role.
fn assign<'a>(
    root: &mut Root,
    role: Role,
    keys: impl Iterator<Item = &'a RawKey>,
    threshold: u32,
) -> Result<(), Fail> {
    let public = keys.map(|key| PublicKey::from_bytes(key.public()));
    let public: Option<BTreeMap<KeyId, PublicKey>> = public.map(|key| Some((key?.id(), key?))).collect();
    let public =
        public.ok_or_else(|| Fail::new(Exit::Failed, format!("a key of the role {role} is a weak one")))?;
    if public.len() < threshold as usize {
        let message = format!("{threshold} keys must sign for the role {role}, but it has {}", public.len());
        return Err(Fail::new(Exit::Definition, message)
            .hint("give as many with --key, or lower `tuf.root_threshold` in the definition"));
    }
    root.roles.insert(role, RoleKeys { keys: public.keys().copied().collect(), threshold });
    root.keys.extend(public);
    let used: BTreeSet<_> = root.roles.values().flat_map(|role| role.keys.iter().copied()).collect();
    root.keys.retain(|id, _| used.contains(id));
    Ok(())
}

fn next(settings: &TufSettings, version: u64, body: Root) -> Metadata<Root> {
    let now = present();
    let life = SignedDuration::from_hours(24 * i64::from(*settings.root_days.get_ref()));
    let expires = now.checked_add(life).unwrap_or(now);
    Metadata { version, expires, made: Some(now), channel: None, body }
}

/// Signs a root with all root keys that are at hand, of it and of the one before, and writes it.
fn write(dir: &KeyDir, root: &Metadata<Root>, old: Option<&Metadata<Root>>) -> Result<MadeRoot, Fail> {
    let unsigned = Unsigned::of(root).map_err(|error| failed(&error))?;
    let counting: BTreeSet<&KeyId> = [Some(root), old]
        .into_iter()
        .flatten()
        .filter_map(|root| root.body.roles.get(&Role::Root))
        .flat_map(|role| &role.keys)
        .collect();
    let keys = dir.keys(Role::Root)?.into_iter().filter(|(_, id, _)| counting.contains(id));
    let signatures: Vec<_> = keys.map(|(_, id, key)| (id, key.sign(&unsigned.bytes))).collect();
    let bytes = unsigned.attach(&signatures);
    let name = Role::Root.file(root.version);
    let received: Received<Root> = Received::parse(&name, &bytes).map_err(|error| failed(&error))?;
    for judge in [old, Some(root)].into_iter().flatten() {
        let found = received.signers(&judge.body).len();
        let needed = judge.body.roles.get(&Role::Root).map_or(u32::MAX, |role| role.threshold);
        if found < needed as usize {
            let message = format!(
                "{name} needs {needed} signatures by root keys of root {}, but only {found} of these keys are in {}",
                judge.version,
                dir.path().display()
            );
            return Err(Fail::new(Exit::Failed, message)
                .hint("bring the root keys there as `root-NAME.key` (mode 0600), and take them away again afterwards"));
        }
    }
    let file = dir.add_root(&name, &bytes)?;
    let keys = root.body.roles.iter().map(|(role, keys)| (*role, keys.keys.clone())).collect();
    let threshold = root.body.roles.get(&Role::Root).map_or(0, |role| role.threshold);
    Ok(MadeRoot { version: root.version, file, expires: received.metadata.expires, keys, threshold })
}
