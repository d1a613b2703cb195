//! The form in which a fragment is kept.
//!
//! ```text
//! one zstd frame, with its size and a checksum of its content:
//!   4 bytes   the form's name and number
//!   8 bytes   build time; 4 bytes epoch; 4 bytes the place of the location in primary; little-endian
//!   32 bytes  SHA-256 of the package
//!   7 texts   name, version, release, architecture, primary, filelists, other: 4 bytes of length, then UTF-8
//! ```

use heirloom_model::{Digest, Evr, Nevra};

use super::Fragment;

/// Changes with the form and with what fragments say.
const MAGIC: [u8; 4] = *b"Hfr1";
/// Bytes that a fragment may have; more than any header's limits lead to.
const LARGEST: usize = 1 << 30;
/// Texts of one package are small, and written once: higher levels gain little.
const LEVEL: i32 = 3;

/// Bytes that were to be a kept fragment are none, or another version's.
#[derive(Debug, thiserror::Error)]
#[error("the kept metadata of a package is damaged: {0}")]
pub struct FragmentDamage(&'static str);

impl Fragment {
    /// Its compact form, which [`Fragment::from_bytes`] reads. The same fragment gives the same bytes.
    ///
    /// # Errors
    /// The compressor fails.
    pub fn to_bytes(&self) -> std::io::Result<Vec<u8>> {
        let evr = self.nevra.evr();
        let mut plain =
            Vec::with_capacity(self.primary.len() + self.filelists.len() + self.other.len() + 256);
        plain.extend(MAGIC);
        plain.extend(self.build_time.to_le_bytes());
        plain.extend(evr.epoch().to_le_bytes());
        plain.extend(length(self.gap)?);
        plain.extend(self.digest.as_bytes());
        for text in [
            self.nevra.name(),
            evr.version(),
            evr.release(),
            self.nevra.arch(),
            &self.primary,
            &self.filelists,
            &self.other,
        ] {
            plain.extend(length(text.len())?);
            plain.extend(text.as_bytes());
        }
        let mut compressor = zstd::bulk::Compressor::new(LEVEL)?;
        compressor.include_checksum(true)?;
        compressor.compress(&plain)
    }

    /// Reads the compact form.
    ///
    /// # Errors
    /// The bytes are damaged, or of another version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FragmentDamage> {
        let size = zstd::zstd_safe::get_frame_content_size(bytes).ok().flatten();
        let size = size.and_then(|size| usize::try_from(size).ok()).filter(|size| *size <= LARGEST);
        let size = size.ok_or(FragmentDamage("it does not state a size"))?;
        let plain =
            zstd::bulk::decompress(bytes, size).map_err(|_| FragmentDamage("its checksum is wrong"))?;
        Cut(&plain).fragment()
    }
}

fn length(length: usize) -> std::io::Result<[u8; 4]> {
    u32::try_from(length).map(u32::to_le_bytes).map_err(std::io::Error::other)
}

/// What is left to read.
struct Cut<'a>(&'a [u8]);

impl<'a> Cut<'a> {
    fn fragment(mut self) -> Result<Fragment, FragmentDamage> {
        if self.array()? != MAGIC {
            return Err(FragmentDamage("it is of another version"));
        }
        let build_time = u64::from_le_bytes(self.array()?);
        let epoch = u32::from_le_bytes(self.array()?);
        let gap = u32::from_le_bytes(self.array()?) as usize;
        let digest = Digest::from(self.array::<32>()?);
        let identity = |_| FragmentDamage("its identity is none");
        let (name, version, release, arch) = (self.text()?, self.text()?, self.text()?, self.text()?);
        let evr = Evr::new(epoch, version, release).map_err(identity)?;
        let nevra = Nevra::new(name, evr, arch).map_err(identity)?;
        let [primary, filelists, other] = [self.text()?, self.text()?, self.text()?].map(ToOwned::to_owned);
        match self.0.is_empty() && primary.is_char_boundary(gap) {
            true => Ok(Fragment { nevra, digest, build_time, primary, gap, filelists, other }),
            false => Err(FragmentDamage("its lengths are wrong")),
        }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], FragmentDamage> {
        let (taken, left) = self.0.split_at_checked(length).ok_or(FragmentDamage("it is cut short"))?;
        self.0 = left;
        Ok(taken)
    }

    fn array<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], FragmentDamage> {
        self.take(LENGTH)?.try_into().map_err(|_| FragmentDamage("it is cut short"))
    }

    fn text(&mut self) -> Result<&'a str, FragmentDamage> {
        let length = u32::from_le_bytes(self.array()?) as usize;
        std::str::from_utf8(self.take(length)?).map_err(|_| FragmentDamage("it is not UTF-8"))
    }
}
