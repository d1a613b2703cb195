//! What a provider of CSAF documents has beside them (CSAF 2.0, section 7), as a *trusted provider*: where they are, which
//! there are, when each was changed, and the key that signs them.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use sha2::Digest as _;

use crate::advisory::error::json;
use crate::advisory::{AdvisoryError, Issuer, time};

/// The directory of the documents: all of them are for everybody (TLP:WHITE).
pub const DIRECTORY: &str = "csaf/white";
/// The list of all documents, below [`DIRECTORY`] (7.1.12).
pub const INDEX: &str = "csaf/white/index.txt";
/// When each was changed, below [`DIRECTORY`] (7.1.13).
pub const CHANGES: &str = "csaf/white/changes.csv";
/// The ROLIE feed (7.1.15).
pub const FEED: &str = "csaf/white/csaf-feed-tlp-white.json";
/// The ROLIE service document (7.1.16).
pub const SERVICE: &str = "csaf/service.json";
/// Where a reader looks for the provider's metadata (7.1.9).
pub const METADATA: &str = ".well-known/csaf/provider-metadata.json";
/// Where people look for whom to tell of a vulnerability (RFC 9116), and readers of CSAF for the metadata (7.1.8).
pub const SECURITY: &str = ".well-known/security.txt";

/// A document as the lists name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Where it is, from [`DIRECTORY`]: `2026/kesa-2026_0001.json`.
    pub name: String,
    /// The id that it is tracked by.
    pub id: String,
    /// Its title.
    pub title: String,
    /// When it came out first.
    pub issued: Timestamp,
    /// When it was changed last.
    pub updated: Timestamp,
}

#[derive(Deserialize)]
struct Text {
    document: Meta,
}

#[derive(Deserialize)]
struct Meta {
    title: String,
    tracking: Tracking,
}

#[derive(Deserialize)]
struct Tracking {
    id: String,
    initial_release_date: String,
    current_release_date: String,
}

impl Listed {
    /// What the lists say of a document: what it says of itself.
    ///
    /// # Errors
    /// It is no CSAF document, or is not below [`DIRECTORY`].
    pub fn of(path: &str, document: &[u8]) -> Result<Self, AdvisoryError> {
        let Text { document: Meta { title, tracking } } = json(path, document)?;
        let date = |field: &str, text: &str| {
            let field = format!("document.tracking.{field}");
            time(text).ok_or_else(|| AdvisoryError::new(path, &field, "is no date"))
        };
        let name = path.strip_prefix(DIRECTORY).and_then(|rest| rest.strip_prefix('/'));
        let name = name.ok_or_else(|| AdvisoryError::new(path, "", format!("is not below {DIRECTORY}")))?;
        Ok(Self {
            name: name.to_owned(),
            title,
            issued: date("initial_release_date", &tracking.initial_release_date)?,
            updated: date("current_release_date", &tracking.current_release_date)?,
            id: tracking.id,
        })
    }
}

