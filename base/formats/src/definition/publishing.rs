//! Keys about what is published where, and what an update may change.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

/// Where and how composed trees are found by clients.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Publish {
    /// The URL under which the published directory is served; it goes into the repository files of
    /// `<id>-repos`. A channel is found below it: `URL/9/BaseOS/x86_64/os/`.
    pub url: String,
    /// Channels that every compose is published to. Absent: the major version, such as `9`.
    #[serde(default)]
    pub channels: Option<Vec<String>>,
    /// Channels that a snapshot may enter without being held against the one that is there.
    #[serde(default = "testing")]
    pub ungated: Vec<String>,
    /// Hours for which a channel keeps what its earlier snapshots had, for clients that have read their metadata.
    #[serde(default = "two_days")]
    pub in_flight_hours: u64,
    /// Which snapshots are kept.
    #[serde(default)]
    pub vault: Vault,
    /// A bucket that `heirloom publish --to s3` uploads channels to.
    #[serde(default)]
    pub s3: Option<S3>,
}

/// A bucket of an S3-compatible store. The credentials are taken from the environment (`AWS_ACCESS_KEY_ID`,
/// `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`), or from a file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct S3 {
    /// URL of the store's interface: `https://s3.eu-central-1.amazonaws.com`.
    pub endpoint: String,
    /// Region that requests are signed for.
    #[serde(default = "region")]
    pub region: String,
    /// Name of the bucket.
    pub bucket: String,
    /// Where in the bucket the document root begins. Absent: at its top.
    #[serde(default)]
    pub prefix: String,
    /// Whether the bucket is a part of the path (`ENDPOINT/BUCKET/..`) rather than of the host name.
    #[serde(default)]
    pub path_style: bool,
    /// The URL under which clients find what is below the prefix. Absent: `publish.url`.
    #[serde(default)]
    pub url: Option<String>,
    /// A file with `aws_access_key_id = ..` and `aws_secret_access_key = ..`, readable by its owner alone. Absent: the
    /// environment.
    #[serde(default)]
    pub credentials: Option<PathBuf>,
}

/// Which snapshots are kept. One that a channel points at always is.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vault {
    /// Days for which every snapshot is kept. Absent: for ever.
    #[serde(default)]
    pub keep_days: Option<u64>,
    /// Whether the newest snapshot of each month is kept for ever.
    #[serde(default)]
    pub keep_monthly: bool,
}

/// How a snapshot is held against what users of a channel have.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StabilitySettings {
    /// Compatibility levels of packages, by name in which `*` stands for anything: 1 and 2 never break within a major
    /// version, 3 not within the life of its stream, 4 may. The longest name that fits counts; what none fits is of
    /// level 2.
    #[serde(default)]
    pub levels: BTreeMap<String, u8>,
}

fn testing() -> Vec<String> {
    vec!["testing".to_owned()]
}

fn region() -> String {
    "us-east-1".to_owned()
}

/// What dnf takes cached metadata for good, unless its configuration says otherwise.
fn two_days() -> u64 {
    48
}
