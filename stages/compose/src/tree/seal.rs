//! The signatures of metadata: the last files of a tree, added once it may be released.

use heirloom_model::Digest;
use heirloom_model::record::{Composed, Tree, TreeFile};
use heirloom_sign::SecretKey;
use heirloom_store::Store;
use serde::{Deserialize, Serialize};

use crate::ComposeError;

/// Path of a repository's index below its root.
pub(super) const REPOMD: &str = "repodata/repomd.xml";
/// What the path of a signature ends in, after that.
const SIGNATURE: &str = ".asc";

/// A composed tree that the gate has let through: complete but for the signatures of its metadata.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsealed {
    /// The tree without them.
    pub composed: Composed,
    /// What is to be signed, sorted.
    pub metadata: Vec<MetadataToSign>,
}

/// A repomd.xml that is to be signed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MetadataToSign {
    /// Its path below the tree's root.
    pub path: String,
    /// The object with its bytes.
    pub digest: Digest,
    /// The time that the signature states, in seconds since 1970.
    pub time: u64,
}

impl Unsealed {
    /// Signs the metadata and records the compose.
    ///
    /// # Errors
    /// The key refuses, or the store fails. Nothing is recorded then.
    pub fn seal(self, store: &Store, key: &SecretKey) -> Result<Composed, ComposeError> {
        let mut tree: Tree =
            serde_json::from_slice(&store.read(self.composed.tree)?).map_err(ComposeError::Json)?;
        for MetadataToSign { path, digest, time } in &self.metadata {
            let signature =
                key.sign_detached(&store.read(*digest)?, *time).map_err(ComposeError::SignRepomd)?;
            tree.files.push(TreeFile {
                path: format!("{path}{SIGNATURE}"),
                digest: store.put(signature.as_bytes())?,
                size: signature.len() as u64,
            });
        }
        tree.files.sort();
        let tree = store.put(&serde_json::to_vec(&tree).map_err(ComposeError::Json)?)?;
        let composed = Composed { tree, ..self.composed };
        store.append(&composed)?;
        Ok(composed)
    }
}

/// The digest that the list of a tree's files had before its metadata was signed.
///
/// # Errors
/// It can't be written as JSON.
pub fn without_signatures(tree: &Tree) -> Result<Digest, serde_json::Error> {
    Ok(Digest::of(&serde_json::to_vec(&tree.clone().without_signatures())?))
}
