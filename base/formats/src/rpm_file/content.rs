//! What a package is, apart from who signed it, when and where it was built.

use heirloom_model::Digest;
use heirloom_model::digest::Hasher;

use super::{Header, tag};

/// Tags that say when, where and from which source file a package was made, and how its payload is packed;
/// rpm's own region tag, which is about the header's layout.
const ASIDE: [u32; 7] = [
    tag::HEADER_IMMUTABLE,
    tag::BUILD_TIME,
    tag::BUILD_HOST,
    tag::COOKIE,
    tag::SOURCE_PKGID,
    tag::PAYLOAD_SHA256,
    tag::PAYLOAD_SHA256_ALT,
];

impl Header {
    /// Digest of all that installing the package could show: every tag of the header, the files' digests among
    /// them, without signatures, build time, build host, the cookie made of both, the digest of the source
    /// package and those of the payload as it is compressed. Equal for two builds of the same thing.
    #[must_use]
    pub fn content(&self) -> Digest {
        let mut tags: Vec<u32> = self.tags().filter(|number| !ASIDE.contains(number)).collect();
        tags.sort_unstable();
        tags.dedup();
        let mut hasher = Hasher::default();
        hasher.update(b"package content 1\n");
        for number in tags {
            let bytes = self.raw(number).unwrap_or_default();
            hasher.update(&number.to_be_bytes());
            hasher.update(&(bytes.len() as u64).to_be_bytes());
            hasher.update(bytes);
        }
        hasher.finish()
    }
}
