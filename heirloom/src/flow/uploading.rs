//! Uploads channels to the bucket of the definition.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use heirloom_model::record::Snapshot;
use heirloom_release::{Bucket, Keys, Uploaded};

use super::releasing;
use crate::context::{Context, now};
use crate::fail::{Exit, Fail};
use crate::ui::Progress;

/// Files that are sent at a time: the line is the limit, not the processors.
const AT_ONCE: usize = 8;
/// Bytes of a file with credentials.
const LARGEST: u64 = 64 * 1024;

/// Lets channels of the bucket serve a snapshot.
pub(crate) fn upload(
    context: &Context,
    channels: &[String],
    snapshot: &Snapshot,
) -> Result<Vec<Uploaded>, Fail> {
    let Some(rules) = &context.definition.publish.s3 else {
        return Err(Fail::new(Exit::Definition, "the definition names no bucket")
            .hint("add [publish.s3] with `endpoint` and `bucket`; docs/publishing.md has an example"));
    };
    let keys = match &rules.credentials {
        Some(file) => from_file(&context.definition.resolve(file))?,
        None => from_environment()?,
    };
    let bucket = Bucket::new(rules, keys).map_err(heirloom_release::ReleaseError::from)?;
    let site = releasing::site(context)?;
    let one = |channel: &String| {
        let progress = Progress::new("upload", 0);
        let tick = |key: &str| progress.doing(key);
        let uploaded = site.upload(&bucket, channel, snapshot, (now(), AT_ONCE), &tick)?;
        progress.end(&format!("{channel}: {} objects sent, {} were there", uploaded.sent, uploaded.there));
        Ok(uploaded)
    };
    channels.iter().map(one).collect()
}

fn from_environment() -> Result<Keys, Fail> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    match (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
        (Some(id), Some(secret)) => Ok(Keys { id, secret, token: variable("AWS_SESSION_TOKEN") }),
        _ => Err(Fail::new(Exit::Machine, "no credentials for the bucket").hint(
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a file in `publish.s3.credentials`",
        )),
    }
}

/// The form of other tools' credentials files; sections are not told apart.
fn from_file(file: &Path) -> Result<Keys, Fail> {
    let wrong = |what: String| {
        Fail::new(Exit::Definition, format!("{}: {what}", file.display())).hint(
            "it needs `aws_access_key_id = ..` and `aws_secret_access_key = ..`, one a line, and mode 0600",
        )
    };
    let found = file.metadata().map_err(|error| wrong(error.to_string()))?;
    if found.mode() & 0o077 != 0 {
        return Err(wrong(format!("others can read it: its mode is {:o}", found.mode() & 0o777)));
    }
    if found.len() > LARGEST {
        return Err(wrong(format!("{} bytes is more than {LARGEST}", found.len())));
    }
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let value = |name: &str| {
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        let mut values = pairs.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name));
        values.next().map(|(_, value)| value.trim().to_owned()).filter(|value| !value.is_empty())
    };
    let need = |name| value(name).ok_or_else(|| wrong(format!("`{name}` is missing")));
    Ok(Keys {
        id: need("aws_access_key_id")?,
        secret: need("aws_secret_access_key")?,
        token: value("aws_session_token"),
    })
}
