//! The records that are JSON.

use heirloom_model::{Evr, Nevra, RecordedBuildroot, RecordedFormat, RecordedPackage};
use serde_json::{Map, Value};

use super::{KEY, LockReference, Packages, Place, Recorded, RecordedProblem, Wrong, md5, shorten};

type Object = Map<String, Value>;

pub(super) fn parse(text: &str) -> Result<Recorded, Wrong> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| (Place::Line(error.line()), RecordedProblem::Json(error.to_string())))?;
    match &value {
        Value::Array(list) => {
            Ok(Recorded::Buildroots(vec![packages(list, "")?.buildroot(RecordedFormat::KojiRpms, None)?]))
        }
        Value::Object(object) if object.contains_key("buildroot") => {
            Ok(Recorded::Buildroots(vec![lock(object)?]))
        }
        Value::Object(object) if object.contains_key("buildroots") => generator(object),
        Value::Object(object)
            if !object.is_empty() && object.values().all(|value| value.get("lockfile").is_some()) =>
        {
            let locks = object.iter().map(|(arch, value)| reference(arch, value));
            Ok(Recorded::Locks(locks.collect::<Result<_, _>>()?))
        }
        other => Err((Place::Whole, RecordedProblem::Form(describe(other)))),
    }
}

/// mock's lock.
fn lock(object: &Object) -> Result<RecordedBuildroot, Wrong> {
    let version = text(object, "version", "")?;
    if version.split('.').next() != Some("1") {
        return Err((Place::Path("version".to_owned()), RecordedProblem::Version(shorten(version))));
    }
    let buildroot = self::object(object.get("buildroot"), "buildroot")?;
    let rpms = list(buildroot.get("rpms"), "buildroot.rpms")?;
    let arch = object.get("config").and_then(|config| config.get("target_arch")).and_then(Value::as_str);
    packages(rpms, "buildroot.rpms")?.buildroot(RecordedFormat::MockLock, arch.map(str::to_owned))
}

/// A content generator's metadata: a buildroot for each architecture, with RPMs and files of other kinds in it.
fn generator(metadata: &Object) -> Result<Recorded, Wrong> {
    let mut buildroots = Vec::new();
    for (index, value) in list(metadata.get("buildroots"), "buildroots")?.iter().enumerate() {
        let place = format!("buildroots[{index}]");
        let buildroot = object(Some(value), &place)?;
        let arch = ["container", "host"]
            .iter()
            .find_map(|key| buildroot.get(*key)?.get("arch")?.as_str())
            .map(str::to_owned);
        let place = format!("{place}.components");
        let packages = packages(list(buildroot.get("components"), &place)?, &place)?;
        // Konflux writes a buildroot without components where it did not find the lock.
        if !packages.list.is_empty() {
            buildroots.push(packages.buildroot(RecordedFormat::ContentGenerator, arch)?);
        }
    }
    if buildroots.is_empty() {
        return Err((Place::Path("buildroots".to_owned()), RecordedProblem::Empty));
    }
    Ok(Recorded::Buildroots(buildroots))
}

/// An entry of Konflux's buildroot_rpms.json.
fn reference(arch: &str, value: &Value) -> Result<LockReference, Wrong> {
    let entry = object(Some(value), arch)?;
    let lockfile = text(entry, "lockfile", arch)?.to_owned();
    let place = format!("{arch}.filelist");
    let files = match entry.get("filelist") {
        None => &[][..],
        some => list(some, &place)?,
    };
    let built = files.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    Ok(LockReference { arch: arch.to_owned(), lockfile, built })
}

fn packages(list: &[Value], place: &str) -> Result<Packages, Wrong> {
    let mut packages = Packages::default();
    for (index, value) in list.iter().enumerate() {
        let place = format!("{place}[{index}]");
        let entry = object(Some(value), &place)?;
        // In a content generator's list, and there alone, are files that are no RPMs.
        let other = entry.get("type").and_then(Value::as_str).is_some_and(|kind| kind != "rpm");
        if !other && entry.get("name").and_then(Value::as_str) != Some(KEY) {
            let package = package(entry, &place)?;
            packages.add(package).map_err(|problem| (Place::Path(place), problem))?;
        }
    }
    Ok(packages)
}

fn package(entry: &Object, place: &str) -> Result<RecordedPackage, Wrong> {
    let field = |name| text(entry, name, place);
    let (name, arch) = (field("name")?, field("arch")?);
    let nevra = Evr::new(epoch(entry, place)?, field("version")?, field("release")?)
        .and_then(|evr| Nevra::new(name, evr, arch))
        .map_err(|error| value(place, "a package", &error.to_string()))?;
    let optional = |key: &str| entry.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    Ok(RecordedPackage {
        nevra,
        epoch_stated: true,
        // Koji calls it by another name.
        sigmd5: optional("sigmd5").or(optional("payloadhash")).and_then(md5),
        digest: optional("sha256").and_then(|text| text.parse().ok()),
        signature: optional("signature").map(shorten),
        url: optional("url").map(str::to_owned),
    })
}

/// mock writes a text or null, Koji a number or null.
fn epoch(entry: &Object, place: &str) -> Result<u32, Wrong> {
    let wrong = |found: &Value| value(&format!("{place}.epoch"), "an epoch or null", &describe(found));
    match entry.get("epoch") {
        None | Some(Value::Null) => Ok(0),
        Some(Value::String(text)) if text == "(none)" => Ok(0),
        Some(found @ Value::String(text)) => text.parse().map_err(|_| wrong(found)),
        Some(found) => found.as_u64().and_then(|epoch| u32::try_from(epoch).ok()).ok_or_else(|| wrong(found)),
    }
}

fn text<'a>(object: &'a Object, key: &str, place: &str) -> Result<&'a str, Wrong> {
    let place = if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") };
    let found = object.get(key);
    found.and_then(Value::as_str).ok_or_else(|| value(&place, "a text", &found_text(found)))
}

fn object<'a>(found: Option<&'a Value>, place: &str) -> Result<&'a Object, Wrong> {
    found.and_then(Value::as_object).ok_or_else(|| value(place, "an object", &found_text(found)))
}

fn list<'a>(found: Option<&'a Value>, place: &str) -> Result<&'a [Value], Wrong> {
    let list = found.and_then(Value::as_array).map(Vec::as_slice);
    list.ok_or_else(|| value(place, "a list", &found_text(found)))
}

fn value(place: &str, expected: &'static str, found: &str) -> Wrong {
    (Place::Path(place.to_owned()), RecordedProblem::Value { expected, found: shorten(found) })
}

fn found_text(found: Option<&Value>) -> String {
    found.map_or("nothing".to_owned(), describe)
}

fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => shorten(&value.to_string()),
        Value::Array(list) => format!("a list of {}", list.len()),
        Value::Object(object) if object.is_empty() => "an empty object".to_owned(),
        Value::Object(object) => {
            let keys: Vec<_> = object.keys().take(5).map(|key| format!("`{}`", shorten(key))).collect();
            format!("an object with {}", keys.join(", "))
        }
    }
}
