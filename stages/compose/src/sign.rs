//! Accepted packages become signed ones.

use std::path::Path;

use heirloom_formats::rpm_file::Header;
use heirloom_model::record::{Accepted, Signed};
use heirloom_sign::SecretKey;
use heirloom_store::Store;
use tempfile::TempDir;

use crate::parallel::for_each;
use crate::{ComposeError, file, repodata};

/// Signs packages with one key. Whatever a killed process left half-signed is thrown away when one is made.
pub struct Signer<'a> {
    store: &'a Store,
    key: &'a SecretKey,
    dir: TempDir,
}

impl<'a> Signer<'a> {
    /// A signer for the packages of a store.
    ///
    /// # Errors
    /// The state directory can't be written.
    pub fn new(store: &'a Store, key: &'a SecretKey) -> Result<Self, ComposeError> {
        let parent = store.dir().join("signing");
        file::remove_dir(&parent)?;
        file::make_dir(&parent)?;
        let dir = TempDir::new_in(&parent).map_err(|source| ComposeError::io("write in", &parent, source))?;
        Ok(Self { store, key, dir })
    }

    /// Signs a package of the store, keeps the signed one and its repodata there, and records it. What was
    /// signed with this key before is not signed again.
    ///
    /// The signature's time is the package's build time, or the key's creation if that is later.
    ///
    /// # Errors
    /// The package is missing or damaged or is not what was accepted, or the store fails.
    pub fn sign(&self, accepted: &Accepted) -> Result<Signed, ComposeError> {
        if let Some(signed) = self.recorded(accepted)? {
            return Ok(signed);
        }
        let input = self.store.verify(accepted.digest())?;
        let header = Header::open(&input)?;
        if &header.nevra != accepted.nevra() {
            return Err(ComposeError::OtherMetadata {
                accepted: accepted.nevra().clone(),
                digest: accepted.digest(),
                metadata: header.nevra,
            });
        }
        let time = header.info.build_time;
        let output = self.dir.path().join(accepted.digest().to_string());
        let (from, to) = (file::open(&input)?, file::create(&output)?);
        let wrap = |source| ComposeError::Sign { nevra: accepted.nevra().clone(), source };
        self.key.sign_rpm_to(from, to, time).map_err(wrap)?;
        let signed = self.keep(accepted, &output)?;
        file::remove(&output)?;
        Ok(signed)
    }

    /// Signs many, `jobs` at a time; `tick` is called for each one that is done. In the order given.
    ///
    /// # Errors
    /// The first failure; what was signed until then stays signed.
    pub fn sign_all(
        &self,
        accepted: &[&Accepted],
        jobs: usize,
        tick: &(dyn Fn(&Signed) + Sync),
    ) -> Result<Vec<Signed>, ComposeError> {
        for_each(accepted, jobs, |accepted| {
            let signed = self.sign(accepted)?;
            tick(&signed);
            Ok(signed)
        })
    }

    fn recorded(&self, accepted: &Accepted) -> Result<Option<Signed>, ComposeError> {
        let key = format!("{}/{}", accepted.digest(), self.key.fingerprint());
        let found = self.store.get::<Signed>(&key)?;
        Ok(found.filter(|signed| self.store.contains(signed.signed)))
    }

    fn keep(&self, accepted: &Accepted, output: &Path) -> Result<Signed, ComposeError> {
        let (signed, size) = self.store.put_file(output)?;
        // The header's place in the file is another one now.
        repodata::describe(self.store, signed)?;
        let key = self.key.fingerprint().to_owned();
        let signed = Signed { package: accepted.digest(), signed, size, key };
        self.store.append(&signed)?;
        Ok(signed)
    }
}
