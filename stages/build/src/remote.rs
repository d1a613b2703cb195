//! An action as messages of the Remote Execution API, version 2: what a build farm is asked to run.
//!
//! ```text
//! Action            timeout, platform, the digests of the other two
//! ├ Command         heirloom build-action action.json --objects objects --out out
//! └ Directory       the input root
//!   ├ action.json   the action's document, byte for byte the object that the ledger names
//!   └ objects/      its sources and packages, each named by its SHA-256
//! ```
//!
//! The worker composes the buildroot itself, as any machine does, so that all that it needs is `heirloom`.
//! The output directory `out` has the packages, the log and `result.json`. Digests are of the messages'
//! wire form, as the API asks; JSON is their canonical form for people.

use std::collections::BTreeMap;

use heirloom_model::Digest;
use heirloom_model::record::Action;
use serde_json::{Value, json};

use crate::BUILDER;

/// Seconds beyond an action's own limit for buildroot, sources and results.
const MARGIN: u64 = 1800;

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// `Action`, `Command` or `Directory`.
    pub kind: &'static str,
    /// SHA-256 of its wire form.
    pub digest: Digest,
    /// The wire form.
    pub bytes: Vec<u8>,
    /// The same as JSON.
    pub json: Value,
}

/// The messages of an action, the `Action` first, those that it refers to after it.
///
/// `size` gives the size in bytes of an object that the action names.
///
/// # Errors
/// What `size` returns for an object that it does not know; or JSON can't be written, which these types rule
/// out.
pub fn remote_execution<E: From<serde_json::Error>>(
    action: &Action,
    size: impl Fn(Digest) -> Result<u64, E>,
) -> Result<Vec<Message>, E> {
    let document = serde_json::to_vec(action)?;
    let named = action.sources.iter().map(|(_, digest)| *digest);
    let named = named.chain(action.buildroot().map(|package| package.digest));
    let files = named.map(|digest| Ok((digest.to_string(), (digest, size(digest)?))));
    let objects = directory(&files.collect::<Result<_, E>>()?, &BTreeMap::new());
    let document = (Digest::of(&document), document.len() as u64);
    let root = directory(
        &BTreeMap::from([("action.json".to_owned(), document)]),
        &BTreeMap::from([("objects".to_owned(), objects.reference())]),
    );
    let builder = BUILDER.to_string();
    let properties =
        [("ISA", action.arch.as_str()), ("OSFamily", "linux"), ("heirloom-builder", builder.as_str())];
    let command = command(&properties);
    let main = main(&command, &root, &properties, action.limits.seconds.saturating_add(MARGIN));
    Ok(vec![main, command, root, objects])
}

fn message(kind: &'static str, wire: Wire, json: Value) -> Message {
    Message { kind, digest: Digest::of(&wire.0), bytes: wire.0, json }
}

impl Message {
    fn reference(&self) -> (Digest, u64) {
        (self.digest, self.bytes.len() as u64)
    }
}

/// Names with values, sorted by name.
type Named<'a> = [(&'a str, &'a str)];

fn main(command: &Message, root: &Message, platform: &Named<'_>, seconds: u64) -> Message {
    let mut wire = Wire::default();
    wire.message(1, &digest_wire(command.reference()));
    wire.message(2, &digest_wire(root.reference()));
    wire.message(6, Wire::default().number(1, seconds));
    wire.message(10, &named_wire(platform));
    let json = json!({
        "commandDigest": digest_json(command.reference()),
        "inputRootDigest": digest_json(root.reference()),
        "timeout": format!("{seconds}s"),
        "platform": { "properties": named_json(platform) },
    });
    message("Action", wire, json)
}

/// The platform is in it too: servers before version 2.2 of the API look there.
fn command(platform: &Named<'_>) -> Message {
    let arguments = ["heirloom", "build-action", "action.json", "--objects", "objects", "--out", "out"];
    let environment = [("LANG", "C.UTF-8"), ("PATH", "/usr/bin:/usr/sbin:/bin:/sbin")];
    let mut wire = Wire::default();
    for argument in arguments {
        wire = wire.text(1, argument);
    }
    for (name, value) in environment {
        wire.message(2, &Wire::default().text(1, name).text(2, value));
    }
    wire.message(5, &named_wire(platform));
    let json = json!({
        "arguments": arguments,
        "environmentVariables": named_json(&environment),
        "platform": { "properties": named_json(platform) },
        "outputPaths": ["out"],
    });
    message("Command", wire.text(7, "out"), json)
}

/// A message whose only field is this list.
fn named_wire(list: &Named<'_>) -> Wire {
    let mut wire = Wire::default();
    for (name, value) in list {
        wire.message(1, &Wire::default().text(1, name).text(2, value));
    }
    wire
}