/// The files beside a document by which it is checked: the ending of each file's name, and its text, as `sha256sum` and
/// `sha512sum` have it (7.1.18). `name` is the document's without directories.
#[must_use]
pub fn sums(name: &str, document: &[u8]) -> [(&'static str, String); 2] {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let line = |digest: &[u8]| format!("{}  {name}\n", hex(digest));
    [("sha256", line(&sha2::Sha256::digest(document))), ("sha512", line(&sha2::Sha512::digest(document)))]
}

/// Puts documents in the order of the lists: what was changed last comes first.
pub fn sort(documents: &mut [Listed]) {
    documents.sort_by(|a, b| b.updated.cmp(&a.updated).then_with(|| a.name.cmp(&b.name)));
}

/// index.txt: the names of all documents.
#[must_use]
pub fn index(documents: &[Listed]) -> String {
    let mut names: Vec<_> = documents.iter().map(|one| format!("{}\n", one.name)).collect();
    names.sort();
    names.concat()
}

/// changes.csv: names and times of documents that are in the order of [`sort`].
#[must_use]
pub fn changes(documents: &[Listed]) -> String {
    documents.iter().map(|one| format!("\"{}\",\"{}\"\n", one.name, one.updated)).collect()
}

/// The ROLIE feed of documents that are in the order of [`sort`].
///
/// # Errors
/// None that documents can lead to; serialising is fallible by type.
pub fn feed(documents: &[Listed], issuer: Issuer<'_>) -> Result<String, serde_json::Error> {
    let home = issuer.home;
    let entry = |one: &Listed| {
        let url = format!("{home}/{DIRECTORY}/{}", one.name);
        json!({
            "id": one.id,
            "title": one.title,
            "link": [
                {"rel": "self", "href": url},
                {"rel": "hash", "href": format!("{url}.sha256")},
                {"rel": "hash", "href": format!("{url}.sha512")},
                {"rel": "signature", "href": format!("{url}.asc")},
            ],
            "published": one.issued.to_string(),
            "updated": one.updated.to_string(),
            "content": {"type": "application/json", "src": url},
            "format": {
                "schema": "https://docs.oasis-open.org/csaf/csaf/v2.0/csaf_json_schema.json",
                "version": "2.0",
            },
        })
    };
    let feed = json!({"feed": {
        "id": "csaf-feed-tlp-white",
        "title": feed_title(issuer),
        "link": [
            {"rel": "self", "href": format!("{home}/{FEED}")},
            {"rel": "service", "href": format!("{home}/{SERVICE}")},
        ],
        "category": [information_type()],
        "updated": newest(documents).to_string(),
        "entry": documents.iter().map(entry).collect::<Vec<_>>(),
    }});
    serde_json::to_string_pretty(&feed).map(|text| text + "\n")
}

fn feed_title(issuer: Issuer<'_>) -> String {
    format!("Advisories and VEX of {} (TLP:WHITE)", issuer.name)
}

fn information_type() -> serde_json::Value {
    json!({"scheme": "urn:ietf:params:rolie:category:information-type", "term": "csaf"})
}

/// When the last of documents that are in the order of [`sort`] was changed; 1970 if there is none.
fn newest(documents: &[Listed]) -> Timestamp {
    documents.first().map_or(Timestamp::UNIX_EPOCH, |one| one.updated)
}

/// The ROLIE service document: which feeds there are.
///
/// # Errors
/// None that an issuer can lead to; serialising is fallible by type.
pub fn service(issuer: Issuer<'_>) -> Result<String, serde_json::Error> {
    let service = json!({"service": {"workspace": [{
        "title": format!("CSAF of {}", issuer.name),
        "collection": [{
            "title": feed_title(issuer),
            "href": format!("{}/{FEED}", issuer.home),
            "categories": {"category": [information_type()]},
        }],
    }]}});
    serde_json::to_string_pretty(&service).map(|text| text + "\n")
}

/// Where the public key is that signs the documents.
#[must_use]
pub fn key_path(fingerprint: &str) -> String {
    format!("csaf/openpgp/{fingerprint}.asc")
}

/// provider-metadata.json, for documents that are in the order of [`sort`] and are signed by the key of this
/// fingerprint.
///
/// # Errors
/// None that an issuer can lead to; serialising is fallible by type.
pub fn metadata(
    documents: &[Listed],
    fingerprint: &str,
    issuer: Issuer<'_>,
) -> Result<String, serde_json::Error> {
    let home = issuer.home;
    let metadata = json!({
        "canonical_url": format!("{home}/{METADATA}"),
        "distributions": [
            {"directory_url": format!("{home}/{DIRECTORY}")},
            {"rolie": {
                "feeds": [{
                    "summary": feed_title(issuer),
                    "tlp_label": "WHITE",
                    "url": format!("{home}/{FEED}"),
                }],
                "services": [format!("{home}/{SERVICE}")],
            }},
        ],
        "last_updated": newest(documents).to_string(),
        "list_on_CSAF_aggregators": true,
        "metadata_version": "2.0",
        "mirror_on_CSAF_aggregators": true,
        "public_openpgp_keys": [
            {"fingerprint": fingerprint, "url": format!("{home}/{}", key_path(fingerprint))},
        ],
        "publisher": {
            "category": "vendor",
            "contact_details": issuer.contact,
            "name": issuer.name,
            "namespace": home,
        },
        "role": "csaf_trusted_provider",
    });
    serde_json::to_string_pretty(&metadata).map(|text| text + "\n")
}

/// security.txt (RFC 9116), which is not to be believed after a time.
#[must_use]
pub fn security_txt(issuer: Issuer<'_>, expires: Timestamp) -> String {
    let Issuer { home, contact, .. } = issuer;
    format!(
        "Contact: mailto:{contact}\nExpires: {expires}\nPreferred-Languages: en\nCanonical: \
         {home}/{SECURITY}\nCSAF: {home}/{METADATA}\n"
    )
}