type Entries = BTreeMap<String, (Digest, u64)>;

fn directory(files: &Entries, directories: &Entries) -> Message {
    let mut wire = Wire::default();
    let mut lists = [Vec::new(), Vec::new()];
    for (field, entries) in [(1, files), (2, directories)] {
        for (name, reference) in entries {
            let mut node = Wire::default().text(1, name);
            node.message(2, &digest_wire(*reference));
            wire.message(field, &node);
            lists[field as usize - 1].push(json!({ "name": name, "digest": digest_json(*reference) }));
        }
    }
    let mut json = serde_json::Map::new();
    for (name, list) in ["files", "directories"].into_iter().zip(lists) {
        // What is empty is left out in the canonical form.
        if !list.is_empty() {
            json.insert(name.to_owned(), Value::Array(list));
        }
    }
    message("Directory", wire, Value::Object(json))
}

fn digest_wire((digest, size): (Digest, u64)) -> Wire {
    let mut wire = Wire::default().text(1, &digest.to_string());
    wire.number(2, size);
    wire
}

fn digest_json((digest, size): (Digest, u64)) -> Value {
    // 64-bit numbers are strings in the canonical form.
    json!({ "hash": digest.to_string(), "sizeBytes": size.to_string() })
}

fn named_json(list: &Named<'_>) -> Vec<Value> {
    list.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

/// The wire form of a message: fields in the order of their numbers, absent where they are empty.
#[derive(Default)]
struct Wire(Vec<u8>);

impl Wire {
    fn text(mut self, field: u8, text: &str) -> Self {
        self.bytes(field, text.as_bytes());
        self
    }

    fn message(&mut self, field: u8, message: &Self) {
        self.bytes(field, &message.0);
    }

    fn bytes(&mut self, field: u8, bytes: &[u8]) {
        self.0.push(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn number(&mut self, field: u8, number: u64) -> &Self {
        if number != 0 {
            self.0.push(field << 3);
            self.varint(number);
        }
        self
    }

    /// Seven bits a byte, the lowest first; the highest bit says that more follow.
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }
}

#[cfg(test)]
mod tests {
    use heirloom_model::record::{BuildrootPackage, Limits};

    use super::*;

    #[test]
    fn wire_form_is_that_of_protocol_buffers() {
        let mut wire = Wire::default().text(1, "hi");
        wire.number(2, 300);
        wire.number(3, 0);
        assert_eq!(wire.0, [0x0a, 2, b'h', b'i', 0x10, 0xac, 0x02]);
        let mut outer = Wire::default();
        outer.message(10, &wire);
        assert_eq!(outer.0[..2], [0x52, 7]);
    }

    #[test]
    fn messages_name_each_other_and_all_objects() {
        let (source, package) = (Digest::of(b"source"), Digest::of(b"package"));
        let action = Action {
            builder: BUILDER,
            name: "a".to_owned(),
            spec: "a.spec".to_owned(),
            sources: vec![("a.spec".to_owned(), source)],
            base: vec![BuildrootPackage { nevra: "b-1-1.noarch".parse().unwrap(), digest: package }],
            extra: Vec::new(),
            requires: Vec::new(),
            macros: Vec::new(),
            with: Vec::new(),
            arch: "x86_64".to_owned(),
            limits: Limits { seconds: 60, memory: 1, disk: 1, processes: 1 },
        };
        let messages = remote_execution(&action, |_| Ok::<_, serde_json::Error>(7)).unwrap();
        let kinds: Vec<_> = messages.iter().map(|message| message.kind).collect();
        assert_eq!(kinds, ["Action", "Command", "Directory", "Directory"]);
        let [main, command, root, objects] = &messages[..] else { panic!() };
        assert_eq!(main.json["commandDigest"]["hash"], command.digest.to_string());
        assert_eq!(main.json["inputRootDigest"]["hash"], root.digest.to_string());
        assert_eq!(main.json["timeout"], "1860s");
        assert_eq!(root.json["directories"][0]["digest"]["hash"], objects.digest.to_string());
        let document = serde_json::to_vec(&action).unwrap();
        assert_eq!(root.json["files"][0]["digest"]["hash"], Digest::of(&document).to_string());
        let mut expected = [source.to_string(), package.to_string()];
        expected.sort();
        let files = objects.json["files"].as_array().unwrap();
        let found: Vec<_> = files.iter().map(|file| file["name"].as_str().unwrap()).collect();
        assert_eq!(found, expected);
        assert_eq!(files[0]["digest"]["sizeBytes"], "7");
        for message in &messages {
            assert_eq!(message.digest, Digest::of(&message.bytes));
        }
    }
}
